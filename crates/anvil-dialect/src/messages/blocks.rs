//! The messages of a Messages request and their content blocks.

use std::borrow::Cow;

use crate::conversation::{Arguments, Call, CallResult, Document, Media, Message, Part, Role};
use crate::node::Node;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// Reads the conversation.
pub(super) fn messages<'a>(node: &Node<'a>, warnings: &mut Warnings) -> Result<Vec<Message<'a>>, Untranslatable> {
    let list = node.list().ok_or_else(|| Untranslatable::not("messages", "a list of messages"))?;
    list.iter()
        .enumerate()
        .map(|(index, message)| {
            let path = format!("messages.{index}");
            let role = message.get_text("role").map(|role| role.decoded().into_owned()).unwrap_or_default();
            let role = match role.as_str() {
                "user" => Role::User,
                "assistant" => Role::Assistant,
                "system" => Role::System,
                _ => return Err(Untranslatable::not(format!("{path}.role"), "user, assistant or system")),
            };
            let parts = match message.get("content") {
                None => Vec::new(),
                Some(content) => parts(content, &format!("{path}.content"), warnings)?,
            };
            let is_sayable = |part: &Part<'_>| match role {
                Role::System => matches!(part, Part::Text(_)),
                Role::Assistant => matches!(part, Part::Text(_) | Part::Reasoning(_) | Part::Call(_)),
                Role::User => !matches!(part, Part::Reasoning(_) | Part::Call(_)),
            };
            if let Some(position) = parts.iter().position(|part| !is_sayable(part)) {
                let path = format!("{path}.content.{position}");
                return Err(Untranslatable::new(path, "a block that a message of this role does not have"));
            }
            Ok(Message { role, parts, index })
        })
        .collect()
}

/// Reads a content: a string, or blocks.
fn parts<'a>(content: &Node<'a>, path: &str, warnings: &mut Warnings) -> Result<Vec<Part<'a>>, Untranslatable> {
    if let Some(text) = content.text() {
        return Ok(vec![Part::Text(text)]);
    }
    let list = content.list().ok_or_else(|| Untranslatable::not(path, "a string or a list of content blocks"))?;
    let mut parts = Vec::with_capacity(list.len());
    for (index, block) in list.iter().enumerate() {
        push_block(block, &format!("{path}.{index}"), &mut parts, warnings)?;
    }
    Ok(parts)
}

fn push_block<'a>(
    block: &Node<'a>,
    path: &str,
    parts: &mut Vec<Part<'a>>,
    warnings: &mut Warnings,
) -> Result<(), Untranslatable> {
    let required =
        |name: &str| block.get_text(name).ok_or_else(|| Untranslatable::not(format!("{path}.{name}"), "a string"));
    match block.kind().as_str() {
        "text" => parts.push(Part::Text(required("text")?)),
        "image" => parts.push(Part::Image(image(block, path)?)),
        "document" => push_document(block, path, parts, warnings)?,
        "search_result" => {
            let head = [block.get_text("title"), block.get_text("source")];
            parts.extend(head.into_iter().flatten().map(Part::Text));
            push_content(block, path, parts, warnings)?;
        }
        // The signature is the vendor's seal on its own thoughts: no other vendor can read it, and none may be sent one.
        "thinking" => match block.get_text("thinking").filter(|thinking| !thinking.is_empty()) {
            Some(thinking) => parts.push(Part::Reasoning(thinking)),
            None => warnings.note(WarningKind::ReasoningDropped, path),
        },
        "redacted_thinking" => warnings.note(WarningKind::ReasoningDropped, path),
        "tool_use" => {
            let input = block.get("input").filter(|input| input.is_object()).map_or("{}", Node::raw);
            let arguments = Arguments::Object(Cow::Borrowed(input));
            parts.push(Part::Call(Call { id: required("id")?, name: required("name")?, arguments }));
        }
        "tool_result" => parts.push(Part::Result(result(block, required("tool_use_id")?, path, warnings)?)),
        "server_tool_use" | "mcp_tool_use" | "tool_reference" => {
            warnings.note(WarningKind::BlockDropped, path);
        }
        // `web_search_tool_result` and its kin: what a tool gave back that ran at the vendor.
        kind if kind.ends_with("_tool_result") => warnings.note(WarningKind::BlockDropped, path),
        _ => return Err(Untranslatable::new(path, "a content block that only its own dialect knows")),
    }
    Ok(())
}

fn push_content<'a>(
    block: &Node<'a>,
    path: &str,
    into: &mut Vec<Part<'a>>,
    warnings: &mut Warnings,
) -> Result<(), Untranslatable> {
    if let Some(content) = block.get("content") {
        into.extend(parts(content, &format!("{path}.content"), warnings)?);
    }
    Ok(())
}

fn result<'a>(
    block: &Node<'a>,
    id: Text<'a>,
    path: &str,
    warnings: &mut Warnings,
) -> Result<CallResult<'a>, Untranslatable> {
    let mut content = Vec::new();
    push_content(block, path, &mut content, warnings)?;
    let is_content = |part: &Part<'_>| matches!(part, Part::Text(_) | Part::Image(_) | Part::Document(_));
    if !content.iter().all(is_content) {
        return Err(Untranslatable::new(format!("{path}.content"), "a block that a tool result does not have"));
    }
    Ok(CallResult { id, content, is_error: block.get("is_error").and_then(Node::boolean).unwrap_or(false) })
}

fn image<'a>(block: &Node<'a>, path: &str) -> Result<Media<'a>, Untranslatable> {
    block
        .get("source")
        .and_then(media)
        .ok_or_else(|| Untranslatable::new(format!("{path}.source"), "an image that is neither here nor behind a URL"))
}

fn media<'a>(source: &Node<'a>) -> Option<Media<'a>> {
    match source.kind().as_str() {
        "base64" => Some(Media::Inline { media_type: source.get_text("media_type")?, data: source.get_text("data")? }),
        "url" => source.get_text("url").map(Media::Remote),
        _ => None,
    }
}

/// A document's text is text anywhere; its file is a file.
fn push_document<'a>(
    block: &Node<'a>,
    path: &str,
    parts: &mut Vec<Part<'a>>,
    warnings: &mut Warnings,
) -> Result<(), Untranslatable> {
    let unknown = || Untranslatable::new(format!("{path}.source"), "a document that is neither here nor behind a URL");
    let source = block.get("source").ok_or_else(unknown)?;
    let citations = block.get("citations").and_then(|citations| citations.get("enabled")).and_then(Node::boolean);
    if citations == Some(true) {
        warnings.dropped(format!("{path}.citations"));
    }
    let title = block.get_text("title");
    let context = block.get_text("context").map(Part::Text);
    match source.kind().as_str() {
        "text" => {
            parts.extend(title.map(Part::Text).into_iter().chain(context));
            parts.push(Part::Text(source.get_text("data").ok_or_else(unknown)?));
        }
        "content" => {
            parts.extend(title.map(Part::Text).into_iter().chain(context));
            push_content(source, &format!("{path}.source"), parts, warnings)?;
        }
        _ => {
            parts.extend(context);
            parts.push(Part::Document(Document { media: media(source).ok_or_else(unknown)?, name: title }));
        }
    }
    Ok(())
}
