//! The events of a streamed Messages answer.

use jiter::Peek;

use crate::envelope::TierError;
use crate::event::{Event, EventKind, FinishReason, Malformed, Outline, Spans};
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::tool_calls::ToolCalls;
use crate::usage::Usage;

/// Messages has one choice.
const CHOICE: u128 = 1;

#[derive(Clone, Copy)]
enum Member {
    Type,
    Message,
    Delta,
    Usage,
    Error,
    Index,
    Block,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    MessageStart,
    ContentBlockStart,
    ContentBlockDelta,
    ContentBlockStop,
    MessageDelta,
    MessageStop,
    Ping,
    Error,
    Other,
}

impl Kind {
    /// The name that the event goes by. The vendor's own SDK drops events without one, so a tier that leaves it out is
    /// helped; a kind not yet known keeps the name it came with.
    const fn event_name(self) -> &'static str {
        match self {
            Self::MessageStart => "message_start",
            Self::ContentBlockStart => "content_block_start",
            Self::ContentBlockDelta => "content_block_delta",
            Self::ContentBlockStop => "content_block_stop",
            Self::MessageDelta => "message_delta",
            Self::MessageStop => "message_stop",
            Self::Ping => "ping",
            Self::Error => "error",
            Self::Other => "",
        }
    }
}

/// Reads one event's data.
pub(crate) fn read(data: &[u8], usage: &mut Usage) -> Result<Event, Malformed> {
    let mut json = Reader::of_object(data, "an event that is not a JSON object")?;
    let (mut kind, mut spans, mut is_text, mut finish, mut error) = (None, Spans::default(), false, None, None);
    let mut calls = ToolCalls::default();
    json.object(member, |member, json| {
        match member {
            Member::Type => kind = json.string_as(event_kind)?,
            Member::Message => spans.model = read_message(json, usage)?,
            Member::Index => spans.number = Some(json.skip()?),
            Member::Block => is_text = read_block(json, &mut calls)?,
            Member::Delta => json.member("stop_reason", |json| {
                finish = json.string_as(finish_reason)?;
                Ok(())
            })?,
            Member::Usage if json.peek()? == Peek::Object => {
                let start = json.start()?;
                usage.update(Usage::read_messages(json)?);
                spans.usage = Some(start..json.index());
            }
            Member::Error if json.peek()? != Peek::Null => error = Some(TierError::read(json)?),
            Member::Usage | Member::Error | Member::Other => json.ignore()?,
        }
        Ok(())
    })?;
    json.finish()?;
    // Engines that know this dialect by halves say `{"error": …}` and no type.
    let kind = kind.or(error.is_some().then_some(Kind::Error));
    let kind = kind.ok_or_else(|| Malformed::new("an event without a type"))?;
    let finish = finish.filter(|_| kind == Kind::MessageDelta);
    spans.model = spans.model.filter(|_| kind == Kind::MessageStart);
    spans.usage = spans.usage.filter(|_| kind == Kind::MessageDelta);
    Ok(Event {
        kind: match kind {
            Kind::Ping => EventKind::Ping,
            Kind::MessageStop => EventKind::Terminal,
            Kind::Error => EventKind::Error(error.unwrap_or_default()),
            _ => EventKind::Answer,
        },
        name: kind.event_name(),
        outline: match kind {
            Kind::MessageStart => Outline::Opens,
            Kind::ContentBlockStart if is_text => Outline::BeginsText,
            Kind::ContentBlockStart => Outline::BeginsOther,
            Kind::ContentBlockStop => Outline::EndsBlock,
            Kind::MessageDelta => Outline::Closes,
            _ => Outline::Fills,
        },
        spans,
        choices: CHOICE,
        finished: if finish.is_some() { CHOICE } else { 0 },
        finish,
        calls,
    })
}

/// Reads a block, which may be a tool call. Whether it is a text of which nothing has been said yet.
pub(super) fn read_block(json: &mut Reader<'_>, calls: &mut ToolCalls) -> Result<bool, Invalid> {
    let (mut is_text, mut is_empty, mut is_call, mut id) = (false, true, false, None);
    if json.peek()? != Peek::Object {
        json.ignore()?;
        return Ok(false);
    }
    json.object(
        |name| match name {
            "type" => 1,
            "text" => 2,
            "id" => 3,
            _ => 0,
        },
        |member, json| {
            match member {
                1 => {
                    let kind = json.string_as(|kind| (kind == "text", kind == "tool_use"))?;
                    (is_text, is_call) = kind.unwrap_or_default();
                }
                2 => is_empty = json.string_as(str::is_empty)?.unwrap_or(true),
                3 => id = json.string()?,
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    id.filter(|_| is_call).into_iter().for_each(|id| calls.push(id));
    Ok(is_text && is_empty)
}

/// Reads the `message` of `message_start`: where its model's name lies, and the usage known so far.
fn read_message(json: &mut Reader<'_>, usage: &mut Usage) -> Result<Option<Span>, Invalid> {
    let mut model = None;
    if json.peek()? != Peek::Object {
        json.skip()?;
        return Ok(model);
    }
    json.object(
        |name| match name {
            "model" => 1,
            "usage" => 2,
            _ => 0,
        },
        |member, json| {
            match member {
                1 if json.peek()? == Peek::String => model = Some(json.skip()?),
                2 if json.peek()? == Peek::Object => usage.update(Usage::read_messages(json)?),
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    Ok(model)
}

/// What a `stop_reason` means.
pub(super) fn finish_reason(reason: &str) -> FinishReason {
    match reason {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::Refusal,
        _ => FinishReason::Other,
    }
}

fn member(name: &str) -> Member {
    match name {
        "type" => Member::Type,
        "message" => Member::Message,
        "delta" => Member::Delta,
        "usage" => Member::Usage,
        "error" => Member::Error,
        "index" => Member::Index,
        "content_block" => Member::Block,
        _ => Member::Other,
    }
}

fn event_kind(name: &str) -> Kind {
    match name {
        "message_start" => Kind::MessageStart,
        "content_block_start" => Kind::ContentBlockStart,
        "content_block_delta" => Kind::ContentBlockDelta,
        "content_block_stop" => Kind::ContentBlockStop,
        "message_delta" => Kind::MessageDelta,
        "message_stop" => Kind::MessageStop,
        "ping" => Kind::Ping,
        "error" => Kind::Error,
        // Anything else is part of the answer, kinds not yet known included: in the same dialect they are passed on.
        _ => Kind::Other,
    }
}
