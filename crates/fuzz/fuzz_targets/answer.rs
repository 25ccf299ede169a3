//! Whatever an answer says, in whatever order, under every check: a verdict, and as good or bad however its texts are cut.
#![no_main]

use std::sync::Arc;

use anvil_verify::{Answer, Check, Checks, Choice, Conversation, Demanded, Ending, Expected, Finish, Limits, Offered, Seen};
use anvil_verify::{Tokens, Tool};
use libfuzzer_sys::fuzz_target;

/// What stands in the conversation, so that edits have something to be held against.
const FILE: &str = "one = 1\ntwo = 2\n";

struct Pasted;

impl Conversation for Pasted {
    fn demanded(&self) -> Demanded {
        let tools = vec![Tool::new("Edit".to_owned(), None), Tool::new("f".to_owned(), Some(r#"{"type":"object"}"#.to_owned()))];
        let tools = Some(Arc::new(Offered::new(tools, Choice::Auto, true)));
        Demanded { tools, ..Demanded::default() }
    }

    fn tell(&self, seen: &mut Seen) {
        seen.user(&format!("I have *added these files to the chat*\n\na.py\n```\n{FILE}```\n"));
    }

    fn named_tokens(&self) -> Tokens {
        Tokens::default()
    }

    fn size(&self) -> usize {
        FILE.len()
    }
}

// The steps stand between U+0001: the first byte of each says which it is, the rest what it says.
fuzz_target!(|input: &str| {
    let whole = run(input, usize::MAX);
    assert_eq!(run(input, 1), whole);
    assert_eq!(run(input, 7), whole);
});

/// Whether a defect was found: which of several comes first may depend on the cuts.
fn run(input: &str, size: usize) -> bool {
    let names = vec!["Edit".to_owned(), "f".to_owned()];
    let expected = Expected::new(Checks::of(Check::ALL, true), Limits::default(), names, false, Box::new(Pasted));
    let mut answer = Answer::new(Arc::new(expected));
    for (call, line) in input.split('\u{1}').enumerate() {
        let kind = line.bytes().next().unwrap_or_default();
        let rest = line.get(1..).unwrap_or_default();
        let found = match kind {
            b'c' => answer.call(call, rest, if rest.len() % 2 == 0 { "f" } else { "Edit" }),
            b'a' => answer.arguments(rest.len() % 8, rest),
            b'e' => answer.call_end(rest.len() % 8).map(drop),
            b'r' => pieces(rest, size, |piece| answer.reasoning(piece)),
            _ => pieces(rest, size, |piece| answer.text(piece)),
        };
        let _ = (answer.clear(), answer.outstanding());
        if found.is_err() {
            return true;
        }
    }
    answer.end(Ending { finish: Finish::Stop, ..Ending::default() }).is_err()
}

fn pieces<E>(text: &str, size: usize, mut take: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    let mut rest = text;
    while !rest.is_empty() {
        let end = (1..=rest.len()).find(|&at| (at >= size || at == rest.len()) && rest.is_char_boundary(at));
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        take(piece)?;
        rest = after;
    }
    Ok(())
}
