//! What can be wrong with an answer.

use thiserror::Error;

use crate::span::Span;

/// A proven defect of an answer. Displays as one sentence without any of the answer's content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Defect {
    /// The answer ended before it was finished.
    #[error("the answer ended before the tier finished it")]
    StreamCut,
    /// The answer ended before it began.
    #[error("the answer ended before it began")]
    NoAnswer,
    /// An event of the stream is not of the tier's dialect.
    #[error("an event of the stream is not of the tier's dialect: {reason}")]
    MalformedEvent {
        /// What is wrong with it, without its text.
        reason: String,
    },
    /// The whole answer is not of the tier's dialect.
    #[error("the answer is not of the tier's dialect: {reason}")]
    MalformedAnswer {
        /// What is wrong with it, without its text.
        reason: String,
    },
    /// The answer is of another content type than the one asked for.
    #[error("the answer has another content type than {expected}")]
    WrongContentType {
        /// The content type that was asked for.
        expected: &'static str,
    },
    /// The answer, or one event of it, is larger than its cap.
    #[error("the answer is larger than the cap of {limit} bytes")]
    TooLarge {
        /// The cap, in bytes.
        limit: usize,
    },
    /// The tier said, inside its answer, that it failed.
    #[error("the tier reported an error inside its answer")]
    TierError {
        /// The vendor's type of the error; empty where it gave none.
        kind: String,
        /// The tier's own words, for the log; never for the caller.
        words: String,
    },

    // What the answer says.
    /// There is nothing in the answer.
    #[error("the answer is empty")]
    Empty,
    /// There is nothing but white space in the answer.
    #[error("the answer is nothing but white space")]
    Blank,
    /// The model thought and did not answer.
    #[error("the model thought and then said nothing")]
    ReasoningOnly,
    /// The tier stopped for a cap on tokens that the caller has not set, or that was not reached.
    #[error("the tier cut the answer short although the caller's cap was not reached")]
    CutShort,
    /// A token of a chat template or a channel stands in the text.
    #[error("a token of the model's chat template stands in the text")]
    TemplateToken {
        /// Where in the text.
        span: Span,
    },
    /// A tool call was written as text.
    #[error("a tool call was written into the text instead of being made")]
    CallAsText {
        /// Where in the text it begins.
        span: Span,
    },
    /// The same thing is said over and over.
    #[error("the answer repeats itself without end")]
    Repetition {
        /// The part that repeats.
        span: Span,
    },
    /// The model declines at the start.
    #[error("the model declined to do the work")]
    Refusal {
        /// The phrase that says so.
        span: Span,
    },
    /// The model was less sure of its words than the plan demands.
    #[error("the model was less sure of its words than is asked for here")]
    LowConfidence,
    /// The tier counted far fewer tokens of prompt than were sent.
    #[error(
        "the tier dropped part of the conversation: it counted {counted} tokens where at least {expected} were sent"
    )]
    PromptTruncated {
        /// Tokens that the tier counted.
        counted: u64,
        /// The fewest that there can have been.
        expected: u64,
    },

    // Tool calls.
    /// The tool was not offered.
    #[error("a tool was called that was not offered")]
    UnknownTool,
    /// The arguments are not strict JSON.
    #[error("the arguments of a tool call are not JSON: {reason}")]
    MalformedArguments {
        /// What is wrong with them, without their text.
        reason: &'static str,
        /// Where in the arguments.
        span: Span,
    },
    /// The arguments do not follow the tool's schema.
    #[error("the arguments of a tool call do not follow the tool's schema ({keyword})")]
    SchemaMismatch {
        /// The keyword of JSON Schema that does not hold.
        keyword: String,
    },
    /// A tool had to be called, or a certain one, or none.
    #[error("the answer does not do what `tool_choice` demands")]
    ToolChoiceIgnored,
    /// Several tools were called at once where only one may be.
    #[error("several tools were called at once where only one may be")]
    ParallelCalls,
    /// Two calls have the same id.
    #[error("two tool calls have the same id")]
    DuplicateCallId,

    // Edits.
    /// The text to be replaced is not in the file.
    #[error("the text to be replaced does not stand in the file as it was read")]
    EditTextMissing {
        /// Which edit of the call or answer, from 0.
        edit: usize,
    },
    /// The text to be replaced stands in the file more than once.
    #[error("the text to be replaced stands in the file more than once")]
    EditTextAmbiguous {
        /// Which edit of the call or answer, from 0.
        edit: usize,
    },
    /// The edit replaces a text by itself.
    #[error("the edit changes nothing")]
    EditWithoutEffect {
        /// Which edit of the call or answer, from 0.
        edit: usize,
    },
    /// A patch is not in the form of patches.
    #[error("the patch cannot be read: {reason}")]
    MalformedPatch {
        /// What is wrong with it, without its text.
        reason: &'static str,
        /// Where in the patch.
        span: Span,
    },
    /// What a patch says of the file as it was is not so.
    #[error("the lines around a change do not stand in the file as it was read")]
    PatchContextMissing {
        /// Which hunk, from 0.
        hunk: usize,
    },

    // Code and form.
    /// A block of code cannot be parsed.
    #[error("a block of {language} cannot be parsed (line {line} of it)")]
    BrokenCode {
        /// The language.
        language: &'static str,
        /// The line, from 1.
        line: usize,
        /// Where in the block.
        span: Span,
    },
    /// A block of code does not end.
    #[error("a block of code does not end")]
    OpenFence {
        /// Where in the text it begins.
        span: Span,
    },
    /// The answer had to be JSON.
    #[error("the answer is not the JSON that was asked for: {reason}")]
    NotJson {
        /// What is wrong with it, without its text.
        reason: &'static str,
        /// Where in the text.
        span: Span,
    },
    /// The answer is JSON of another shape than the one asked for.
    #[error("the answer does not follow the schema that was asked for ({keyword})")]
    FormatMismatch {
        /// The keyword of JSON Schema that does not hold.
        keyword: String,
    },
}

impl Defect {
    /// The defect's name in decisions, metrics and docs; never changes once published.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::StreamCut => "stream_cut",
            Self::NoAnswer => "no_answer",
            Self::MalformedEvent { .. } => "malformed_event",
            Self::MalformedAnswer { .. } => "malformed_answer",
            Self::WrongContentType { .. } => "wrong_content_type",
            Self::TooLarge { .. } => "too_large",
            Self::TierError { .. } => "tier_error",
            Self::Empty => "empty",
            Self::Blank => "blank",
            Self::ReasoningOnly => "reasoning_only",
            Self::CutShort => "cut_short",
            Self::TemplateToken { .. } => "template_token",
            Self::CallAsText { .. } => "call_as_text",
            Self::Repetition { .. } => "repetition",
            Self::Refusal { .. } => "refusal",
            Self::LowConfidence => "low_confidence",
            Self::PromptTruncated { .. } => "prompt_truncated",
            Self::UnknownTool => "unknown_tool",
            Self::MalformedArguments { .. } => "malformed_arguments",
            Self::SchemaMismatch { .. } => "schema_mismatch",
            Self::ToolChoiceIgnored => "tool_choice_ignored",
            Self::ParallelCalls => "parallel_calls",
            Self::DuplicateCallId => "duplicate_call_id",
            Self::EditTextMissing { .. } => "edit_text_missing",
            Self::EditTextAmbiguous { .. } => "edit_text_ambiguous",
            Self::EditWithoutEffect { .. } => "edit_without_effect",
            Self::MalformedPatch { .. } => "malformed_patch",
            Self::PatchContextMissing { .. } => "patch_context_missing",
            Self::BrokenCode { .. } => "broken_code",
            Self::OpenFence { .. } => "open_fence",
            Self::NotJson { .. } => "not_json",
            Self::FormatMismatch { .. } => "format_mismatch",
        }
    }

    /// Where the defect lies, in the piece that it is about (the answer's text, a call's arguments, a block, a patch); `None`
    /// where it is about no place.
    pub const fn span(&self) -> Option<Span> {
        match self {
            Self::TemplateToken { span }
            | Self::CallAsText { span }
            | Self::Repetition { span }
            | Self::Refusal { span }
            | Self::MalformedArguments { span, .. }
            | Self::MalformedPatch { span, .. }
            | Self::BrokenCode { span, .. }
            | Self::OpenFence { span }
            | Self::NotJson { span, .. } => Some(*span),
            _ => None,
        }
    }
}
