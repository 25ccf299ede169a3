//! The members of a Messages request.

use jiter::Peek;

use crate::facts::{Gathering, effort};
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::request::{ReadMember, read_messages};

/// How deep content blocks may lie in one another and still be told apart. A tool's result holds blocks, and a search result
/// among them holds some of its own; each level is a level of the stack here, and the caller says how many there are.
const BLOCK_DEPTH: u8 = 4;

/// Reads each member of the top level.
pub(crate) struct Members;

impl ReadMember for Members {
    fn read(&self, name: &str, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<Span, Invalid> {
        let start = json.start()?;
        match name {
            "model" => {
                let model = json.string()?.filter(|model| !model.is_empty());
                gathering.facts.model = model.ok_or_else(|| Invalid::wrong("model", "a non-empty string"))?;
            }
            "max_tokens" => {
                let cap = json.unsigned()?.filter(|cap| *cap >= 1);
                gathering.facts.max_output_tokens =
                    Some(cap.ok_or_else(|| Invalid::wrong("max_tokens", "an integer of at least 1"))?);
            }
            "stream" => {
                gathering.facts.stream = json.boolean()?.ok_or_else(|| Invalid::wrong("stream", "a boolean"))?;
            }
            "messages" => read_messages(json, gathering, read_message)?,
            "system" => read_system(json, gathering)?,
            "tools" => read_tools(json, gathering)?,
            "tool_choice" => {
                gathering.facts.tool_choice = json.member_string("type")?.is_some_and(|choice| choice != "auto");
            }
            "thinking" => {
                gathering.facts.thinking = json.member_string("type")?.is_some_and(|thinking| thinking != "disabled");
            }
            "output_config" | "output_format" => read_output(name, json, gathering)?,
            "metadata" => read_metadata(json, gathering)?,
            "thread" => {
                gathering.facts.thread = json.peek()? != Peek::Null;
                json.ignore()?;
            }
            _ => json.ignore()?,
        }
        Ok(start..json.index())
    }

    fn require(&self, has: &dyn Fn(&str) -> bool, _gathering: &mut Gathering) -> Result<(), Invalid> {
        match ["model", "max_tokens", "messages"].into_iter().find(|name| !has(name)) {
            Some(missing) => Err(Invalid::missing(missing)),
            None => Ok(()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    System,
    Model,
}

/// What the content of one message held.
#[derive(Default)]
struct Content {
    texts: Vec<Span>,
    has_tool_result: bool,
    has_media: bool,
}

fn read_message(index: usize, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    if json.peek()? != Peek::Object {
        return Err(Invalid::wrong(format!("messages.{index}"), "an object"));
    }
    let (mut role, mut content) = (None, None);
    json.object(
        |name| match name {
            "role" => 1,
            "content" => 2,
            _ => 0,
        },
        |member, json| {
            match member {
                1 => {
                    role = json.string_as(|role| match role {
                        "user" => Role::User,
                        "system" => Role::System,
                        _ => Role::Model,
                    })?;
                }
                2 => content = Some(read_content(index, json, gathering)?),
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    let role = role.ok_or_else(|| Invalid::wrong(format!("messages.{index}.role"), "a string"))?;
    let content = content.ok_or_else(|| Invalid::missing(format!("messages.{index}.content")))?;
    gathering.facts.messages += 1;
    // A system message, which Claude Code puts anywhere in the conversation, is nobody's turn.
    if role != Role::System {
        gathering.facts.open_tool_loop = content.has_tool_result;
    }
    match role {
        Role::System => {
            gathering.facts.system_turns = true;
            gathering.words.system_message(&content.texts);
        }
        Role::User => gathering.user_message(json, content.texts, content.has_media),
        Role::Model => gathering.model_message(),
    }
    Ok(())
}

fn read_content(index: usize, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<Content, Invalid> {
    let mut content = Content::default();
    match json.peek()? {
        Peek::String => {
            let span = json.skip()?;
            gathering.count(&span);
            content.texts.push(span);
        }
        Peek::Array => json.array(|_, json| {
            let block = read_block(json, gathering, BLOCK_DEPTH)?;
            content.has_tool_result |= block.kind == Kind::ToolResult;
            content.has_media |= matches!(block.kind, Kind::Image | Kind::Document);
            if block.kind == Kind::Text {
                content.texts.extend(block.text);
            }
            Ok(())
        })?,
        _ => return Err(Invalid::wrong(format!("messages.{index}.content"), "a string or a list of content blocks")),
    }
    Ok(content)
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    Text,
    Image,
    Document,
    Thinking,
    /// Thoughts that only their vendor can read.
    Sealed,
    ToolResult,
    #[default]
    Other,
}

#[derive(Default)]
struct Block {
    kind: Kind,
    text: Option<Span>,
    signed: bool,
    is_error: bool,
    tool_use_id: Option<String>,
}

#[derive(Clone, Copy)]
enum BlockMember {
    Type,
    Text,
    Content,
    Input,
    Signature,
    IsError,
    ToolUseId,
    Other,
}

/// Reads one content block. A tool result's own blocks are read the same way, so that their images and texts count; what is
/// nested deeper than `depth` counts as text.
fn read_block(json: &mut Reader<'_>, gathering: &mut Gathering, depth: u8) -> Result<Block, Invalid> {
    let mut block = Block::default();
    if json.peek()? != Peek::Object {
        json.skip()?;
        return Ok(block);
    }
    json.object(block_member, |member, json| {
        match member {
            BlockMember::Type => block.kind = json.string_as(block_kind)?.unwrap_or_default(),
            BlockMember::Text => {
                block.text = json.string_span()?;
                match &block.text {
                    Some(span) => gathering.count(span),
                    None => json.ignore()?,
                }
            }
            BlockMember::Content if depth > 0 && json.peek()? == Peek::Array => {
                json.array(|_, json| read_block(json, gathering, depth - 1).map(drop))?;
            }
            BlockMember::Content | BlockMember::Input => gathering.count(&json.skip()?),
            BlockMember::Signature => {
                block.signed = json.string_as(|signature| !signature.is_empty())?.unwrap_or(false);
            }
            BlockMember::IsError => block.is_error = json.boolean()?.unwrap_or(false),
            BlockMember::ToolUseId => block.tool_use_id = json.string()?,
            BlockMember::Other => json.ignore()?,
        }
        Ok(())
    })?;
    note_block(&mut block, gathering);
    Ok(block)
}

fn note_block(block: &mut Block, gathering: &mut Gathering) {
    match block.kind {
        Kind::Image => gathering.facts.images = gathering.facts.images.saturating_add(1),
        Kind::Document => gathering.facts.documents = gathering.facts.documents.saturating_add(1),
        Kind::Thinking if block.signed => gathering.facts.signed_thinking = true,
        Kind::Sealed => gathering.facts.signed_thinking = true,
        Kind::Thinking => gathering.facts.unsigned_thinking = true,
        Kind::Text if block.text.as_ref().is_some_and(|text| text.len() == "\"\"".len()) => {
            gathering.facts.unsigned_thinking = true;
        }
        Kind::ToolResult => {
            if let Some(id) = block.tool_use_id.take() {
                gathering.tool_result(id, block.is_error);
            }
        }
        Kind::Text | Kind::Other => {}
    }
}

fn block_member(name: &str) -> BlockMember {
    match name {
        "type" => BlockMember::Type,
        "text" => BlockMember::Text,
        "content" => BlockMember::Content,
        "input" | "thinking" => BlockMember::Input,
        "signature" => BlockMember::Signature,
        "is_error" => BlockMember::IsError,
        "tool_use_id" => BlockMember::ToolUseId,
        // `source` holds an image's or a document's data, which is no prompt text.
        _ => BlockMember::Other,
    }
}

fn block_kind(name: &str) -> Kind {
    match name {
        "text" => Kind::Text,
        "image" => Kind::Image,
        "document" => Kind::Document,
        "thinking" => Kind::Thinking,
        "redacted_thinking" => Kind::Sealed,
        "tool_result" => Kind::ToolResult,
        _ => Kind::Other,
    }
}

fn read_system(json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    match json.peek()? {
        Peek::Null => gathering.count(&json.skip()?),
        Peek::String => {
            let span = json.skip()?;
            gathering.count(&span);
            gathering.words.instruction(span);
        }
        Peek::Array => json.array(|_, json| {
            let block = read_block(json, gathering, BLOCK_DEPTH)?;
            if let Some(text) = block.text {
                gathering.words.instruction(text);
            }
            Ok(())
        })?,
        _ => return Err(Invalid::wrong("system", "a string or a list of text blocks")),
    }
    Ok(())
}

fn read_tools(json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    match json.peek()? {
        Peek::Array => json.array(|index, json| {
            if json.peek()? != Peek::Object {
                return Err(Invalid::wrong(format!("tools.{index}"), "an object"));
            }
            let start = json.start()?;
            let name = json.member_string("name")?;
            gathering.count(&(start..json.index()));
            gathering.tool(name.ok_or_else(|| Invalid::missing(format!("tools.{index}.name")))?);
            Ok(())
        }),
        Peek::Null => json.ignore(),
        _ => Err(Invalid::wrong("tools", "a list of tools")),
    }
}

/// `output_config` holds the effort and the format; `output_format` is the format alone, as it was first spelt.
fn read_output(name: &str, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    if json.peek()? != Peek::Object {
        return json.ignore();
    }
    if name == "output_format" {
        gathering.facts.structured_output = true;
        return json.ignore();
    }
    json.object(
        |member| match member {
            "effort" => 1,
            "format" => 2,
            _ => 0,
        },
        |member, json| {
            let present = json.peek()? != Peek::Null;
            match member {
                1 => {
                    gathering.facts.thinking |= present;
                    gathering.facts.effort = json.string_as(effort)?.flatten();
                    return Ok(());
                }
                2 => gathering.facts.structured_output |= present,
                _ => {}
            }
            json.ignore()
        },
    )
}

/// `metadata.user_id` carries Claude Code's session: a JSON object as text, with a `session_id`; other clients send an opaque
/// id of the user, which is no session.
fn read_metadata(json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    let user_id = json.member_string("user_id")?;
    gathering.facts.session =
        user_id.and_then(|user_id| Reader::new(user_id.as_bytes()).member_string("session_id").ok().flatten());
    Ok(())
}
