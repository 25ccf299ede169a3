//! The `response` object, which is the body of a whole answer and part of a stream's first and last events.

use jiter::Peek;

use crate::delta::StopReason;
use crate::envelope::TierError;
use crate::event::FinishReason;
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::tool_calls::ToolCalls;
use crate::usage::Usage;

/// What is read of a `response`; spans are those of string literals and, for the output, of the list.
pub(super) struct Response {
    pub(super) id: Option<Span>,
    pub(super) model: Option<Span>,
    pub(super) output: Option<Span>,
    pub(super) usage: Usage,
    pub(super) error: Option<TierError>,
    pub(super) finish: FinishReason,
    pub(super) status: Status,
    pub(super) calls: ToolCalls,
}

/// How far a `response` has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Status {
    #[default]
    Completed,
    Incomplete,
    Failed,
    /// Queued, in progress or cancelled: no answer.
    Unfinished,
}

impl Default for Response {
    fn default() -> Self {
        Self {
            id: None,
            model: None,
            output: None,
            usage: Usage::default(),
            error: None,
            finish: FinishReason::Stop,
            status: Status::Completed,
            calls: ToolCalls::default(),
        }
    }
}

impl Response {
    /// Reads the object that comes next.
    pub(super) fn read(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let (mut response, mut cause, mut has_calls) = (Self::default(), None, false);
        json.object(
            |name| match name {
                "id" => 1,
                "model" => 2,
                "output" => 3,
                "usage" => 4,
                "error" => 5,
                "status" => 6,
                "incomplete_details" => 7,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, Peek::String) => response.id = Some(json.skip()?),
                    (2, Peek::String) => response.model = Some(json.skip()?),
                    (3, Peek::Array) => {
                        let start = json.start()?;
                        json.array(|_, json| {
                            has_calls |= read_item(json, &mut response.calls)?;
                            Ok(())
                        })?;
                        response.output = Some(start..json.index());
                    }
                    (4, Peek::Object) => response.usage = Usage::read_responses(json)?,
                    (5, next) if next != Peek::Null => response.error = Some(TierError::read(json)?),
                    (6, Peek::String) => response.status = json.string_as(status)?.unwrap_or_default(),
                    (7, Peek::Object) => cause = json.member_string("reason")?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        response.finish = match (response.status, cause.as_deref()) {
            (Status::Incomplete, Some("content_filter")) => FinishReason::Refusal,
            (Status::Incomplete, _) => FinishReason::Length,
            _ if has_calls => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        };
        Ok(response)
    }

    /// Why the model stopped.
    pub(super) fn stop(&self) -> StopReason<'static> {
        match self.finish {
            FinishReason::Length => StopReason::MaxTokens,
            FinishReason::Refusal => StopReason::Refusal,
            FinishReason::ToolCalls => StopReason::ToolUse,
            FinishReason::Stop | FinishReason::Other => StopReason::EndTurn,
        }
    }
}

/// Reads an item of the output, which may be a call. Whether it is one of a tool of the caller's own.
pub(super) fn read_item(json: &mut Reader<'_>, calls: &mut ToolCalls) -> Result<bool, Invalid> {
    let (mut is_own, mut is_call, mut id) = (false, false, None);
    if json.peek()? != Peek::Object {
        json.ignore()?;
        return Ok(false);
    }
    json.object(
        |name| match name {
            "type" => 1,
            "call_id" => 2,
            _ => 0,
        },
        |member, json| {
            match member {
                1 => {
                    let own = |kind: &str| matches!(kind, "function_call" | "custom_tool_call");
                    let kind = json.string_as(|kind| (own(kind), kind.ends_with("_call")))?;
                    (is_own, is_call) = kind.unwrap_or_default();
                }
                2 => id = json.string()?,
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    // The vendor's own tools, whose results come with the answer, have an id of an item and none of a call.
    id.filter(|_| is_call).into_iter().for_each(|id| calls.push(id));
    Ok(is_own)
}

fn status(name: &str) -> Status {
    match name {
        "completed" => Status::Completed,
        "incomplete" => Status::Incomplete,
        "failed" => Status::Failed,
        _ => Status::Unfinished,
    }
}
