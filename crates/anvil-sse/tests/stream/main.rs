//! The crate from outside: against the standard's sentences, against a reference written from them, and cut anywhere.
#![allow(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod encode;
mod frames;
mod limits;
mod reference;
mod split;
mod standard;
mod strategies;
