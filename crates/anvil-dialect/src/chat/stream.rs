//! The chunks of a streamed Chat Completions answer.

use jiter::Peek;

use super::logprobs;
use crate::envelope::TierError;
use crate::event::{Event, EventKind, FinishReason, Malformed, Outline, Spans};
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::tool_calls::ToolCalls;
use crate::usage::Usage;

/// The data of the last event, which is not JSON.
const DONE: &[u8] = b"[DONE]";

#[derive(Clone, Copy)]
enum Member {
    Model,
    Choices,
    Usage,
    Error,
    Other,
}

/// What the choices of one chunk, or of one whole answer, say.
#[derive(Default)]
pub(super) struct Choices {
    pub(super) seen: u128,
    pub(super) finished: u128,
    pub(super) finish: Option<FinishReason>,
    /// How many had the object that carries the answer (`delta` or `message`).
    pub(super) answers: usize,
    pub(super) count: usize,
    pub(super) calls: ToolCalls,
    /// Where the one choice tells how sure the model was.
    pub(super) logprobs: Option<Span>,
}

/// Reads one chunk's data.
pub(crate) fn read(data: &[u8], usage: &mut Usage) -> Result<Event, Malformed> {
    if data.trim_ascii() == DONE {
        return Ok(Event::bare(EventKind::Terminal, ""));
    }
    let mut json = Reader::of_object(data, "a chunk that is not a JSON object")?;
    let (mut model, mut choices, mut error, mut has_usage) = (None, None, None, false);
    json.object(member, |member, json| {
        match member {
            Member::Model if json.peek()? == Peek::String => model = Some(json.skip()?),
            Member::Choices if json.peek()? == Peek::Array => choices = Some(read_choices(json, "delta")?),
            Member::Usage if json.peek()? == Peek::Object => {
                usage.update(Usage::read_chat(json)?);
                has_usage = true;
            }
            Member::Error if json.peek()? != Peek::Null => error = Some(TierError::read(json)?),
            _ => json.ignore()?,
        }
        Ok(())
    })?;
    json.finish()?;
    if let Some(error) = error {
        return Ok(Event::bare(EventKind::Error(error), ""));
    }
    let choices = choices.ok_or_else(|| Malformed::new("a chunk without choices"))?;
    Ok(Event {
        outline: if has_usage && choices.count == 0 { Outline::Costs } else { Outline::Fills },
        spans: Spans { model, logprobs: choices.logprobs.filter(|_| choices.count == 1), ..Spans::default() },
        choices: choices.seen,
        finished: choices.finished,
        finish: choices.finish,
        calls: choices.calls,
        ..Event::bare(EventKind::Answer, "")
    })
}

/// Reads the list of choices that comes next; `answer` is the member that carries a choice's part of the answer.
pub(super) fn read_choices(json: &mut Reader<'_>, answer: &str) -> Result<Choices, Invalid> {
    let mut choices = Choices::default();
    json.array(|_, json| {
        choices.count += 1;
        if json.peek()? != Peek::Object {
            return json.ignore();
        }
        let (mut index, mut finish) = (0, None);
        json.object(
            |name| match name {
                "index" => 1,
                "finish_reason" => 2,
                name if name == answer => 3,
                logprobs::MEMBER => 4,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 => index = json.unsigned()?.unwrap_or(0),
                    2 => finish = json.string_as(finish_reason)?.flatten(),
                    3 => {
                        choices.answers += usize::from(json.peek()? == Peek::Object);
                        json.member("tool_calls", |json| read_calls(json, &mut choices.calls))?;
                    }
                    4 if json.peek()? == Peek::Object => choices.logprobs = Some(json.skip()?),
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        // The vendor allows 128 choices; one beyond that is not tracked.
        let bit = u32::try_from(index).ok().and_then(|index| 1_u128.checked_shl(index)).unwrap_or(0);
        choices.seen |= bit;
        if finish.is_some() {
            choices.finished |= bit;
            choices.finish = finish;
        }
        Ok(())
    })?;
    Ok(choices)
}

/// Reads the calls that come next, of which a stream names each in its first piece only.
fn read_calls(json: &mut Reader<'_>, calls: &mut ToolCalls) -> Result<(), Invalid> {
    if json.peek()? != Peek::Array {
        return json.ignore();
    }
    json.array(|_, json| {
        json.member_string("id")?.into_iter().for_each(|id| calls.push(id));
        Ok(())
    })
}

/// What a `finish_reason` means. Some engines send `""` for `null`.
fn finish_reason(reason: &str) -> Option<FinishReason> {
    Some(match reason {
        "" => return None,
        "stop" => FinishReason::Stop,
        "length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::Refusal,
        _ => FinishReason::Other,
    })
}

fn member(name: &str) -> Member {
    match name {
        "model" => Member::Model,
        "choices" => Member::Choices,
        "usage" => Member::Usage,
        "error" => Member::Error,
        _ => Member::Other,
    }
}
