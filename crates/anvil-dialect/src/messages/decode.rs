//! A Messages request, read into a neutral one.

use super::blocks;
use crate::conversation::{Choice, Conversation, Effort, Form, Format, Reasoning, Settings, Shape, Tool};
use crate::node::Node;
use crate::request::Request;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// How many levels of the conversation are taken apart: a list of messages with lists of blocks, a result among them with a
/// list of its own, a search result among those with one more, and a block's source.
const CONVERSATION_DEPTH: u8 = 10;
/// How many levels of any other member.
const MEMBER_DEPTH: u8 = 4;

/// Reads the request.
pub(crate) fn decode<'a>(request: &'a Request, warnings: &mut Warnings) -> Result<Conversation<'a>, Untranslatable> {
    let mut conversation = Conversation::new(request.dialect());
    let mut thinking = Thinking::default();
    for (name, raw) in request.members() {
        let depth = if matches!(name, "messages" | "system") { CONVERSATION_DEPTH } else { MEMBER_DEPTH };
        let node = Node::read(raw, depth)?;
        if node.is_null() {
            continue;
        }
        match name {
            "model" => conversation.model = node.text().ok_or_else(|| Untranslatable::not(name, "a string"))?,
            "messages" => conversation.messages = blocks::messages(&node, warnings)?,
            "system" => conversation.system = system(&node)?,
            "tools" => conversation.tools = tools(&node, warnings)?,
            "tool_choice" => {
                conversation.choice = Some(choice(&node)?);
                conversation.parallel_calls =
                    node.get("disable_parallel_tool_use").and_then(Node::boolean).map(|disabled| !disabled);
            }
            "thinking" => thinking.read_thinking(&node, warnings),
            "output_config" => thinking.read_output(&node, &mut conversation.settings, warnings)?,
            "output_format" => conversation.settings.format = Some(format(&node, name)?),
            "metadata" => metadata(&node, &mut conversation.settings, warnings),
            _ => setting(name, &node, &mut conversation.settings, warnings)?,
        }
    }
    conversation.settings.reasoning = thinking.reasoning();
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
        "stop_sequences" => {
            let list = node.list().ok_or_else(|| Untranslatable::not(name, "a list of strings"))?;
            let texts: Option<Vec<Text<'a>>> = list.iter().map(Node::text).collect();
            settings.stop = texts.ok_or_else(|| Untranslatable::not(name, "a list of strings"))?;
        }
        // The router's own dimensions, and marks for a cache that other vendors keep by themselves.
        "anvil" | "cache_control" => {}
        "service_tier" if node.raw() == "\"auto\"" => {}
        _ if node.is_void() => {}
        _ => warnings.dropped(name),
    }
    Ok(())
}

fn system<'a>(node: &Node<'a>) -> Result<Vec<Text<'a>>, Untranslatable> {
    if let Some(text) = node.text() {
        return Ok(vec![text]);
    }
    let list = node.list().ok_or_else(|| Untranslatable::not("system", "a string or a list of text blocks"))?;
    list.iter()
        .enumerate()
        .map(|(index, block)| match block.kind().as_str() {
            "text" => {
                block.get_text("text").ok_or_else(|| Untranslatable::not(format!("system.{index}.text"), "a string"))
            }
            _ => Err(Untranslatable::not(format!("system.{index}"), "a text block")),
        })
        .collect()
}

fn tools<'a>(node: &Node<'a>, warnings: &mut Warnings) -> Result<Vec<Tool<'a>>, Untranslatable> {
    let list = node.list().ok_or_else(|| Untranslatable::not("tools", "a list of tools"))?;
    let mut tools = Vec::with_capacity(list.len());
    for (index, tool) in list.iter().enumerate() {
        let path = || format!("tools.{index}");
        // A tool of any other type is the vendor's: it runs there, or its schema is part of the vendor's models.
        if !matches!(tool.kind().as_str(), "" | "custom") {
            warnings.note(WarningKind::ToolDropped, path());
            continue;
        }
        let name = tool.get_text("name").ok_or_else(|| Untranslatable::not(format!("{}.name", path()), "a string"))?;
        if tool.get("input_examples").is_some() {
            warnings.dropped(format!("{}.input_examples", path()));
        }
        tools.push(Tool {
            name,
            description: tool.get_text("description"),
            form: Form::Function {
                schema: tool.get("input_schema").map(Node::raw),
                strict: tool.get("strict").and_then(Node::boolean),
            },
        });
    }
    Ok(tools)
}

fn choice<'a>(node: &Node<'a>) -> Result<Choice<'a>, Untranslatable> {
    match node.kind().as_str() {
        "auto" => Ok(Choice::Auto),
        "any" => Ok(Choice::Required),
        "none" => Ok(Choice::None),
        "tool" => {
            node.get_text("name").map(Choice::Tool).ok_or_else(|| Untranslatable::not("tool_choice.name", "a string"))
        }
        _ => Err(Untranslatable::not("tool_choice.type", "auto, any, tool or none")),
    }
}

fn format<'a>(node: &Node<'a>, path: &str) -> Result<Format<'a>, Untranslatable> {
    match (node.kind().as_str(), node.get("schema")) {
        // Not strict: the schemas of `OpenAI`'s strict mode are fewer than those that Messages takes.
        ("json_schema", Some(schema)) => {
            Ok(Format::Schema(Shape { schema: schema.raw(), name: None, description: None, strict: None }))
        }
        _ => Err(Untranslatable::not(path, "a format of type json_schema with a schema")),
    }
}

fn metadata<'a>(node: &Node<'a>, settings: &mut Settings<'a>, warnings: &mut Warnings) {
    for (name, value) in node.members() {
        match name {
            "user_id" => settings.user = value.text(),
            "anvil" => {}
            _ if value.is_void() => {}
            _ => warnings.dropped(format!("metadata.{name}")),
        }
    }
}

/// What `thinking` and `output_config.effort` say together.
#[derive(Default)]
struct Thinking {
    switch: Option<Reasoning>,
    effort: Option<Effort>,
}

impl Thinking {
    fn read_thinking(&mut self, node: &Node<'_>, warnings: &mut Warnings) {
        self.switch = match node.kind().as_str() {
            "disabled" => Some(Reasoning::Off),
            "adaptive" => Some(Reasoning::Adaptive),
            "enabled" => {
                let budget = node.get("budget_tokens").and_then(Node::unsigned);
                Some(budget.map_or(Reasoning::Adaptive, |tokens| Reasoning::Effort(Effort::from_budget(tokens))))
            }
            _ => {
                warnings.dropped("thinking");
                None
            }
        };
    }

    fn read_output<'a>(
        &mut self,
        node: &Node<'a>,
        settings: &mut Settings<'a>,
        warnings: &mut Warnings,
    ) -> Result<(), Untranslatable> {
        for (name, value) in node.members().filter(|(_, value)| !value.is_null()) {
            match name {
                "effort" => {
                    self.effort = value.text().and_then(|effort| Effort::from_name(&effort.decoded()));
                    if self.effort.is_none() {
                        warnings.dropped("output_config.effort");
                    }
                }
                "format" => settings.format = Some(format(value, "output_config.format")?),
                _ if value.is_void() => {}
                _ => warnings.dropped(format!("output_config.{name}")),
            }
        }
        Ok(())
    }

    /// An effort counts where it is said, unless thinking is off; a budget stands for one where it is not.
    fn reasoning(self) -> Option<Reasoning> {
        match (self.switch, self.effort) {
            (Some(Reasoning::Off), _) => Some(Reasoning::Off),
            (_, Some(effort)) => Some(Reasoning::Effort(effort)),
            (switch, None) => switch,
        }
    }
}
