//! The checks on an answer.
//!
//! A check sees what the answer said, takes no I/O and only fails what it can prove. What it proves is a [`Defect`], with a
//! stable label. A check that passes hands out [`Passed`], the only key that opens a held window: "released without a verdict"
//! cannot be written.
//!
//! Sans-IO, a leaf.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod answer;
mod completeness;
mod defect;
pub mod form;
mod span;
mod verdict;

pub use answer::{Answer, Ending, Expected, Finish};
pub use completeness::Completeness;
pub use defect::Defect;
pub use span::Span;
pub use verdict::Passed;
