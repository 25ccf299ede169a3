//! The checks on an answer.
//!
//! A check sees what the answer said, takes no I/O and only fails what it can prove. What it proves is a [`Defect`], with a
//! stable label. A check that passes hands out [`Passed`], the only key that opens a held window: "released without a verdict"
//! cannot be written.
//!
//! Sans-IO, a leaf.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod answer;
mod blocks;
mod call_json;
mod call_marker;
mod call_python;
pub mod calls;
mod checks;
pub mod code;
mod code_span;
mod completeness;
mod content;
mod cursor;
mod defect;
pub mod diff;
pub mod edits;
mod expected;
mod fence;
pub mod form;
pub mod format;
mod html_block;
mod leaked_call;
mod lines;
mod mend;
mod names;
pub mod offered;
mod open_line;
mod period;
mod plain_text;
mod plan;
mod prose;
mod refusal;
pub mod repair;
mod repetition;
pub mod schema;
mod seen;
mod span;
pub mod strict_json;
pub mod template;
mod token;
mod tool_names;
mod unfolding;
mod verdict;

pub use answer::{Answer, Ending};
pub use calls::Calls;
pub use checks::{Check, Checks};
pub use completeness::Completeness;
pub use content::{Content, Finish};
pub use defect::Defect;
pub use expected::{Conversation, Demanded, Expected, Limits};
pub use fence::{BLOCK_LIMIT, FenceEvent, FencedBlock, Fences, Place, TextKind};
pub use format::{Format, FormatCheck};
pub use leaked_call::LeakedCall;
pub use offered::{Choice, Offered, Tool};
pub use refusal::Refusal;
pub use repair::{RepairKind, Repaired};
pub use repetition::Repetition;
pub use schema::Schema;
pub use seen::Seen;
pub use span::Span;
pub use strict_json::StrictJson;
pub use template::Template;
pub use token::Tokens;
pub use verdict::Passed;
