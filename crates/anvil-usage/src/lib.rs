//! What coding harnesses write down of their sessions: bytes of lines in, requests out.
//!
//! A log has one JSON document a line. A [`Reader`] takes a file's bytes in whatever pieces they are read, and has a
//! [`Request`] for every answer of a model when the file is at its end. A [`Ledger`] holds what many files say, and each
//! answer once: a session that is resumed or forked copies what was before. The crate does no IO, and knows no price
//! and no day.
//!
//! Every line is parsed as a whole, so that a broken one is known to be broken. What a line says besides is skipped by
//! the parser without being built. A line must be UTF-8 (RFC 8259, section 8.1); an escaped half of a surrogate pair,
//! which JavaScript writes where it cuts a string, is no fault in what is skipped.
//!
//! The forms are not specified anywhere. They are those that Claude Code 2.1 and Codex 0.169 write, and what older
//! versions are known to have written.

mod claude;
mod codex;
mod content;
mod count;
mod document;
mod kept;
mod ledger;
mod lines;
mod moment;
mod reader;
mod request;

pub use ledger::{Ledger, Requests};
pub use lines::LINE_CAP;
pub use reader::{Client, Log, Reader, Session};
pub use request::{Call, Pause, Request, Tokens};
