//! What a request and an answer are, dialect by dialect.
//!
//! [`Request::decode`] reads a body once and keeps it as bytes beside small [`Facts`]; [`Request::encode`] splices what a
//! tier overrides into it, so that in the same dialect every unknown member survives byte for byte. [`Reader`] says what one
//! stream event is, [`answer::read`] what a whole answer is, [`envelope`] how an error looks on the wire.
//!
//! A tier that speaks another dialect gets what [`translate()`] makes of a request; what it answers is read by [`DeltaReader`] or
//! [`read_answer`] and said again by [`DeltaWriter`] or [`write_answer`], through [`Delta`]s that no dialect owns.
//!
//! Sans-IO: bytes in, values out.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

pub mod answer;
mod asked;
mod authored;
mod chat;
mod compose;
mod conversation;
mod counted;
mod delta;
mod demands;
mod dialect;
mod dimensions;
pub mod envelope;
mod event;
mod facts;
mod gathered;
mod hash;
mod history;
mod invalid;
mod json;
mod messages;
mod node;
mod overrides;
mod pasted;
mod pattern;
mod phrases;
mod prose;
mod request;
mod responses;
mod script;
mod shape;
mod speech;
mod sureness;
mod text;
mod tool_calls;
mod translate;
mod unread;
mod untranslatable;
mod usage;
mod warning;
mod words;

pub use asked::Asked;
pub use delta::{Delta, DeltaReader, DeltaWriter, Head, Said, StopReason, read_answer, write_answer};
pub use demands::{AnswerFormat, Demanded, Demands, ToolChoice};
pub use dialect::Dialect;
pub use event::{Event, EventKind, FinishReason, Malformed, Outline, Reader, Spans};
pub use facts::Facts;
pub use history::Step;
pub use invalid::Invalid;
pub use json::quoted;
pub use overrides::{BadOverrides, Overrides};
pub use phrases::{BadPhrases, Phrases};
pub use request::Request;
pub use shape::Shape;
pub use speech::Speech;
pub use sureness::Sureness;
pub use text::Text;
pub use tool_calls::ToolCalls;
pub use translate::{Translated, translate};
pub use untranslatable::Untranslatable;
pub use usage::Usage;
pub use warning::{Warning, WarningKind};
