//! A whole Chat Completions answer.

use jiter::Peek;

use super::stream::read_choices;
use crate::answer::Answer;
use crate::envelope::TierError;
use crate::event::{Malformed, Spans};
use crate::json::Reader;
use crate::usage::Usage;

/// Reads the body.
pub(crate) fn read(body: &[u8]) -> Result<Answer, Malformed> {
    let mut json = Reader::of_object(body, "an answer that is not a JSON object")?;
    let (mut model, mut choices, mut error, mut usage) = (None, None, None, Usage::default());
    json.object(
        |name| match name {
            "model" => 1,
            "choices" => 2,
            "usage" => 3,
            "error" => 4,
            _ => 0,
        },
        |member, json| {
            match member {
                1 if json.peek()? == Peek::String => model = Some(json.skip()?),
                2 if json.peek()? == Peek::Array => choices = Some(read_choices(json, "message")?),
                3 if json.peek()? == Peek::Object => usage = Usage::read_chat(json)?,
                4 if json.peek()? != Peek::Null => error = Some(TierError::read(json)?),
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    json.finish()?;
    if let Some(error) = error {
        return Ok(Answer::Error(error));
    }
    let choices = choices.ok_or_else(|| Malformed::new("an answer without choices"))?;
    if choices.count == 0 || choices.answers < choices.count {
        return Err(Malformed::new("an answer whose choices carry no message"));
    }
    let logprobs = choices.logprobs.filter(|_| choices.count == 1);
    let spans = Spans { model, logprobs, ..Spans::default() };
    Ok(Answer::Whole { spans, finish: choices.finish, usage, calls: choices.calls })
}
