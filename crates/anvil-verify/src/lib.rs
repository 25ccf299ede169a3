//! The checks on an answer.
//!
//! A check sees what the answer said, takes no I/O and only fails what it can prove. What it proves is a [`Defect`], with a
//! stable label. A check that passes hands out [`Passed`], the only key that opens a held window: "released without a verdict"
//! cannot be written.
//!
//! Sans-IO, a leaf.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod answer;
pub mod calls;
pub mod code;
mod blocks;
mod code_span;
mod completeness;
mod content;
mod cursor;
mod defect;
pub mod edits;
pub mod diff;
pub mod form;
pub mod format;
mod mend;
mod names;
pub mod offered;
pub mod repair;
pub mod schema;
mod seen;
mod fence;
pub mod form;
mod html_block;
mod lines;
mod period;
mod refusal;
mod repetition;
mod span;
pub mod strict_json;
mod unfolding;
pub mod template;
mod token;
mod verdict;

pub use answer::{Answer, Ending, Expected, Finish};
pub use calls::Calls;
pub use completeness::Completeness;
pub use content::{Content, Finish};
pub use defect::Defect;
pub use format::{Format, FormatCheck};
pub use offered::{Choice, Offered, Tool};
pub use repair::{RepairKind, Repaired};
pub use schema::Schema;
pub use seen::Seen;
pub use fence::{BLOCK_LIMIT, FenceEvent, FencedBlock, Fences, Place, TextKind};
pub use refusal::Refusal;
pub use repetition::Repetition;
pub use span::Span;
pub use strict_json::StrictJson;
pub use template::Template;
pub use token::Tokens;
pub use verdict::Passed;
