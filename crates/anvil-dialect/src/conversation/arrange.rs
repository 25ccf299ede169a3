//! Turns in the order that every vendor accepts.

use std::collections::HashMap;

use super::attribution::without_attribution;
use super::{Call, CallResult, Message, Part, Role, Spelling};
use crate::text::Text;
use crate::warning::{WarningKind, Warnings};

/// What the user says in a first turn that a conversation was given because it had none of theirs.
pub(crate) const OPENING: &str = "(The conversation begins.)";

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
    /// Each call's id until its result is there.
    ids: Vec<Option<Text<'a>>>,
    /// Where in `ids` an id is, the first one last.
    places: HashMap<String, Vec<usize>>,
    slot: usize,
    path: String,
}

impl<'a> Open<'a> {
    fn new(ids: Vec<Text<'a>>, slot: usize, path: String) -> Self {
        let mut places: HashMap<String, Vec<usize>> = HashMap::with_capacity(ids.len());
        for (place, id) in ids.iter().enumerate().rev() {
            places.entry(id.decoded().into_owned()).or_default().push(place);
        }
        Self { ids: ids.into_iter().map(Some).collect(), places, slot, path }
    }

    /// Whether a call of that id still waited; it does no longer.
    fn take(&mut self, id: &Text<'_>) -> bool {
        let place = self.places.get_mut(&*id.decoded()).and_then(Vec::pop);
        place.and_then(|place| self.ids[place].take()).is_some()
    }
}

/// Arranges messages into turns: results move to the calls they belong to, whatever the caller put between; a call that has
/// none is given one that says so, and a result without a call becomes text.
pub(crate) fn arrange<'a>(messages: Vec<Message<'a>>, spelling: &Spelling, warnings: &mut Warnings) -> Vec<Turn<'a>> {
    let mut turns = Vec::with_capacity(messages.len() + 8);
    let mut open = Open::default();
    for message in messages {
        let path = format!("{}.{}", spelling.messages, message.index);
        match message.role {
            Role::System => turns.push(Turn::System(message.parts.iter().filter_map(Part::as_text).cloned().collect())),
            Role::User => {
                let rest = place_results(message.parts, &path, &mut open, &mut turns, warnings);
                if !rest.is_empty() {
                    turns.push(Turn::User(rest));
                }
            }
            Role::Assistant => {
                settle(&mut open, &mut turns, warnings);
                let ids: Vec<Text<'a>> = calls(&message.parts).map(|call| call.id.clone()).collect();
                turns.push(Turn::Assistant(message.parts));
                if !ids.is_empty() {
                    open = Open::new(ids, turns.len(), path);
                    turns.push(Turn::Results(Vec::new()));
                }
            }
        }
    }
    settle(&mut open, &mut turns, warnings);
    turns
}

/// The instructions that stand before everything else, without the line that says who pays, and the turns after them.
pub(crate) fn instructions<'t, 'a>(system: Vec<Text<'a>>, turns: &'t [Turn<'a>]) -> (Vec<Text<'a>>, &'t [Turn<'a>]) {
    let leading = turns.iter().take_while(|turn| matches!(turn, Turn::System(_))).count();
    let (first, rest) = turns.split_at(leading);
    let mut instructions: Vec<Text<'a>> = system.into_iter().filter_map(without_attribution).collect();
    for turn in first {
        if let Turn::System(texts) = turn {
            instructions.extend(texts.iter().cloned());
        }
    }
    (instructions, rest)
}

/// An instruction at its place in the conversation, marked as harnesses mark theirs.
pub(crate) fn reminder(text: &Text<'_>) -> Text<'static> {
    let (before, after) = (Text::plain("<system-reminder>\\n"), Text::plain("\\n</system-reminder>"));
    Text::join([&before, text, &after], "")
}

/// Turns for an engine whose chat template takes instructions before everything else only, and two turns of the user's in a row
/// not at all: a later instruction becomes a reminder of the user's, and neighbouring turns of the user one.
pub(crate) fn reminded<'a>(turns: Vec<Turn<'a>>, spelling: &Spelling, warnings: &mut Warnings) -> Vec<Turn<'a>> {
    let mut reminded: Vec<Turn<'a>> = Vec::with_capacity(turns.len());
    let mut has_begun = false;
    for turn in turns {
        has_begun |= !matches!(turn, Turn::System(_));
        let turn = match turn {
            Turn::System(texts) if has_begun => {
                warnings.note(WarningKind::SystemAsUser, spelling.messages);
                Turn::User(texts.iter().map(|text| Part::Text(reminder(text))).collect())
            }
            other => other,
        };
        match (reminded.last_mut(), turn) {
            (Some(Turn::User(last)), Turn::User(mut parts)) => last.append(&mut parts),
            (_, turn) => reminded.push(turn),
        }
    }
    reminded
}

/// The calls among `parts`.
pub(super) fn calls<'p, 'a>(parts: &'p [Part<'a>]) -> impl Iterator<Item = &'p Call<'a>> {
    parts.iter().filter_map(|part| match part {
        Part::Call(call) => Some(call),
        _ => None,
    })
}

/// Moves the message's results to their calls; returns what else it holds, results without a call among it.
fn place_results<'a>(
    parts: Vec<Part<'a>>,
    path: &str,
    open: &mut Open<'a>,
    turns: &mut [Turn<'a>],
    warnings: &mut Warnings,
) -> Vec<Part<'a>> {
    let mut rest = Vec::new();
    for part in parts {
        let Part::Result(result) = part else {
            rest.push(part);
            continue;
        };
        if let (true, Some(Turn::Results(results))) = (open.take(&result.id), turns.get_mut(open.slot)) {
            results.push(result);
        } else {
            warnings.note(WarningKind::OrphanResult, path);
            let note = "[The result of a tool call that is no longer part of the conversation]";
            rest.push(Part::Text(Text::plain(note)));
            rest.extend(result.content);
        }
    }
    rest
}

/// Gives the calls that still wait a result each.
fn settle<'a>(open: &mut Open<'a>, turns: &mut [Turn<'a>], warnings: &mut Warnings) {
    let Open { ids, slot, path, .. } = std::mem::take(open);
    let Some(Turn::Results(results)) = turns.get_mut(slot) else { return };
    for id in ids.into_iter().flatten() {
        warnings.note(WarningKind::OrphanCall, path.clone());
        let content = vec![Part::Text(Text::plain("No result of this tool call was recorded."))];
        results.push(CallResult { id, content, is_error: true });
    }
}
