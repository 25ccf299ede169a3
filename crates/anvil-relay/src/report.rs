//! What is known of an answer when it is over.

use anvil_dialect::{FinishReason, Sureness, Usage};

/// What a relay knows of its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Why the answer stopped, where the tier said it.
    pub finish: Option<FinishReason>,
    /// What it cost in tokens, as the tier counted.
    pub usage: Usage,
    /// Events of the stream that were part of the answer; 0 for a whole answer.
    pub events: u64,
    /// Whether its content was checked.
    pub verified: Verified,
    /// How sure the model was of its words, where the content was checked and the tier says so.
    pub sureness: Sureness,
}

/// Whether the content of an answer was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verified {
    /// It was not: nothing was asked for, or the answer says what only its own dialect can.
    #[default]
    Skipped,
    /// It was, as far as it came.
    Checked,
}
