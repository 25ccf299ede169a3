//! How an answer of Messages says why it stopped and what it cost.

use crate::compose::{self, Object};
use crate::delta::StopReason;
use crate::node::Node;
use crate::usage::Usage;

/// The members `stop_reason` and `stop_sequence`. Some tiers stop to call a tool and say that they were done; clients go by the
/// reason.
pub(super) fn write_stop(object: &mut Object<'_>, reason: Option<&StopReason<'_>>, has_calls: bool) {
    let name = match reason {
        Some(StopReason::StopSequence(_)) => "stop_sequence",
        Some(StopReason::MaxTokens) => "max_tokens",
        Some(StopReason::ContextWindow) => "model_context_window_exceeded",
        Some(StopReason::ToolUse) => "tool_use",
        Some(StopReason::Refusal) => "refusal",
        Some(StopReason::PauseTurn) => "pause_turn",
        None | Some(StopReason::EndTurn | StopReason::Other) if has_calls => "tool_use",
        None | Some(StopReason::EndTurn | StopReason::Other) => "end_turn",
    };
    object.string("stop_reason", name);
    match reason {
        Some(StopReason::StopSequence(Some(sequence))) => object.text("stop_sequence", sequence),
        _ => object.raw("stop_sequence", "null"),
    }
}

/// The members of `usage`. The dialect's input tokens leave out what the cache gave or took; all four counts are always there, for
/// clients add them up unasked, so that one which is not known is 0.
pub(super) fn write_usage(object: &mut Object<'_>, usage: &Usage) {
    let (cached, written) = (usage.cached.unwrap_or(0), usage.written.unwrap_or(0));
    object.number("input_tokens", usage.input.unwrap_or(0).saturating_sub(cached).saturating_sub(written));
    object.number("cache_creation_input_tokens", written);
    object.number("cache_read_input_tokens", cached);
    object.number("output_tokens", usage.output.unwrap_or(0));
    if let Some(reasoning) = usage.reasoning {
        object.object("output_tokens_details", |details| details.number("thinking_tokens", reasoning));
    }
}

/// The `usage` object `own` with those counts of `usage` that it leaves out.
pub(crate) fn usage_in_full(own: &str, usage: &Usage) -> String {
    let mut known = Vec::new();
    compose::object(&mut known, |object| write_usage(object, usage));
    let known = String::from_utf8(known).unwrap_or_default();
    let (Ok(own_node), Ok(known)) = (Node::read(own, 1), Node::read(&known, 1)) else { return own.to_owned() };
    let mut full = Vec::with_capacity(own.len() + 128);
    compose::object(&mut full, |object| {
        for (name, value) in own_node.members().filter(|(name, _)| own_node.get(name).is_some()) {
            object.named(name, value.raw());
        }
        for (name, value) in known.members().filter(|(name, _)| own_node.get(name).is_none()) {
            object.named(name, value.raw());
        }
    });
    String::from_utf8(full).unwrap_or_default()
}
