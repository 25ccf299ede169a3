//! How an attempt ended.

use anvil_relay::{Defect, Report};

use crate::failure::Failure;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it failed; `None` when the answer is whole.
    pub failure: Option<Failure>,
    /// Whether part of the answer had been released. A failure after release cannot be made good by another attempt.
    pub released: bool,
    /// What is known of the answer.
    pub report: Report,
    /// How long its parts took.
    pub timing: Timing,
    /// The items of the answer's output, as JSON, where they were to be kept.
    pub items: Vec<Vec<u8>>,
    /// The ids of the tool calls in an answer that is whole, as the client is told them.
    pub tool_calls: Vec<String>,
    /// The labels of what was repaired in an answer that is whole.
    pub repairs: Vec<&'static str>,
    /// A defect that was proven when all of the answer had left already.
    pub noted: Option<Defect>,
}

/// How long the parts of an attempt took, in seconds from its start; `None` for what was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Timing {
    /// Until a connection stood.
    pub connect: Option<f64>,
    /// Until the first event of a stream, or the first byte of another answer's body.
    pub first_byte: Option<f64>,
    /// Until part of the answer might be seen.
    pub release: Option<f64>,
    /// Until the end.
    pub total: f64,
    /// Whether the connection had been used before.
    pub reused: bool,
}
