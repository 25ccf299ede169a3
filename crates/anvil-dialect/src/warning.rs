//! What a translated request no longer says.

use std::fmt;

/// The most warnings that one translation names; further ones are counted in the last.
const WARNINGS_LIMIT: usize = 32;

/// Something that the tier's dialect cannot say, or says otherwise. Holds no text of the caller's beyond member names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What happened.
    pub kind: WarningKind,
    /// Where in the caller's body; of several places in the conversation, the first.
    pub path: String,
    /// In how many places.
    pub count: usize,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.kind.label(), self.path)
    }
}

/// What happened to something that could not be carried as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// A member has no counterpart and was left out.
    MemberDropped,
    /// A tool that the vendor runs, or whose schema only the vendor knows, was left out.
    ToolDropped,
    /// A content block of such a tool was left out.
    BlockDropped,
    /// Reasoning of an earlier turn, or the request for it, was left out.
    ReasoningDropped,
    /// A sampling parameter was left out or brought into the dialect's range.
    SamplingChanged,
    /// JSON was asked for without a schema, which the dialect cannot enforce.
    FormatUnenforced,
    /// A system message in the middle of the conversation became text of the user's turn.
    SystemAsUser,
    /// A tool call without a result was given one that says so.
    OrphanCall,
    /// A tool result without a call became text of the user's turn.
    OrphanResult,
    /// Arguments of an earlier call that are no JSON object were wrapped into one.
    ArgumentsWrapped,
    /// A conversation that does not begin with the user was given a first turn.
    TurnInserted,
    /// The conversation ends with the assistant: one dialect goes on from there, the other begins anew.
    AssistantPrefill,
}

impl WarningKind {
    /// The kind's stable label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::MemberDropped => "member_dropped",
            Self::ToolDropped => "tool_dropped",
            Self::BlockDropped => "block_dropped",
            Self::ReasoningDropped => "reasoning_dropped",
            Self::SamplingChanged => "sampling_changed",
            Self::FormatUnenforced => "format_unenforced",
            Self::SystemAsUser => "system_as_user",
            Self::OrphanCall => "orphan_call",
            Self::OrphanResult => "orphan_result",
            Self::ArgumentsWrapped => "arguments_wrapped",
            Self::TurnInserted => "turn_inserted",
            Self::AssistantPrefill => "assistant_prefill",
        }
    }
}

/// The warnings of one translation.
#[derive(Debug)]
pub(crate) struct Warnings {
    noted: Vec<Warning>,
    /// What the caller calls the conversation.
    conversation: &'static str,
}

impl Warnings {
    /// No warnings yet of a request whose member `conversation` is the conversation.
    pub(crate) fn new(conversation: &'static str) -> Self {
        Self { noted: Vec::new(), conversation }
    }

    /// Notes what happened at `path`. A long history repeats itself: of one kind within the conversation, one is kept.
    pub(crate) fn note(&mut self, kind: WarningKind, path: impl Into<String>) {
        let path = path.into();
        let is_within = |path: &str| {
            path.strip_prefix(self.conversation).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let is_same =
            |known: &Warning| known.kind == kind && (known.path == path || is_within(&path) && is_within(&known.path));
        let last = WARNINGS_LIMIT - 1;
        match self.noted.iter().position(is_same).or((self.noted.len() > last).then_some(last)) {
            Some(known) => self.noted[known].count += 1,
            None => self.noted.push(Warning { kind, path, count: 1 }),
        }
    }

    pub(crate) fn dropped(&mut self, path: impl Into<String>) {
        self.note(WarningKind::MemberDropped, path);
    }

    pub(crate) fn has(&self, kind: WarningKind) -> bool {
        self.noted.iter().any(|warning| warning.kind == kind)
    }

    pub(crate) fn into_vec(self) -> Vec<Warning> {
        self.noted
    }
}
