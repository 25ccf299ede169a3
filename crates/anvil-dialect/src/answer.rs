//! What a whole answer is.

use jiter::Peek;

use crate::dialect::Dialect;
use crate::envelope::TierError;
use crate::event::{FinishReason, Malformed, Spans};
use crate::json::{Reader, read_lenient};
use crate::tool_calls::ToolCalls;
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
        /// The tool calls in it.
        calls: ToolCalls,
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

/// Reads a document that is no answer of a dialect, such as a list of models or of embeddings: any JSON will do. Where it is an
/// object, it may name its model, say what it cost, and be an error, as in Chat Completions.
///
/// # Errors
/// [`Malformed`] when the body is not JSON.
pub fn read_document(body: &[u8]) -> Result<Answer, Malformed> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Malformed { reason: "not UTF-8".to_owned(), offset: error.valid_up_to() });
    }
    read_lenient(body, |body| {
        let mut json = Reader::new(body);
        let (mut spans, mut usage, mut error) = (Spans::default(), Usage::default(), None);
        if json.peek()? == Peek::Object {
            json.object(
                |name| match name {
                    "model" => 1,
                    "usage" => 2,
                    "error" => 3,
                    _ => 0,
                },
                |member, json| {
                    match member {
                        1 if json.peek()? == Peek::String => spans.model = Some(json.skip()?),
                        2 if json.peek()? == Peek::Object => usage = Usage::read_chat(json)?,
                        3 if json.peek()? != Peek::Null => error = Some(TierError::read(json)?),
                        _ => json.ignore()?,
                    }
                    Ok(())
                },
            )?;
        } else {
            json.ignore()?;
        }
        json.finish()?;
        Ok(error.map_or(Answer::Whole { spans, finish: None, usage, calls: ToolCalls::default() }, Answer::Error))
    })
}
