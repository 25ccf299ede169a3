//! What a whole answer is.

use std::ops::Range;

use crate::dialect::Dialect;
use crate::envelope::TierError;
use crate::event::{FinishReason, Malformed};
use crate::json::{Reader, read_lenient};
use crate::usage::Usage;
use crate::{chat, messages};

/// A whole answer, read but not taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A whole answer.
    Whole {
        /// Where in the body the model's name lies, quotes included.
        model: Option<Range<usize>>,
        /// Why the answer stopped; `None` where the tier did not say.
        finish: Option<FinishReason>,
        /// What the answer cost.
        usage: Usage,
    },
    /// The tier says, under a status of success, that it failed.
    Error(TierError),
}

/// Reads the body of a whole answer.
///
/// # Errors
/// [`Malformed`] when the body is not an answer of the dialect.
pub fn read(dialect: Dialect, body: &[u8]) -> Result<Answer, Malformed> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Malformed { reason: "not UTF-8".to_owned(), offset: error.valid_up_to() });
    }
    read_lenient(body, |body| match dialect {
        Dialect::Messages => messages::answer::read(body),
        Dialect::Chat => chat::answer::read(body),
    })
}

/// Reads a document that is no answer of a model, such as a list of models: any JSON will do.
///
/// # Errors
/// [`Malformed`] when the body is not JSON.
pub fn read_document(body: &[u8]) -> Result<Answer, Malformed> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Malformed { reason: "not UTF-8".to_owned(), offset: error.valid_up_to() });
    }
    read_lenient(body, |body| {
        let mut json = Reader::new(body);
        json.skip()?;
        json.finish()
    })?;
    Ok(Answer::Whole { model: None, finish: None, usage: Usage::default() })
}
