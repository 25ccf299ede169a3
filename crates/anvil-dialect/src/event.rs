//! What one event of a streamed answer is.

use std::ops::Range;

use thiserror::Error;

use crate::dialect::Dialect;
use crate::envelope::TierError;
use crate::invalid::Invalid;
use crate::usage::Usage;
use crate::{chat, json, messages};

/// One event of a streamed answer, read but not taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What the event is for.
    pub kind: EventKind,
    /// The name that an event of its type goes by; empty where the dialect has no names, or none for this type.
    pub name: &'static str,
    /// Where in the event's data the model's name lies, quotes included, if the event names it.
    pub model: Option<Range<usize>>,
    /// The choices that this event belongs to, a bit each. Messages has one choice, bit 0.
    pub choices: u128,
    /// The choices that this event finishes, a bit each.
    pub finished: u128,
    /// Why the answer stopped, where the event says it.
    pub finish: Option<FinishReason>,
}

/// What an event is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// Part of the answer.
    Answer,
    /// A sign of life; it says nothing about the answer.
    Ping,
    /// The dialect's last event.
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
    /// The event's own name is not needed: both dialects say in the data what it is, and some engines leave the name out.
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
            };
            event.map(|event| (event, usage))
        })?;
        self.usage = usage;
        Ok(event)
    }

    /// What the events read so far say about usage.
    pub fn usage(&self) -> Usage {
        self.usage
    }
}
