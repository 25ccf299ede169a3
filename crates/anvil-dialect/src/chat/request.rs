//! The members of a Chat Completions request.

use jiter::Peek;

use crate::facts::{Gathering, effort};
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::request::{ReadMember, read_messages};

/// Reads each member of the top level. The vendor's SDKs send `null` for what is not set, so `null` is absence here.
pub(crate) struct Members;

impl ReadMember for Members {
    fn read(&self, name: &str, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<Span, Invalid> {
        let start = json.start()?;
        let is_null = json.peek()? == Peek::Null;
        match name {
            "model" => {
                let model = json.string()?.filter(|model| !model.is_empty());
                gathering.facts.model = model.ok_or_else(|| Invalid::wrong("model", "a non-empty string"))?;
            }
            "messages" => read_messages(json, gathering, read_message)?,
            _ if is_null => json.ignore()?,
            "max_tokens" | "max_completion_tokens" => {
                let cap = json.unsigned()?.filter(|cap| *cap >= 1);
                let cap = cap.ok_or_else(|| Invalid::wrong(name, "an integer of at least 1"))?;
                // `max_completion_tokens` is the newer spelling and the one that counts where both are there.
                if name == "max_completion_tokens" || !gathering.has_completion_cap {
                    gathering.facts.max_output_tokens = Some(cap);
                }
                gathering.has_completion_cap |= name == "max_completion_tokens";
            }
            "n" => gathering.facts.answers = json.unsigned()?,
            "stream" => {
                gathering.facts.stream = json.boolean()?.ok_or_else(|| Invalid::wrong("stream", "a boolean"))?;
            }
            "tools" => read_tools(json, gathering)?,
            "tool_choice" => gathering.facts.tool_choice = json.string_as(|choice| choice != "auto")?.unwrap_or(true),
            "reasoning_effort" => {
                let declared = json.string_as(effort)?.flatten();
                gathering.facts.thinking = declared.as_deref() != Some("none");
                gathering.facts.effort = declared;
            }
            // How gateways that know many vendors spell it.
            "reasoning" => json.member("effort", |json| {
                gathering.other_effort = json.string_as(effort)?.flatten();
                Ok(())
            })?,
            "response_format" => {
                gathering.facts.structured_output = json.member_string("type")?.is_some_and(|kind| kind != "text");
            }
            "prompt_cache_key" => gathering.facts.session = json.string()?,
            _ => json.ignore()?,
        }
        Ok(start..json.index())
    }

    fn require(&self, has: &dyn Fn(&str) -> bool, gathering: &mut Gathering) -> Result<(), Invalid> {
        if let (None, Some(effort)) = (&gathering.facts.effort, gathering.other_effort.take()) {
            gathering.facts.thinking = effort != "none";
            gathering.facts.effort = Some(effort);
        }
        match ["model", "messages"].into_iter().find(|name| !has(name)) {
            Some(missing) => Err(Invalid::missing(missing)),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Tool,
    System,
    Model,
}

fn read_message(index: usize, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    if json.peek()? != Peek::Object {
        return Err(Invalid::wrong(format!("messages.{index}"), "an object"));
    }
    let (mut role, mut texts, mut call_id) = (None, Vec::new(), None);
    let media = gathering.media();
    json.object(
        |name| match name {
            "role" => 1,
            "content" => 2,
            "tool_calls" | "function_call" | "reasoning_content" => 3,
            "tool_call_id" => 4,
            _ => 0,
        },
        |member, json| {
            match member {
                1 => {
                    role = json.string_as(|role| match role {
                        "user" => Role::User,
                        "tool" | "function" => Role::Tool,
                        "system" | "developer" => Role::System,
                        _ => Role::Model,
                    })?;
                }
                2 => read_content(index, json, gathering, &mut texts)?,
                3 => gathering.count(&json.skip()?),
                4 => call_id = json.string()?,
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    let role = role.ok_or_else(|| Invalid::wrong(format!("messages.{index}.role"), "a string"))?;
    gathering.facts.messages += 1;
    // A system message is nobody's turn.
    if role != Role::System {
        gathering.facts.open_tool_loop = role == Role::Tool;
    }
    match role {
        Role::User => gathering.user_message(json, texts, gathering.media() > media),
        Role::Tool => {
            if let Some(id) = call_id {
                gathering.tool_result(id, false);
            }
        }
        Role::System => gathering.words.system_message(&texts),
        Role::Model => gathering.model_message(),
    }
    Ok(())
}

fn read_content(
    index: usize,
    json: &mut Reader<'_>,
    gathering: &mut Gathering,
    texts: &mut Vec<Span>,
) -> Result<(), Invalid> {
    match json.peek()? {
        Peek::String => {
            let span = json.skip()?;
            gathering.count(&span);
            texts.push(span);
        }
        Peek::Array => json.array(|_, json| read_part(json, gathering, texts))?,
        Peek::Null => json.ignore()?,
        _ => return Err(Invalid::wrong(format!("messages.{index}.content"), "a string or a list of content parts")),
    }
    Ok(())
}

/// Reads one content part. Which kind it is shows in which member holds its value.
fn read_part(json: &mut Reader<'_>, gathering: &mut Gathering, texts: &mut Vec<Span>) -> Result<(), Invalid> {
    if json.peek()? != Peek::Object {
        return json.ignore();
    }
    json.object(
        |name| match name {
            "text" => 1,
            "image_url" => 2,
            "file" => 3,
            _ => 0,
        },
        |member, json| {
            let span = json.skip()?;
            match member {
                1 => {
                    gathering.count(&span);
                    texts.push(span);
                }
                2 => gathering.facts.images = gathering.facts.images.saturating_add(1),
                3 => gathering.facts.documents = gathering.facts.documents.saturating_add(1),
                _ => {}
            }
            Ok(())
        },
    )
}

fn read_tools(json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    if json.peek()? != Peek::Array {
        return Err(Invalid::wrong("tools", "a list of tools"));
    }
    json.array(|index, json| {
        if json.peek()? != Peek::Object {
            return Err(Invalid::wrong(format!("tools.{index}"), "an object"));
        }
        let start = json.start()?;
        let mut name = None;
        json.object(
            // A custom tool names itself under `custom` as a function does under `function`.
            |member| matches!(member, "function" | "custom"),
            |is_definition, json| {
                if is_definition {
                    name = json.member_string("name")?;
                } else {
                    json.skip()?;
                }
                Ok(())
            },
        )?;
        gathering.count(&(start..json.index()));
        if let Some(name) = name {
            gathering.tool(name);
        }
        Ok(())
    })
}
