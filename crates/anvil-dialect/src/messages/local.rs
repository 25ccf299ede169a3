//! A Messages request for a tier that is not the vendor's.
//!
//! Engines speak the dialect by halves: what Claude Code sends beyond it is refused, or changes the prompt's first tokens
//! with every conversation. Only these members are touched, and everything else in them stays as it was spelt.

use super::{seals, turns};
use crate::compose;
use crate::conversation::{is_attributed, reminder, without_attribution};
use crate::facts::Facts;
use crate::node::Node;
use crate::request::Request;
use crate::text::Text;

/// How many levels of the messages are taken apart: a list of messages with lists of blocks.
pub(super) const MESSAGES_DEPTH: u8 = 4;

/// A member to change, with its new value as JSON; `None` removes it.
type Edit = (&'static str, Option<String>);

/// What to change.
pub(crate) fn edits(request: &Request) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (name, raw) in request.members() {
        match name {
            // What the vendor clears from the conversation is not known elsewhere.
            "context_management" => edits.push(("context_management", None)),
            // An engine that thinks does so by itself; this kind it does not know.
            "thinking" if Node::read(raw, 1).is_ok_and(|node| node.kind() == "adaptive") => {
                edits.push(("thinking", None));
            }
            "system" => edits.extend(system(raw)),
            "messages" => edits.extend(conversation(raw, request.facts()).map(|messages| ("messages", Some(messages)))),
            _ => {}
        }
    }
    edits
}

/// The messages without system messages among them and without seals; `None` where there are none.
fn conversation(raw: &str, facts: &Facts) -> Option<String> {
    let folded = if facts.system_turns { messages(raw) } else { None };
    let raw = folded.as_deref().unwrap_or(raw);
    let bare = if facts.signed_thinking { seals::without(raw) } else { None };
    bare.or(folded)
}

/// Takes the line that says who pays out of the instructions, if it is there.
fn system(raw: &str) -> Option<Edit> {
    let node = Node::read(raw, 2).ok()?;
    if let Some(text) = node.text() {
        return is_attributed(&text).then(|| ("system", without_attribution(text).map(|rest| literal(&rest))));
    }
    let (first, rest) = node.list()?.split_first()?;
    let text = first.get_text("text").filter(is_attributed)?;
    // The text's own literal comes once, and nothing that begins like it comes before.
    let kept = without_attribution(text.clone()).map(|rest| first.raw().replacen(&literal(&text), &literal(&rest), 1));
    let blocks: Vec<&str> = kept.iter().map(String::as_str).chain(rest.iter().map(Node::raw)).collect();
    Some(("system", (!blocks.is_empty()).then(|| format!("[{}]", blocks.join(",")))))
}

fn literal(text: &Text<'_>) -> String {
    format!("\"{}\"", text.escaped())
}

/// The messages without any of role `system`: each becomes a reminder in the user's message beside it, for engines refuse the
/// role, and many chat templates two messages of the user's in a row. `None` where there is none.
fn messages(raw: &str) -> Option<String> {
    let node = Node::read(raw, MESSAGES_DEPTH).ok()?;
    let mut turns: Vec<Turn<'_, '_>> = Vec::new();
    for message in node.list()? {
        let is_user = is(message, "user");
        match (reminders(message), turns.last_mut()) {
            (Some(texts), _) if texts.is_empty() => {}
            (Some(texts), Some(last)) if last.is_user => last.pieces.extend(texts.into_iter().map(Piece::Reminder)),
            (Some(texts), _) => {
                turns.push(Turn { is_user: true, pieces: texts.into_iter().map(Piece::Reminder).collect() });
            }
            (None, Some(last)) if is_user && matches!(last.pieces.last(), Some(Piece::Reminder(_))) => {
                last.pieces.push(Piece::Message(message));
            }
            (None, _) => turns.push(Turn { is_user, pieces: vec![Piece::Message(message)] }),
        }
    }
    let mut out = Vec::with_capacity(raw.len() + 256);
    compose::list(&mut out, &turns, Turn::write);
    String::from_utf8(out).ok().filter(|_| !turns.is_empty())
}

fn is(message: &Node<'_>, role: &str) -> bool {
    message.get_text("role").is_some_and(|own| own.decoded() == role)
}

/// The texts of a system message; `None` if it is none, or holds what is no text.
fn reminders<'a>(message: &Node<'a>) -> Option<Vec<Text<'a>>> {
    let content = message.get("content").filter(|_| is(message, "system"))?;
    let text = |block: &Node<'a>| block.get_text("text").filter(|_| block.kind() == "text");
    let mut texts: Vec<Text<'a>> = match content.text() {
        Some(text) => vec![text],
        None => content.list()?.iter().map(text).collect::<Option<_>>()?,
    };
    texts.retain(|text| !text.is_blank());
    Some(texts)
}

/// A message of the new list, and what it is made of.
struct Turn<'n, 'a> {
    is_user: bool,
    pieces: Vec<Piece<'n, 'a>>,
}

enum Piece<'n, 'a> {
    Message(&'n Node<'a>),
    Reminder(Text<'a>),
}

impl Turn<'_, '_> {
    fn write(out: &mut Vec<u8>, turn: &Self) {
        if let [Piece::Message(message)] = turn.pieces.as_slice() {
            return out.extend_from_slice(message.raw().as_bytes());
        }
        compose::object(out, |message| {
            message.string("role", "user");
            message.list("content", turn.blocks(), |out, block| out.extend_from_slice(block.as_bytes()));
        });
    }

    /// The blocks as JSON, results first, for those must follow their calls at once.
    fn blocks(&self) -> Vec<String> {
        let (mut results, mut others) = (Vec::new(), Vec::new());
        for piece in &self.pieces {
            match piece {
                Piece::Reminder(text) => others.push(text_block(&reminder(text))),
                Piece::Message(message) => match (message.get_text("content"), message.get("content")) {
                    (Some(text), _) if text.is_empty() => {}
                    (Some(text), _) => others.push(text_block(&text)),
                    (None, content) => {
                        for block in content.and_then(Node::list).unwrap_or_default() {
                            let kind = if block.kind() == "tool_result" { &mut results } else { &mut others };
                            kind.push(block.raw().to_owned());
                        }
                    }
                },
            }
        }
        results.append(&mut others);
        results
    }
}

fn text_block(text: &Text<'_>) -> String {
    let mut out = Vec::with_capacity(text.escaped().len() + 32);
    turns::write_text(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
