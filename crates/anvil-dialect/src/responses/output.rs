//! The output of an answer: its items, as they look once they are complete.

use super::call::Call;
use crate::compose::{self, Object};
use crate::delta::{Head, StopReason};
use crate::usage::Usage;

/// What an answer has to say of its request where nothing is known of that: the members that SDKs require.
const NO_ECHO: &str =
    r#""instructions":null,"metadata":{},"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"#;

/// Whether an answer, or an item of it, is all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Begun,
    Completed,
    /// A cap was reached or a filter refused.
    Incomplete,
    Failed,
}

impl Progress {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Begun => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }

    /// How an answer ends that stopped for this reason.
    pub(super) const fn of_stop(reason: Option<&StopReason<'_>>) -> Self {
        match reason {
            Some(StopReason::MaxTokens | StopReason::ContextWindow | StopReason::Refusal) => Self::Incomplete,
            _ => Self::Completed,
        }
    }
}

/// An item of the output.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Message(String),
    Reasoning(String),
    Call(Call),
}

impl Item {
    /// The item's id: one of the answer's own, for tiers of other dialects have none for items.
    pub(super) fn id(&self, head: &Head, place: usize) -> String {
        let prefix = match self {
            Self::Message(_) => "msg",
            Self::Reasoning(_) => "rs",
            Self::Call(call) => call.id_prefix(),
        };
        format!("{prefix}_{}_{place}", head.id)
    }

    /// Writes the item. One in progress has nothing in it yet.
    pub(super) fn write(&self, head: &Head, place: usize, progress: Progress, out: &mut Vec<u8>) {
        let is_begun = progress == Progress::Begun;
        compose::object(out, |item| {
            item.string("id", &self.id(head, place));
            match self {
                Self::Message(text) => {
                    item.string("type", "message");
                    item.string("status", progress.name());
                    item.string("role", "assistant");
                    item.list("content", (!is_begun).then_some(text), |out, text| write_text(out, text));
                }
                Self::Reasoning(text) => {
                    item.string("type", "reasoning");
                    item.raw("summary", "[]");
                    item.list("content", (!is_begun).then_some(text), |out, text| write_reasoning(out, text));
                    item.raw("encrypted_content", "null");
                    item.string("status", progress.name());
                }
                Self::Call(call) => {
                    item.string("type", call.item_type());
                    item.string("status", progress.name());
                    call.write_members(item, is_begun);
                }
            }
        });
    }
}

/// A text part of a message.
pub(super) fn write_text(out: &mut Vec<u8>, escaped: &str) {
    compose::object(out, |part| {
        part.string("type", "output_text");
        part.raw("annotations", "[]");
        part.raw("logprobs", "[]");
        write_escaped(part, "text", escaped);
    });
}

/// A part of a reasoning.
pub(super) fn write_reasoning(out: &mut Vec<u8>, escaped: &str) {
    compose::object(out, |part| {
        part.string("type", "reasoning_text");
        write_escaped(part, "text", escaped);
    });
}

/// A member that is a string whose escapes are there already.
pub(super) fn write_escaped(object: &mut Object<'_>, name: &str, escaped: &str) {
    object.with(name, |out| {
        out.push(b'"');
        out.extend_from_slice(escaped.as_bytes());
        out.push(b'"');
    });
}

/// What the members of a `response` are made from.
pub(super) struct Outline<'o> {
    pub(super) progress: Progress,
    pub(super) stop: Option<&'o StopReason<'o>>,
    /// The items that are complete, as JSON.
    pub(super) output: &'o [&'o [u8]],
    pub(super) usage: Option<&'o Usage>,
    /// The code and the words of a failure.
    pub(super) error: Option<(&'o str, &'o str)>,
}

/// Writes the members of a `response`.
pub(super) fn write_response(response: &mut Object<'_>, head: &Head, outline: &Outline<'_>) {
    response.string("id", &format!("resp_{}", head.id));
    response.string("object", "response");
    response.number("created_at", head.created);
    response.string("status", outline.progress.name());
    match outline.error {
        Some((code, message)) => response.object("error", |error| {
            error.string("code", code);
            error.string("message", message);
        }),
        None => response.raw("error", "null"),
    }
    match (outline.progress, outline.stop) {
        (Progress::Incomplete, Some(StopReason::Refusal)) => write_cause(response, "content_filter"),
        (Progress::Incomplete, _) => write_cause(response, "max_output_tokens"),
        _ => response.raw("incomplete_details", "null"),
    }
    response.string("model", &head.model);
    response.members(if head.asked.echo.is_empty() { NO_ECHO } else { &head.asked.echo });
    response.list("output", outline.output, |out, item| out.extend_from_slice(item));
    match outline.usage {
        Some(usage) => response.object("usage", |object| write_usage(object, usage)),
        None => response.raw("usage", "null"),
    }
}

fn write_cause(response: &mut Object<'_>, cause: &str) {
    response.object("incomplete_details", |details| details.string("reason", cause));
}

/// The members of `usage`, all of which SDKs require.
fn write_usage(object: &mut Object<'_>, usage: &Usage) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    object.number("input_tokens", input);
    object.object("input_tokens_details", |details| {
        details.number("cached_tokens", usage.cached.unwrap_or(0));
        details.number("cache_write_tokens", usage.written.unwrap_or(0));
    });
    object.number("output_tokens", output);
    object.object("output_tokens_details", |details| {
        details.number("reasoning_tokens", usage.reasoning.unwrap_or(0));
    });
    object.number("total_tokens", input.saturating_add(output));
}
