//! A whole Responses answer.

use jiter::Peek;

use super::response::{Response, Status};
use crate::answer::Answer;
use crate::event::{Malformed, Spans};
use crate::json::{Reader, Span};

/// Reads the body.
pub(crate) fn read(body: &[u8]) -> Result<Answer, Malformed> {
    let mut json = Reader::of_object(body, "an answer that is not a JSON object")?;
    let response = Response::read(&mut json)?;
    json.finish()?;
    match (response.error, response.status, response.output) {
        (Some(error), ..) => Ok(Answer::Error(error)),
        (None, Status::Failed, _) => Ok(Answer::Error(crate::envelope::TierError::default())),
        (None, Status::Unfinished, _) => Err(Malformed::new("an answer that is not finished")),
        (None, _, None) => Err(Malformed::new("an answer without output")),
        (None, _, Some(_)) => {
            let spans = Spans { model: response.model, id: response.id, ..Spans::default() };
            Ok(Answer::Whole { spans, finish: Some(response.finish), usage: response.usage, calls: response.calls })
        }
    }
}

/// Where the items of the output lie.
pub(crate) fn items(body: &[u8]) -> Result<Vec<Span>, Malformed> {
    let mut items = Vec::new();
    Reader::new(body).member("output", |json| {
        if json.peek()? != Peek::Array {
            return json.ignore();
        }
        json.array(|_, json| {
            items.push(json.skip()?);
            Ok(())
        })
    })?;
    Ok(items)
}
