//! What can be wrong with an answer.

use thiserror::Error;

/// A proven defect of an answer. Displays as one sentence without any of the answer's content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Defect {
    /// The answer ended before it was finished.
    #[error("the answer ended before the tier finished it")]
    StreamCut,
    /// The answer ended before it began.
    #[error("the answer ended before it began")]
    NoAnswer,
    /// An event of the stream is not of the tier's dialect.
    #[error("an event of the stream is not of the tier's dialect: {reason}")]
    MalformedEvent {
        /// What is wrong with it, without its text.
        reason: String,
    },
    /// The whole answer is not of the tier's dialect.
    #[error("the answer is not of the tier's dialect: {reason}")]
    MalformedAnswer {
        /// What is wrong with it, without its text.
        reason: String,
    },
    /// The answer is of another content type than the one asked for.
    #[error("the answer has another content type than {expected}")]
    WrongContentType {
        /// The content type that was asked for.
        expected: &'static str,
    },
    /// The answer, or one event of it, is larger than its cap.
    #[error("the answer is larger than the cap of {limit} bytes")]
    TooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// The tier said, inside its answer, that it failed.
    #[error("the tier reported an error inside its answer")]
    TierError {
        /// The vendor's type of the error; empty where it gave none.
        kind: String,
        /// The tier's own words, for the log; never for the caller.
        words: String,
    },
}

impl Defect {
    /// The defect's name in decisions, metrics and docs; never changes once published.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::StreamCut => "stream_cut",
            Self::NoAnswer => "no_answer",
            Self::MalformedEvent { .. } => "malformed_event",
            Self::MalformedAnswer { .. } => "malformed_answer",
            Self::WrongContentType { .. } => "wrong_content_type",
            Self::TooLarge { .. } => "too_large",
            Self::TierError { .. } => "tier_error",
        }
    }
}
