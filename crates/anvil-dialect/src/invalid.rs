//! Why a body is not a request.

use thiserror::Error;

/// The caller's fault: the body is not a request of its dialect. Displays as one sentence without any of the caller's text
/// beyond member names; offsets are in bytes from the start of the body.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Invalid {
    /// The body is not UTF-8.
    #[error("the request body is not valid UTF-8 at byte {offset}")]
    NotUtf8 {
        /// Where the first bad byte is.
        offset: usize,
    },
    /// The body is not JSON.
    #[error("the request body is not valid JSON: {reason} at byte {offset}")]
    NotJson {
        /// What the parser expected or found, in its own words.
        reason: String,
        /// Where parsing stopped.
        offset: usize,
    },
    /// The body is JSON, but not an object.
    #[error("the request body must be a JSON object")]
    NotAnObject,
    /// A member that the dialect requires is not there.
    #[error("{path}: field required")]
    Missing {
        /// The member's path, such as `max_tokens` or `messages.0.role`.
        path: String,
    },
    /// A member has the wrong type or an impossible value.
    #[error("{path}: must be {expected}")]
    WrongType {
        /// The member's path.
        path: String,
        /// What it must be, in words.
        expected: &'static str,
    },
    /// A member of the top level is there twice; which one counts is ambiguous between parsers, so neither does.
    #[error("{path}: appears more than once")]
    Duplicate {
        /// The member's name.
        path: String,
    },
}

impl Invalid {
    /// The path of the offending member, where one member is to blame.
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Missing { path } | Self::WrongType { path, .. } | Self::Duplicate { path } => Some(path),
            Self::NotUtf8 { .. } | Self::NotJson { .. } | Self::NotAnObject => None,
        }
    }

    pub(crate) fn missing(path: impl Into<String>) -> Self {
        Self::Missing { path: path.into() }
    }

    pub(crate) fn wrong(path: impl Into<String>, expected: &'static str) -> Self {
        Self::WrongType { path: path.into(), expected }
    }
}
