//! The seals on earlier thoughts.
//!
//! A vendor signs what its model thought, and takes no thought back without its own signature ("Extended thinking", preserving
//! thinking blocks); to anybody else the signature means nothing and is not theirs to have.

use super::local::MESSAGES_DEPTH;
use crate::compose;
use crate::node::Node;

/// The messages without signatures and without thoughts that only their vendor can read; `None` where nothing has to change.
pub(super) fn without(messages: &str) -> Option<String> {
    rewritten(messages, |block| match block.kind().as_str() {
        "redacted_thinking" => Kept::No,
        "thinking" if block.get_text("signature").is_some_and(|seal| !seal.is_empty()) => Kept::Unsigned,
        _ => Kept::Yes,
    })
}

/// The messages without what their vendor would refuse: thoughts that nobody signed, as other tiers' are, and texts of nothing,
/// which an answer may begin with that was long in coming. `None` where nothing has to change.
pub(crate) fn only(messages: &str) -> Option<String> {
    rewritten(messages, |block| match block.kind().as_str() {
        "thinking" if block.get_text("signature").is_none_or(|seal| seal.is_empty()) => Kept::No,
        "text" if block.get_text("text").is_some_and(|text| text.is_empty()) => Kept::No,
        _ => Kept::Yes,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    Unsigned,
    No,
}

/// The messages with only what is to be kept of the assistant's; one of which nothing is left goes with its last block.
fn rewritten(messages: &str, keep: impl Fn(&Node<'_>) -> Kept) -> Option<String> {
    let node = Node::read(messages, MESSAGES_DEPTH).ok()?;
    let mut has_changed = false;
    let mut kept: Vec<String> = Vec::new();
    for message in node.list()? {
        let is_assistant = message.get_text("role").is_some_and(|role| role.decoded() == "assistant");
        let blocks = message.get("content").and_then(Node::list).filter(|_| is_assistant);
        let verdicts: Vec<Kept> = blocks.unwrap_or_default().iter().map(&keep).collect();
        if verdicts.iter().all(|verdict| *verdict == Kept::Yes) {
            kept.push(message.raw().to_owned());
            continue;
        }
        has_changed = true;
        let blocks: Vec<String> = blocks.unwrap_or_default().iter().zip(verdicts).filter_map(block).collect();
        if !blocks.is_empty() {
            kept.push(with_content(message, &format!("[{}]", blocks.join(","))));
        }
    }
    has_changed.then(|| format!("[{}]", kept.join(",")))
}

fn block((block, kept): (&Node<'_>, Kept)) -> Option<String> {
    match kept {
        Kept::Yes => Some(block.raw().to_owned()),
        Kept::Unsigned => Some(replaced(block, "signature", "\"\"")),
        Kept::No => None,
    }
}

fn with_content(message: &Node<'_>, content: &str) -> String {
    replaced(message, "content", content)
}

/// The object with another value for the member.
fn replaced(object: &Node<'_>, wanted: &str, json: &str) -> String {
    let mut out = Vec::with_capacity(object.raw().len());
    compose::object(&mut out, |members| {
        for (name, value) in object.members() {
            members.named(name, if name == wanted { json } else { value.raw() });
        }
    });
    String::from_utf8(out).unwrap_or_default()
}
