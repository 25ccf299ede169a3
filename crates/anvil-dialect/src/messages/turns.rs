//! Turns as messages that take turns: user and assistant, the user first.

use std::borrow::Cow;

use super::tool_id::tool_id;
use crate::compose;
use crate::conversation::{Call, CallResult, Document, Media, OPENING, Part, Spelling, Turn, reminder};
use crate::json::quoted;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// One message of the body.
pub(super) struct Group<'p> {
    is_user: bool,
    blocks: Vec<Block<'p>>,
}

/// One content block.
enum Block<'p> {
    Text(Cow<'p, Text<'p>>),
    Image(&'p Media<'p>),
    Document(&'p Document<'p>),
    /// A call, with its arguments as JSON.
    Call(&'p Call<'p>, Cow<'p, str>),
    Result(&'p CallResult<'p>),
}

/// Groups turns into messages: blank text and empty messages, which the vendor refuses, are left out, and neighbours of one
/// role become one. Returns the instructions too, those before the first turn among them.
pub(super) fn group<'p>(
    system: Vec<Text<'p>>,
    turns: &'p [Turn<'p>],
    spelling: &Spelling,
    warnings: &mut Warnings,
) -> Result<(Vec<Text<'p>>, Vec<Group<'p>>), Untranslatable> {
    let leading = turns.iter().take_while(|turn| matches!(turn, Turn::System(_))).count();
    let (first, rest) = turns.split_at(leading);
    let instructions = first.iter().flat_map(|turn| match turn {
        Turn::System(texts) => texts.as_slice(),
        _ => &[],
    });
    let system = system.into_iter().chain(instructions.cloned()).filter(|text| !text.is_blank()).collect();
    let mut groups: Vec<Group<'p>> = Vec::with_capacity(rest.len() + 1);
    for turn in rest {
        let mut blocks = Vec::new();
        match turn {
            Turn::User(parts) | Turn::Assistant(parts) => {
                for part in parts {
                    blocks.extend(block(part, spelling, warnings)?);
                }
            }
            Turn::Results(results) => blocks.extend(results.iter().map(Block::Result)),
            Turn::System(texts) => {
                warnings.note(WarningKind::SystemAsUser, spelling.messages);
                blocks.extend(
                    texts.iter().filter(|text| !text.is_blank()).map(|text| Block::Text(Cow::Owned(reminder(text)))),
                );
            }
        }
        let is_user = !matches!(turn, Turn::Assistant(_));
        if blocks.is_empty() {
            continue;
        }
        if groups.is_empty() && !is_user {
            groups.push(opening(spelling, warnings));
        }
        match groups.last_mut().filter(|last| last.is_user == is_user) {
            Some(last) => last.blocks.append(&mut blocks),
            None => groups.push(Group { is_user, blocks }),
        }
    }
    match groups.last() {
        None => groups.push(opening(spelling, warnings)),
        Some(last) if !last.is_user => warnings.note(WarningKind::AssistantPrefill, spelling.messages),
        Some(_) => {}
    }
    Ok((system, groups))
}

/// A first turn for a conversation that has none of the user's.
fn opening<'p>(spelling: &Spelling, warnings: &mut Warnings) -> Group<'p> {
    warnings.note(WarningKind::TurnInserted, spelling.messages);
    Group { is_user: true, blocks: vec![Block::Text(Cow::Owned(Text::plain(OPENING)))] }
}

fn block<'p>(
    part: &'p Part<'p>,
    spelling: &Spelling,
    warnings: &mut Warnings,
) -> Result<Option<Block<'p>>, Untranslatable> {
    Ok(match part {
        Part::Text(text) if text.is_blank() => None,
        Part::Text(text) => Some(Block::Text(Cow::Borrowed(text))),
        Part::Image(media) => Some(Block::Image(media)),
        Part::Document(document) => {
            // No other type may be sent along; text comes as text.
            if matches!(&document.media, Media::Inline { media_type, .. } if media_type.escaped() != Media::PDF) {
                return Err(Untranslatable::new(spelling.messages, "a file that is no PDF"));
            }
            Some(Block::Document(document))
        }
        // The vendor takes thoughts back only under its own signature.
        Part::Reasoning(_) => {
            warnings.note(WarningKind::ReasoningDropped, spelling.messages);
            None
        }
        Part::Call(call) => {
            let arguments = call.arguments.to_object().unwrap_or_else(|| {
                warnings.note(WarningKind::ArgumentsWrapped, spelling.messages);
                format!("{{\"arguments\":{}}}", quoted(&call.arguments.to_text().decoded())).into()
            });
            Some(Block::Call(call, arguments))
        }
        Part::Result(result) => Some(Block::Result(result)),
    })
}

/// Writes one message.
pub(super) fn write(out: &mut Vec<u8>, group: &Group<'_>) {
    compose::object(out, |message| {
        message.string("role", if group.is_user { "user" } else { "assistant" });
        match group.blocks.as_slice() {
            [Block::Text(text)] => message.text("content", text),
            blocks => message.list("content", blocks, write_block),
        }
    });
}

/// Writes a text block.
pub(super) fn write_text(out: &mut Vec<u8>, text: &Text<'_>) {
    compose::object(out, |block| {
        block.string("type", "text");
        block.text("text", text);
    });
}

fn write_block(out: &mut Vec<u8>, block: &Block<'_>) {
    match block {
        Block::Text(text) => write_text(out, text),
        Block::Image(media) => write_media(out, "image", media, None),
        Block::Document(document) => write_media(out, "document", &document.media, document.name.as_ref()),
        Block::Call(call, arguments) => compose::object(out, |block| {
            block.string("type", "tool_use");
            block.text("id", &tool_id(&call.id));
            block.text("name", &call.name);
            block.raw("input", arguments);
        }),
        Block::Result(result) => write_result(out, result),
    }
}

fn write_result(out: &mut Vec<u8>, result: &CallResult<'_>) {
    let is_said = |part: &&Part<'_>| !matches!(part, Part::Text(text) if text.is_blank());
    let content: Vec<&Part<'_>> = result.content.iter().filter(is_said).collect();
    compose::object(out, |block| {
        block.string("type", "tool_result");
        block.text("tool_use_id", &tool_id(&result.id));
        match content.as_slice() {
            [] => {}
            [Part::Text(text)] => block.text("content", text),
            content => block.list("content", content, |out, part| match part {
                Part::Text(text) => write_text(out, text),
                Part::Image(media) => write_media(out, "image", media, None),
                Part::Document(document) => write_media(out, "document", &document.media, document.name.as_ref()),
                // No reader puts these into a result.
                Part::Reasoning(_) | Part::Call(_) | Part::Result(_) => write_text(out, &Text::plain("")),
            }),
        }
        if result.is_error {
            block.raw("is_error", "true");
        }
    });
}

fn write_media(out: &mut Vec<u8>, kind: &str, media: &Media<'_>, title: Option<&Text<'_>>) {
    compose::object(out, |block| {
        block.string("type", kind);
        block.object("source", |source| match media {
            Media::Inline { media_type, data } => {
                source.string("type", "base64");
                source.text("media_type", media_type);
                source.text("data", data);
            }
            Media::Remote(url) => {
                source.string("type", "url");
                source.text("url", url);
            }
        });
        if let Some(title) = title {
            block.text("title", title);
        }
    });
}
