//! The crate from outside: what harnesses send and tiers answer, and everything that is neither.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets an error has failed")]

mod answers;
mod encode;
mod envelope;
mod facts;
mod invalid;
mod stream;

use anvil_dialect::{Dialect, Facts, Invalid, Request};
use bytes::Bytes;

fn decode(dialect: Dialect, body: impl Into<Vec<u8>>) -> Result<Request, Invalid> {
    Request::decode(dialect, Bytes::from(body.into()))
}

fn facts(dialect: Dialect, body: &str) -> Facts {
    decode(dialect, body).unwrap().facts().clone()
}

/// A file of the recorded-looking wire material that all halves of the tests share.
fn wire(path: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/wire/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
