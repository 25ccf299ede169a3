//! The crate from outside: what harnesses send and tiers answer, and everything that is neither.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets an error has failed")]

mod answers;
mod asked;
mod deltas;
mod dimensions;
mod encode;
mod envelope;
mod facts;
mod from_responses;
mod heard;
mod hostile;
mod invalid;
mod local;
mod pattern;
mod phrases;
mod responses_facts;
mod resume;
mod round_trip;
mod seals;
mod shape;
mod stream;
mod to_responses;
mod translate;
mod unread;
mod words;

use anvil_dialect::{Dialect, Facts, Invalid, Request};
use bytes::Bytes;

const DIALECTS: [Dialect; 3] = [Dialect::Messages, Dialect::Chat, Dialect::Responses];

fn decode(dialect: Dialect, body: impl Into<Vec<u8>>) -> Result<Request, Invalid> {
    Request::decode(dialect, Bytes::from(body.into()))
}

fn facts(dialect: Dialect, body: &str) -> Facts {
    decode(dialect, body).unwrap().facts().clone()
}

/// A file of the wire material that all halves of the tests share (`tests/wire/README.md`).
fn wire(path: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/wire/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Holds `actual` against a file of the wire material; `ANVIL_BLESS=1` writes the file instead, to be read before it is kept.
fn golden(path: &str, actual: &str) {
    if std::env::var_os("ANVIL_BLESS").is_some() {
        let path = format!("{}/../../tests/wire/{path}", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(&path, actual).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    assert_eq!(String::from_utf8(wire(path)).unwrap(), actual, "{path}");
}
