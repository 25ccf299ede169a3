//! A Responses request, read into a neutral one.

use super::choice::{self, Wanted};
use super::items;
use super::tools::Tools;
use crate::conversation::{Conversation, Effort, Format, Reasoning, Settings, Shape};
use crate::node::Node;
use crate::request::Request;
use crate::untranslatable::Untranslatable;
use crate::warning::Warnings;

/// How many levels of a member are taken apart. The deepest is the input: a list of items, one of which may hold tools.
const MEMBER_DEPTH: u8 = 7;

/// Reads the request.
pub(crate) fn decode<'a>(request: &'a Request, warnings: &mut Warnings) -> Result<Conversation<'a>, Untranslatable> {
    let mut conversation = Conversation::new(request.dialect());
    let settings = &mut conversation.settings;
    // The history calls the tools by names that stand for them all.
    let tools = Tools::of(request, warnings)?;
    let mut wanted = Wanted::default();
    for (name, raw) in request.members().filter(|(name, raw)| *name != "tools" && *raw != "null") {
        let node = Node::read(raw, MEMBER_DEPTH)?;
        let text = || node.text().ok_or_else(|| Untranslatable::not(name, "a string"));
        match name {
            "model" => conversation.model = text()?,
            "input" => conversation.messages = items::messages(&node, &tools, warnings)?,
            "instructions" => conversation.system = vec![text()?],
            "tool_choice" => wanted = choice::read(&node, &tools)?,
            "parallel_tool_calls" => conversation.parallel_calls = node.boolean(),
            "reasoning" => settings.reasoning = reasoning(&node, warnings),
            "text" => settings.format = output(&node, warnings)?,
            "user" => settings.user = node.text(),
            "safety_identifier" => settings.user = settings.user.take().or(node.text()),
            _ => setting(name, &node, settings, warnings)?,
        }
    }
    conversation.choice = wanted.choice;
    conversation.tools = tools.into_functions(wanted.allowed.as_ref());
    Ok(conversation)
}

/// Reads a member that is a number or a flag, or that nothing else knows.
fn setting<'a>(
    name: &str,
    node: &Node<'a>,
    settings: &mut Settings<'a>,
    warnings: &mut Warnings,
) -> Result<(), Untranslatable> {
    match name {
        _ if settings.read(name, node)? => {}
        "max_output_tokens" => settings.cap = node.unsigned(),
        "background" if node.boolean() != Some(false) => {
            return Err(Untranslatable::new(name, "an answer that is fetched later"));
        }
        "conversation" | "prompt" => return Err(Untranslatable::new(name, "lies at the vendor")),
        "previous_response_id" => {
            return Err(Untranslatable::new(name, "refers to an answer that is not stored here"));
        }
        // The model sees no more of the answer's probabilities than of the vendor's own tools, which were left out.
        "include" if !node.raw().contains("logprobs") => {}
        // The router's own dimensions; what the answer repeats; hints for a cache; what only the vendor's tools are bound by.
        "anvil"
        | "background"
        | "store"
        | "stream_options"
        | "metadata"
        | "client_metadata"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "prompt_cache_options"
        | "max_tool_calls" => {}
        "service_tier" if matches!(node.raw(), "\"auto\"" | "\"default\"") => {}
        "truncation" if node.raw() == "\"disabled\"" => {}
        "top_logprobs" if node.raw() == "0" => {}
        _ if node.is_void() => {}
        _ => warnings.dropped(name),
    }
    Ok(())
}

/// How much to think. A summary is asked for by nothing: what the tier thinks is told as it is.
fn reasoning(node: &Node<'_>, warnings: &mut Warnings) -> Option<Reasoning> {
    let mut reasoning = None;
    for (name, value) in node.members().filter(|(_, value)| !value.is_null()) {
        match name {
            "effort" if value.raw() == "\"none\"" => reasoning = Some(Reasoning::Off),
            "effort" => {
                let effort = value.text().and_then(|effort| Effort::from_name(&effort.decoded()));
                reasoning = effort.map(Reasoning::Effort);
                if effort.is_none() {
                    warnings.dropped("reasoning.effort");
                }
            }
            "summary" | "generate_summary" => {}
            _ if value.raw() == "\"auto\"" => {}
            _ => warnings.dropped(format!("reasoning.{name}")),
        }
    }
    reasoning
}

/// The form of the answer.
fn output<'a>(node: &Node<'a>, warnings: &mut Warnings) -> Result<Option<Format<'a>>, Untranslatable> {
    let mut form = None;
    for (name, value) in node.members().filter(|(_, value)| !value.is_null()) {
        match name {
            "format" => form = format(value)?,
            "verbosity" if value.raw() == "\"medium\"" => {}
            _ => warnings.dropped(format!("text.{name}")),
        }
    }
    Ok(form)
}

fn format<'a>(node: &Node<'a>) -> Result<Option<Format<'a>>, Untranslatable> {
    match node.kind().as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let shape = Shape::read(node).ok_or_else(|| Untranslatable::not("text.format.schema", "a JSON schema"))?;
            Ok(Some(Format::Schema(shape)))
        }
        _ => Err(Untranslatable::new("text.format", "a format other than text, json_object or json_schema")),
    }
}
