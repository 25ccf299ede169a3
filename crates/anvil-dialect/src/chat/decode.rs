//! A Chat Completions request, read into a neutral one.

use super::parts;
use crate::conversation::{Choice, Conversation, Effort, Form, Format, Reasoning, Settings, Shape, Tool};
use crate::dimensions;
use crate::node::Node;
use crate::request::Request;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// How many levels of the conversation are taken apart: a list of messages with lists of parts or calls, and what those hold.
const CONVERSATION_DEPTH: u8 = 7;
/// How many levels of any other member.
const MEMBER_DEPTH: u8 = 4;

/// Reads the request.
pub(crate) fn decode<'a>(request: &'a Request, warnings: &mut Warnings) -> Result<Conversation<'a>, Untranslatable> {
    let mut conversation = Conversation::new(request.dialect());
    let settings = &mut conversation.settings;
    let mut newer_cap = None;
    for (name, raw) in request.members() {
        let node = Node::read(raw, if name == "messages" { CONVERSATION_DEPTH } else { MEMBER_DEPTH })?;
        if node.is_null() {
            continue;
        }
        match name {
            "model" => conversation.model = node.text().ok_or_else(|| Untranslatable::not(name, "a string"))?,
            "messages" => conversation.messages = parts::messages(&node, warnings)?,
            "tools" => conversation.tools = tools(&node, warnings)?,
            "tool_choice" => conversation.choice = Some(choice(&node)?),
            "parallel_tool_calls" => conversation.parallel_calls = node.boolean(),
            "max_completion_tokens" => newer_cap = node.unsigned(),
            "response_format" => settings.format = format(&node)?,
            "reasoning_effort" => settings.reasoning = reasoning(&node, warnings),
            "user" => settings.user = node.text(),
            "safety_identifier" => settings.user = settings.user.take().or(node.text()),
            _ => setting(name, &node, settings, warnings)?,
        }
    }
    // Where both are there the newer spelling counts.
    settings.cap = newer_cap.or(settings.cap);
    Ok(conversation)
}

/// Reads a member that is a number, a flag or a list of strings, or that nothing else knows.
fn setting<'a>(
    name: &str,
    node: &Node<'a>,
    settings: &mut Settings<'a>,
    warnings: &mut Warnings,
) -> Result<(), Untranslatable> {
    match name {
        _ if settings.read(name, node)? => {}
        "max_tokens" => settings.cap = node.unsigned(),
        "stop" => settings.stop = stop(node)?,
        "n" if node.raw() != "1" => return Err(Untranslatable::new(name, "several answers at once")),
        "functions" | "function_call" => {
            return Err(Untranslatable::new(name, "the spelling of tools before there were tools"));
        }
        "audio" => return Err(Untranslatable::new(name, "an answer in sound")),
        "modalities" if node.raw().contains("audio") => return Err(Untranslatable::new(name, "an answer in sound")),
        // The router's own dimensions; what only asks for what every answer has; hints for a cache.
        "n"
        | "modalities"
        | "anvil"
        | "stream_options"
        | "prompt_cache_key"
        | "prompt_cache_retention"
        | "prompt_cache_options" => {}
        "metadata" if node.is_object() && node.members().all(|(name, _)| name == dimensions::MEMBER) => {}
        "service_tier" if matches!(node.raw(), "\"auto\"" | "\"default\"") => {}
        "frequency_penalty" | "presence_penalty" | "top_logprobs" if node.raw().parse() == Ok(0.0) => {}
        _ if node.is_void() => {}
        _ => warnings.dropped(name),
    }
    Ok(())
}

fn stop<'a>(node: &Node<'a>) -> Result<Vec<Text<'a>>, Untranslatable> {
    let list = match (node.text(), node.list()) {
        (Some(text), _) => Some(vec![text]),
        (None, Some(list)) => list.iter().map(Node::text).collect(),
        (None, None) => None,
    };
    list.ok_or_else(|| Untranslatable::not("stop", "a string or a list of strings"))
}

fn tools<'a>(node: &Node<'a>, warnings: &mut Warnings) -> Result<Vec<Tool<'a>>, Untranslatable> {
    let list = node.list().ok_or_else(|| Untranslatable::not("tools", "a list of tools"))?;
    let mut tools = Vec::with_capacity(list.len());
    for (index, tool) in list.iter().enumerate() {
        let path = format!("tools.{index}");
        // A freeform tool (`custom`) takes text in a grammar of its own, which a schema cannot say.
        let Some(function) = tool.get("function").filter(|_| matches!(tool.kind().as_str(), "" | "function")) else {
            warnings.note(WarningKind::ToolDropped, path);
            continue;
        };
        tools.push(Tool {
            name: function
                .get_text("name")
                .ok_or_else(|| Untranslatable::not(format!("{path}.function.name"), "a string"))?,
            description: function.get_text("description"),
            form: Form::Function {
                schema: function.get("parameters").map(Node::raw),
                strict: function.get("strict").and_then(Node::boolean),
            },
        });
    }
    Ok(tools)
}

fn choice<'a>(node: &Node<'a>) -> Result<Choice<'a>, Untranslatable> {
    match node.raw() {
        "\"auto\"" => return Ok(Choice::Auto),
        "\"required\"" => return Ok(Choice::Required),
        "\"none\"" => return Ok(Choice::None),
        _ => {}
    }
    let function = node.get("function").filter(|_| node.kind() == "function");
    function
        .and_then(|function| function.get_text("name"))
        .map(Choice::Tool)
        .ok_or_else(|| Untranslatable::new("tool_choice", "a choice other than auto, required, none or one function"))
}

fn format<'a>(node: &Node<'a>) -> Result<Option<Format<'a>>, Untranslatable> {
    match node.kind().as_str() {
        "text" => Ok(None),
        "json_object" => Ok(Some(Format::Json)),
        "json_schema" => {
            let shape = node.get("json_schema").and_then(Shape::read);
            // A definition without a schema asks for JSON and no more.
            Ok(Some(shape.map_or(Format::Json, Format::Schema)))
        }
        _ => Err(Untranslatable::new("response_format", "a format other than text, json_object or json_schema")),
    }
}

fn reasoning(node: &Node<'_>, warnings: &mut Warnings) -> Option<Reasoning> {
    if node.raw() == "\"none\"" {
        return Some(Reasoning::Off);
    }
    let effort = node.text().and_then(|effort| Effort::from_name(&effort.decoded()));
    if effort.is_none() {
        warnings.dropped("reasoning_effort");
    }
    effort.map(Reasoning::Effort)
}
