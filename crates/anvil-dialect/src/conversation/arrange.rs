//! Turns in the order that every vendor accepts.

use super::{Call, CallResult, Message, Part, Role};
use crate::text::Text;
use crate::warning::{WarningKind, Warnings};

/// One turn. A turn of the assistant that calls tools is followed at once by the results of all its calls.
#[derive(Debug)]
pub(crate) enum Turn<'a> {
    System(Vec<Text<'a>>),
    User(Vec<Part<'a>>),
    Assistant(Vec<Part<'a>>),
    Results(Vec<CallResult<'a>>),
}

/// The calls that wait for their results, and where among the turns those belong.
#[derive(Default)]
struct Open<'a> {
    ids: Vec<Text<'a>>,
    slot: usize,
    path: String,
}

/// Arranges messages into turns: results move to the calls they belong to, whatever the caller put between; a call that has
/// none is given one that says so, and a result without a call becomes text.
pub(crate) fn arrange<'a>(messages: Vec<Message<'a>>, warnings: &mut Warnings) -> Vec<Turn<'a>> {
    let mut turns = Vec::with_capacity(messages.len() + 8);
    let mut open = Open::default();
    for message in messages {
        match message.role {
            Role::System => turns.push(Turn::System(texts(message.parts))),
            Role::User => {
                let rest = place_results(message, &mut open, &mut turns, warnings);
                if !rest.is_empty() {
                    turns.push(Turn::User(rest));
                }
            }
            Role::Assistant => {
                settle(&mut open, &mut turns, warnings);
                let ids: Vec<Text<'a>> = calls(&message.parts).map(|call| call.id.clone()).collect();
                turns.push(Turn::Assistant(message.parts));
                if !ids.is_empty() {
                    open = Open { ids, slot: turns.len(), path: format!("messages.{}", message.index) };
                    turns.push(Turn::Results(Vec::new()));
                }
            }
        }
    }
    settle(&mut open, &mut turns, warnings);
    turns
}

/// The calls among `parts`.
pub(super) fn calls<'p, 'a>(parts: &'p [Part<'a>]) -> impl Iterator<Item = &'p Call<'a>> {
    parts.iter().filter_map(|part| match part {
        Part::Call(call) => Some(call),
        _ => None,
    })
}

fn texts(parts: Vec<Part<'_>>) -> Vec<Text<'_>> {
    let text = |part| match part {
        Part::Text(text) => Some(text),
        _ => None,
    };
    parts.into_iter().filter_map(text).collect()
}

/// Moves the message's results to their calls; returns what else it holds, results without a call among it.
fn place_results<'a>(
    message: Message<'a>,
    open: &mut Open<'a>,
    turns: &mut [Turn<'a>],
    warnings: &mut Warnings,
) -> Vec<Part<'a>> {
    let mut rest = Vec::new();
    for part in message.parts {
        let Part::Result(result) = part else {
            rest.push(part);
            continue;
        };
        let waiting = open.ids.iter().position(|id| id.same(&result.id));
        if let (Some(position), Some(Turn::Results(results))) = (waiting, turns.get_mut(open.slot)) {
            open.ids.remove(position);
            results.push(result);
        } else {
            warnings.note(WarningKind::OrphanResult, format!("messages.{}", message.index));
            let note = "[The result of a tool call that is no longer part of the conversation]";
            rest.push(Part::Text(Text::plain(note)));
            rest.extend(result.content);
        }
    }
    rest
}

/// Gives the calls that still wait a result each.
fn settle<'a>(open: &mut Open<'a>, turns: &mut [Turn<'a>], warnings: &mut Warnings) {
    let Open { ids, slot, path } = std::mem::take(open);
    let Some(Turn::Results(results)) = turns.get_mut(slot) else { return };
    for id in ids {
        warnings.note(WarningKind::OrphanCall, path.clone());
        let content = vec![Part::Text(Text::plain("No result of this tool call was recorded."))];
        results.push(CallResult { id, content, is_error: true });
    }
}
