//! What a whole answer is.

use crate::dialect::Dialect;
use crate::envelope::TierError;
use crate::event::{FinishReason, Malformed, Spans};
use crate::json::{Reader, read_lenient};
use crate::usage::Usage;
use crate::{chat, messages, responses};

/// A whole answer, read but not taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A whole answer.
    Whole {
        /// Where in the body lies what a relay may have to say otherwise.
        spans: Spans,
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
        Dialect::Responses => responses::answer::read(body),
    })
}

/// The items of a whole answer's output, as JSON; only Responses has any.
///
/// # Errors
/// [`Malformed`] when the body is not an answer of the dialect.
pub fn items(dialect: Dialect, body: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    match dialect {
        Dialect::Messages | Dialect::Chat => Ok(Vec::new()),
        Dialect::Responses => read_lenient(body, responses::answer::items)
            .map(|spans| spans.into_iter().map(|span| body[span].to_vec()).collect()),
    }
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
    Ok(Answer::Whole { spans: Spans::default(), finish: None, usage: Usage::default() })
}
