//! A whole Messages answer.

use jiter::Peek;

use super::stream::{finish_reason, read_block};
use crate::answer::Answer;
use crate::envelope::TierError;
use crate::event::{Malformed, Spans};
use crate::json::Reader;
use crate::tool_calls::ToolCalls;
use crate::usage::Usage;

/// Reads the body.
pub(crate) fn read(body: &[u8]) -> Result<Answer, Malformed> {
    let mut json = Reader::of_object(body, "an answer that is not a JSON object")?;
    let (mut model, mut has_content, mut finish, mut error, mut usage) = (None, false, None, None, Usage::default());
    let mut calls = ToolCalls::default();
    json.object(
        |name| match name {
            "model" => 1,
            "content" => 2,
            "stop_reason" => 3,
            "usage" => 4,
            "error" => 5,
            _ => 0,
        },
        |member, json| {
            match member {
                1 if json.peek()? == Peek::String => model = Some(json.skip()?),
                2 if json.peek()? == Peek::Array => {
                    has_content = true;
                    json.array(|_, json| read_block(json, &mut calls).map(drop))?;
                }
                3 => finish = json.string_as(finish_reason)?,
                4 if json.peek()? == Peek::Object => usage = Usage::read_messages(json)?,
                5 if json.peek()? != Peek::Null => error = Some(TierError::read(json)?),
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    json.finish()?;
    match error {
        Some(error) => Ok(Answer::Error(error)),
        None if has_content => Ok(Answer::Whole { spans: Spans { model, ..Spans::default() }, finish, usage, calls }),
        None => Err(Malformed::new("an answer without content")),
    }
}
