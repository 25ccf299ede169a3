//! How an answer of Chat Completions says why it stopped and what it cost.

use crate::compose::Object;
use crate::delta::StopReason;
use crate::usage::Usage;

/// The `finish_reason`. Some tiers stop to call a tool and say that they were done; clients go by the reason.
pub(super) fn finish_reason(reason: Option<&StopReason<'_>>, has_calls: bool) -> &'static str {
    match reason {
        Some(StopReason::MaxTokens | StopReason::ContextWindow) => "length",
        Some(StopReason::Refusal) => "content_filter",
        Some(StopReason::ToolUse) => "tool_calls",
        None | Some(StopReason::EndTurn | StopReason::Other) if has_calls => "tool_calls",
        None | Some(StopReason::EndTurn | StopReason::Other | StopReason::StopSequence(_) | StopReason::PauseTurn) => {
            "stop"
        }
    }
}

/// The members of `usage`. The dialect's prompt tokens include those from the cache.
pub(super) fn write_usage(object: &mut Object<'_>, usage: &Usage) {
    let (input, output) = (usage.input.unwrap_or(0), usage.output.unwrap_or(0));
    object.number("prompt_tokens", input);
    object.number("completion_tokens", output);
    object.number("total_tokens", input.saturating_add(output));
    if usage.cached.is_some() || usage.written.is_some() {
        object.object("prompt_tokens_details", |details| {
            details.number("cached_tokens", usage.cached.unwrap_or(0));
            if let Some(written) = usage.written {
                details.number("cache_write_tokens", written);
            }
        });
    }
    if let Some(reasoning) = usage.reasoning {
        object.object("completion_tokens_details", |details| details.number("reasoning_tokens", reasoning));
    }
}
