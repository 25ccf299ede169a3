//! What one event of a streamed answer is.

use std::ops::Range;

use thiserror::Error;

use crate::dialect::Dialect;
use crate::envelope::TierError;
use crate::invalid::Invalid;
use crate::tool_calls::ToolCalls;
use crate::usage::Usage;
use crate::{chat, json, messages, responses};

/// One event of a streamed answer, read but not taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What the event is for.
    pub kind: EventKind,
    /// The name that an event of its type goes by; empty where the dialect has no names, or none for this type.
    pub name: &'static str,
    /// What the event does to the answer's outline.
    pub outline: Outline,
    /// Where in the event's data lies what a relay may have to say otherwise.
    pub spans: Spans,
    /// The choices that this event belongs to, a bit each. Only Chat Completions can have more than one, bit 0.
    pub choices: u128,
    /// The choices that this event finishes, a bit each.
    pub finished: u128,
    /// Why the answer stopped, where the event says it.
    pub finish: Option<FinishReason>,
    /// The tool calls that the event names.
    pub calls: ToolCalls,
}

/// Where in an event's data its parts lie, in bytes; strings with their quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    /// The model's name.
    pub model: Option<Range<usize>>,
    /// The answer's id, where it is the same in every event that names it (Responses).
    pub id: Option<Range<usize>>,
    /// The event's number: the block's index in Messages, the sequence number in Responses.
    pub number: Option<Range<usize>>,
    /// An item of the answer that is complete with this event (Responses).
    pub item: Option<Range<usize>>,
    /// What the answer cost, which some engines say in part where it begins and in part where it ends (Messages, at its end).
    pub usage: Option<Range<usize>>,
    /// How sure the model was of each token (Chat Completions, of one choice).
    pub logprobs: Option<Range<usize>>,
}

/// What an event does to the answer's outline, as far as a client may have been told of it before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Outline {
    /// It says that there is an answer (`message_start`, `response.created`, `response.in_progress`).
    Opens,
    /// It begins a text, and says nothing of it yet (Messages).
    BeginsText,
    /// It begins something else (Messages).
    BeginsOther,
    /// It ends what was begun last (Messages).
    EndsBlock,
    /// It says why the answer stopped, after all that was begun has ended (Messages).
    Closes,
    /// It says what the answer cost and nothing else (Chat Completions).
    Costs,
    /// None of these.
    #[default]
    Fills,
}

/// What an event is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// Part of the answer.
    Answer,
    /// A sign of life; it says nothing about the answer.
    Ping,
    /// The dialect's last event. In Responses it is part of the answer and says why that stopped.
    Terminal,
    /// The tier says that it failed.
    Error(TierError),
}

/// Why an answer stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishReason {
    /// The model was done, or met a stop sequence.
    Stop,
    /// A cap on tokens was reached: the caller's, the tier's or the context window's.
    Length,
    /// The model waits for tool results.
    ToolCalls,
    /// A filter or the model itself refused.
    Refusal,
    /// Anything else the vendor says.
    Other,
}

impl Event {
    /// An event that is part of no choice.
    pub(crate) fn bare(kind: EventKind, name: &'static str) -> Self {
        let (outline, spans) = (Outline::Fills, Spans::default());
        Self { kind, name, outline, spans, choices: 0, finished: 0, finish: None, calls: ToolCalls::default() }
    }
}

impl FinishReason {
    /// The reason's name in decisions and the Python surface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::Refusal => "refusal",
            Self::Other => "other",
        }
    }
}

/// An event, or a whole answer, is not of its dialect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason} at byte {offset}")]
pub struct Malformed {
    /// What is wrong, without the text.
    pub reason: String,
    /// Where in the data, in bytes; 0 where no place can be named.
    pub offset: usize,
}

impl Malformed {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), offset: 0 }
    }
}

impl From<Invalid> for Malformed {
    fn from(invalid: Invalid) -> Self {
        match invalid {
            Invalid::NotJson { reason, offset } => Self { reason, offset },
            other => Self::new(other.to_string()),
        }
    }
}

/// Reads the events of one streamed answer, one by one, and adds up what they say about usage.
#[derive(Debug)]
pub struct Reader {
    dialect: Dialect,
    usage: Usage,
}

impl Reader {
    /// A reader for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, usage: Usage::default() }
    }

    /// Reads one event: `data` is its data without the field name.
    ///
    /// The event's own name is not needed: every dialect says in the data what it is, and some engines leave the name out.
    ///
    /// # Errors
    /// [`Malformed`] when the data is not an event of the dialect.
    pub fn read(&mut self, data: &[u8]) -> Result<Event, Malformed> {
        if let Err(error) = std::str::from_utf8(data) {
            return Err(Malformed { reason: "not UTF-8".to_owned(), offset: error.valid_up_to() });
        }
        let (event, usage) = json::read_lenient(data, |data| {
            let mut usage = self.usage;
            let event = match self.dialect {
                Dialect::Messages => messages::stream::read(data, &mut usage),
                Dialect::Chat => chat::stream::read(data, &mut usage),
                Dialect::Responses => responses::stream::read(data, &mut usage),
            };
            event.map(|event| (event, usage))
        })?;
        self.usage = usage;
        Ok(event)
    }

    /// `own`, the usage that an event of Messages states, with the counts that it leaves out and earlier events have said.
    pub fn usage_in_full(&self, own: &str) -> String {
        messages::usage_in_full(own, &self.usage)
    }

    /// What the events read so far say about usage.
    pub fn usage(&self) -> Usage {
        self.usage
    }
}
