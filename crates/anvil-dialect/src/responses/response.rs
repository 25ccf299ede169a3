//! The `response` object, which is the body of a whole answer and part of a stream's first and last events.

use jiter::Peek;

use crate::delta::StopReason;
use crate::envelope::TierError;
use crate::event::FinishReason;
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
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
        }
    }
}

impl Response {
    /// Reads the object that comes next.
    pub(super) fn read(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let (mut response, mut cause, mut calls) = (Self::default(), None, false);
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
                            json.member("type", |json| {
                                calls |= json.string_as(is_call)?.unwrap_or(false);
                                Ok(())
                            })
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
            _ if calls => FinishReason::ToolCalls,
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

fn is_call(kind: &str) -> bool {
    matches!(kind, "function_call" | "custom_tool_call")
}

fn status(name: &str) -> Status {
    match name {
        "completed" => Status::Completed,
        "incomplete" => Status::Incomplete,
        "failed" => Status::Failed,
        _ => Status::Unfinished,
    }
}
