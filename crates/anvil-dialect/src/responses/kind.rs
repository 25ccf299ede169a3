//! The types of a Responses stream's events, as far as they differ in what is done with them.

/// What an event of a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `response.created`, `response.queued` or `response.in_progress`.
    Opening,
    ItemAdded,
    ItemDone,
    TextDelta,
    TextDone,
    RefusalDelta,
    ReasoningDelta,
    SummaryPart,
    SummaryDelta,
    ArgumentsDelta,
    ArgumentsDone,
    InputDelta,
    InputDone,
    Completed,
    Incomplete,
    Failed,
    Error,
    /// No event of the dialect, but a sign of life that some engines send.
    Ping,
    Other,
}

impl Kind {
    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "response.created" | "response.queued" | "response.in_progress" => Self::Opening,
            "response.output_item.added" => Self::ItemAdded,
            "response.output_item.done" => Self::ItemDone,
            "response.output_text.delta" => Self::TextDelta,
            "response.output_text.done" => Self::TextDone,
            "response.refusal.delta" => Self::RefusalDelta,
            "response.reasoning_text.delta" => Self::ReasoningDelta,
            "response.reasoning_summary_part.added" => Self::SummaryPart,
            "response.reasoning_summary_text.delta" => Self::SummaryDelta,
            "response.function_call_arguments.delta" => Self::ArgumentsDelta,
            "response.function_call_arguments.done" => Self::ArgumentsDone,
            "response.custom_tool_call_input.delta" => Self::InputDelta,
            "response.custom_tool_call_input.done" => Self::InputDone,
            // Older engines end in `response.done`.
            "response.completed" | "response.done" => Self::Completed,
            "response.incomplete" => Self::Incomplete,
            "response.failed" => Self::Failed,
            "error" => Self::Error,
            "ping" | "keepalive" => Self::Ping,
            _ => Self::Other,
        }
    }

    /// The name that an event goes by where the tier left it out; most clients read the data's `type` and need none.
    pub(super) const fn event_name(self) -> &'static str {
        match self {
            Self::ItemAdded => "response.output_item.added",
            Self::ItemDone => "response.output_item.done",
            Self::TextDelta => "response.output_text.delta",
            Self::TextDone => "response.output_text.done",
            Self::RefusalDelta => "response.refusal.delta",
            Self::ReasoningDelta => "response.reasoning_text.delta",
            Self::SummaryPart => "response.reasoning_summary_part.added",
            Self::SummaryDelta => "response.reasoning_summary_text.delta",
            Self::ArgumentsDelta => "response.function_call_arguments.delta",
            Self::ArgumentsDone => "response.function_call_arguments.done",
            Self::InputDelta => "response.custom_tool_call_input.delta",
            Self::InputDone => "response.custom_tool_call_input.done",
            Self::Completed => "response.completed",
            Self::Incomplete => "response.incomplete",
            Self::Failed => "response.failed",
            Self::Error => "error",
            Self::Opening | Self::Ping | Self::Other => "",
        }
    }
}
