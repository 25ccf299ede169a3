//! Why a request cannot be said in another dialect.

use thiserror::Error;

use crate::invalid::Invalid;

/// The request holds something that the tier's dialect cannot say, and that may not be left out. The tier is not at fault and
/// neither is the caller: another tier may do. Displays as one sentence without any of the caller's text beyond member names.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {reason}")]
pub struct Untranslatable {
    /// The member's path in the caller's body, such as `messages.3.content.0`.
    pub path: String,
    /// Why it cannot be carried.
    pub reason: String,
}

impl Untranslatable {
    pub(crate) fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// A member that is not what its dialect says it is.
    pub(crate) fn not(path: impl Into<String>, expected: &str) -> Self {
        Self::new(path, format!("must be {expected}"))
    }
}

impl From<Invalid> for Untranslatable {
    fn from(invalid: Invalid) -> Self {
        Self { path: invalid.param().unwrap_or("body").to_owned(), reason: invalid.to_string() }
    }
}
