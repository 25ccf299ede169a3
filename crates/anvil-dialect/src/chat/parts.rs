//! The messages of a Chat Completions request, their content parts and tool calls.

use crate::conversation::{Arguments, Call, CallResult, Document, Media, Message, Part, Role};
use crate::node::Node;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::Warnings;

/// Reads the conversation.
pub(super) fn messages<'a>(node: &Node<'a>, warnings: &mut Warnings) -> Result<Vec<Message<'a>>, Untranslatable> {
    let list = node.list().ok_or_else(|| Untranslatable::not("messages", "a list of messages"))?;
    list.iter().enumerate().map(|(index, message)| read_message(message, index, warnings)).collect()
}

fn read_message<'a>(message: &Node<'a>, index: usize, warnings: &mut Warnings) -> Result<Message<'a>, Untranslatable> {
    let path = format!("messages.{index}");
    for (name, value) in message.members() {
        match name {
            "role" | "content" | "tool_calls" | "tool_call_id" | "refusal" | "reasoning_content" | "reasoning"
            | "cache_control" => {}
            _ if value.is_void() => {}
            "audio" | "function_call" => {
                return Err(Untranslatable::new(format!("{path}.{name}"), "has no counterpart"));
            }
            _ => warnings.dropped(format!("{path}.{name}")),
        }
    }
    let role = message.get_text("role").map(|role| role.decoded().into_owned()).unwrap_or_default();
    let content = match message.get("content") {
        Some(content) => parts(content, &format!("{path}.content"), warnings)?,
        None => Vec::new(),
    };
    let (role, parts) = match role.as_str() {
        "system" | "developer" => (Role::System, content),
        "user" => (Role::User, content),
        "assistant" => (Role::Assistant, assistant(message, content, &path)?),
        "tool" => {
            let id = message.get_text("tool_call_id");
            let id = id.ok_or_else(|| Untranslatable::not(format!("{path}.tool_call_id"), "a string"))?;
            (Role::User, vec![Part::Result(CallResult { id, content, is_error: false })])
        }
        _ => return Err(Untranslatable::new(format!("{path}.role"), "a role that only its own dialect knows")),
    };
    let is_sayable = |part: &Part<'_>| role == Role::User || !matches!(part, Part::Image(_) | Part::Document(_));
    if !parts.iter().all(is_sayable) {
        return Err(Untranslatable::new(format!("{path}.content"), "a part that a message of this role does not have"));
    }
    Ok(Message { role, parts, index })
}

/// The assistant's reasoning, then what it said, then what it called.
fn assistant<'a>(message: &Node<'a>, content: Vec<Part<'a>>, path: &str) -> Result<Vec<Part<'a>>, Untranslatable> {
    let reasoning = message.get_text("reasoning_content").or_else(|| message.get_text("reasoning"));
    let reasoning = reasoning.filter(|reasoning| !reasoning.is_empty()).map(Part::Reasoning);
    let mut parts: Vec<Part<'a>> = reasoning.into_iter().chain(content).collect();
    parts.extend(message.get_text("refusal").map(Part::Text));
    let calls = match message.get("tool_calls") {
        Some(calls) => {
            calls.list().ok_or_else(|| Untranslatable::not(format!("{path}.tool_calls"), "a list of calls"))?
        }
        None => &[],
    };
    for (index, call) in calls.iter().enumerate() {
        let call = read_call(call);
        let unknown = || Untranslatable::new(format!("{path}.tool_calls.{index}"), "a call without an id or a name");
        parts.push(Part::Call(call.ok_or_else(unknown)?));
    }
    Ok(parts)
}

fn read_call<'a>(call: &Node<'a>) -> Option<Call<'a>> {
    let id = call.get_text("id")?;
    // A freeform call's text becomes the one member of its arguments.
    if let Some(custom) = call.get("custom") {
        let input = custom.get_text("input").unwrap_or_else(|| Text::plain(""));
        let arguments = Arguments::Object(format!("{{\"input\":\"{}\"}}", input.escaped()).into());
        return Some(Call { id, name: custom.get_text("name")?, arguments });
    }
    let function = call.get("function")?;
    let arguments = match function.get("arguments") {
        None => Arguments::Object("{}".into()),
        // Some engines take, and some clients send, the object itself.
        Some(node) if node.is_object() => Arguments::Object(node.raw().into()),
        Some(node) => Arguments::Text(node.text()?),
    };
    Some(Call { id, name: function.get_text("name")?, arguments })
}

/// Reads a content: a string, or parts.
fn parts<'a>(content: &Node<'a>, path: &str, warnings: &mut Warnings) -> Result<Vec<Part<'a>>, Untranslatable> {
    if let Some(text) = content.text() {
        return Ok(vec![Part::Text(text)]);
    }
    let list = content.list().ok_or_else(|| Untranslatable::not(path, "a string or a list of content parts"))?;
    let mut parts = Vec::with_capacity(list.len());
    for (index, part) in list.iter().enumerate() {
        let path = format!("{path}.{index}");
        let detail = part.get("image_url").and_then(|image| image.get("detail"));
        if detail.is_some_and(|detail| detail.raw() != "\"auto\"") {
            warnings.dropped(format!("{path}.image_url.detail"));
        }
        let unknown = || Untranslatable::new(path, "a content part that only its own dialect knows");
        parts.push(read_part(part).ok_or_else(unknown)?);
    }
    Ok(parts)
}

fn read_part<'a>(part: &Node<'a>) -> Option<Part<'a>> {
    match part.kind().as_str() {
        "text" | "input_text" | "output_text" => part.get_text("text").map(Part::Text),
        "refusal" => part.get_text("refusal").map(Part::Text),
        "image_url" => {
            let image = part.get("image_url")?;
            let url = image.get_text("url").or_else(|| image.text())?;
            Media::from_url(url).map(Part::Image)
        }
        // A `file_id` names a file that lies at the vendor.
        "file" => {
            let file = part.get("file")?;
            let data = file.get_text("file_data")?;
            let media = Media::from_url(data).filter(|media| matches!(media, Media::Inline { .. }))?;
            Some(Part::Document(Document { media, name: file.get_text("filename") }))
        }
        _ => None,
    }
}
