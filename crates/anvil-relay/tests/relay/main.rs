//! The crate from outside: which bytes may a client have seen, however the tier's are cut.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets an error has failed")]

mod cuts;
mod hostile;
mod openings;
mod streams;
mod tool_calls;
mod translated;
mod whole;

use std::sync::Arc;

use anvil_dialect::{Asked, Dialect, Head};
use anvil_relay::{Ending, Form, Relay, Setup, Step};

/// Every recorded stream.
const STREAMS: [(Dialect, &str); 17] = [
    (Dialect::Messages, "claude_code"),
    (Dialect::Messages, "anthropic_py"),
    (Dialect::Messages, "refusal"),
    (Dialect::Messages, "error_first"),
    (Dialect::Messages, "error_after_content"),
    (Dialect::Chat, "openai_py"),
    (Dialect::Chat, "aider"),
    (Dialect::Chat, "opencode"),
    (Dialect::Chat, "pi"),
    (Dialect::Chat, "azure"),
    (Dialect::Chat, "two_choices"),
    (Dialect::Chat, "no_done"),
    (Dialect::Chat, "done_without_finish"),
    (Dialect::Chat, "crlf"),
    (Dialect::Chat, "llama_cpp_error_after_content"),
    (Dialect::Responses, "openai_py"),
    (Dialect::Responses, "codex_patch"),
];

/// A file of the wire material that all halves of the tests share (`tests/wire/README.md`).
fn wire(dialect: Dialect, path: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/wire/{}/{path}", env!("CARGO_MANIFEST_DIR"), dialect.name());
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn stream(dialect: Dialect, case: &str) -> Vec<u8> {
    wire(dialect, &format!("{case}/stream.sse"))
}

fn setup(dialect: Dialect, form: Form) -> Setup {
    let asked = Arc::new(Asked::chat(true));
    Setup::new(
        dialect,
        dialect,
        form,
        Head { model: "planning".to_owned(), asked, ..Head::default() },
        "req_1".to_owned(),
    )
}

/// Feeds the chunks and then the end; what the client got, and the last step.
fn run<'a>(setup: Setup, chunks: impl IntoIterator<Item = &'a [u8]>, ending: Ending) -> (Vec<u8>, Step) {
    let (mut relay, mut out) = (Relay::new(setup), Vec::new());
    for chunk in chunks {
        let before = out.len();
        let step = relay.push(chunk, &mut out);
        if let Step::Reject(_) = step {
            assert_eq!(before, 0, "rejected after something had left");
            assert!(out.is_empty(), "a rejected answer left bytes");
        }
        if step != Step::Continue {
            assert_silent(&mut relay, &mut out);
            return (out, step);
        }
    }
    let step = relay.end(ending, &mut out);
    if let Step::Reject(_) = step {
        assert!(out.is_empty(), "a rejected answer left bytes");
    }
    assert_silent(&mut relay, &mut out);
    (out, step)
}

/// A relay that is over has nothing more to say.
fn assert_silent(relay: &mut Relay, out: &mut Vec<u8>) {
    let length = out.len();
    let more = b"data: {\"choices\":[{\"delta\":{}}]}\n\nevent: x\ndata: {\"type\":\"message_start\"}\n\n";
    assert_eq!(relay.push(more, out), Step::Continue);
    assert_eq!(relay.abandon(anvil_relay::Defect::StreamCut, out), Step::Continue);
    assert_eq!(relay.end(Ending::Clean, out), Step::Continue);
    assert_eq!(relay.end(Ending::Cut, out), Step::Continue);
    assert_eq!(out.len(), length);
}

fn text(out: &[u8]) -> &str {
    std::str::from_utf8(out).unwrap()
}
