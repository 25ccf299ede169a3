//! The seals on earlier thoughts; see `messages/seals.rs`.

use crate::compose;
use crate::node::Node;

/// The input for a tier that is not the vendor's: without `encrypted_content`. `None` where nothing has to change.
pub(crate) fn without(input: &str) -> Option<String> {
    rewritten(input, |item| {
        let has_words = ["content", "summary"].iter().any(|name| item.get(name).is_some_and(|own| !own.is_void()));
        has_words.then(|| {
            let mut out = Vec::with_capacity(item.raw().len());
            compose::object(&mut out, |members| {
                for (name, value) in item.members().filter(|(name, _)| *name != "encrypted_content") {
                    members.named(name, value.raw());
                }
            });
            String::from_utf8(out).unwrap_or_default()
        })
    })
}

/// The input for the vendor, who looks up a thought without a seal among those it has stored, and finds none. `None` where nothing
/// has to change.
pub(crate) fn only(input: &str) -> Option<String> {
    rewritten(input, |item| is_sealed(item).then(|| item.raw().to_owned()))
}

fn is_sealed(item: &Node<'_>) -> bool {
    item.get_text("encrypted_content").is_some_and(|seal| !seal.is_empty())
}

/// The input with what `keep` makes of each reasoning item that a tier of one kind or the other would trip over.
fn rewritten(input: &str, keep: impl Fn(&Node<'_>) -> Option<String>) -> Option<String> {
    let node = Node::read(input, 2).ok()?;
    let mut items: Vec<String> = Vec::new();
    for item in node.list()? {
        if item.kind() == "reasoning" {
            items.extend(keep(item));
        } else {
            items.push(item.raw().to_owned());
        }
    }
    Some(format!("[{}]", items.join(",")))
}
