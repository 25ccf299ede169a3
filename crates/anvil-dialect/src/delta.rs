//! What one event of a streamed answer says, as no dialect says it.

use std::borrow::Cow;

use crate::dialect::Dialect;
use crate::envelope::TierError;
use crate::event::{FinishReason, Malformed};
use crate::text::Text;
use crate::usage::Usage;
use crate::{chat, messages};

/// A step of an answer. A streamed answer and a whole one are the same steps; a whole one takes them all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta<'a> {
    /// The answer begins. What is known of its usage by then has been said before.
    Start,
    /// More of what the model says.
    Text(Text<'a>),
    /// More of what it thinks. Never a vendor's signature of it.
    Reasoning(Text<'a>),
    /// It begins to call a tool.
    Call {
        /// Which call, counted from 0 in the order in which they begin.
        call: usize,
        /// The tier's id of the call; empty where it gave none.
        id: Text<'a>,
        /// The tool's name.
        name: Text<'a>,
    },
    /// More of a call's arguments: a piece of JSON.
    Arguments {
        /// Which call.
        call: usize,
        /// The piece.
        json: Text<'a>,
    },
    /// The call has all its arguments. Not every dialect says so before the answer is over.
    CallEnd {
        /// Which call.
        call: usize,
    },
    /// What the answer cost so far; what it does not say stays as said before.
    Usage(Usage),
    /// Why the model stopped. Usage may still follow.
    Stop(StopReason<'a>),
    /// A sign of life.
    Ping,
    /// The dialect's last event.
    End,
    /// The tier says that it failed.
    Error(TierError),
}

/// Why a model stopped, in every distinction that one of the dialects makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason<'a> {
    /// It was done.
    EndTurn,
    /// It met one of the caller's stop sequences; which, where the tier says it.
    StopSequence(Option<Text<'a>>),
    /// The cap on tokens was reached.
    MaxTokens,
    /// The context window was full.
    ContextWindow,
    /// It waits for tool results.
    ToolUse,
    /// A filter or the model itself refused.
    Refusal,
    /// The vendor paused a long turn of its own tools.
    PauseTurn,
    /// Anything else the tier says.
    Other,
}

impl StopReason<'_> {
    /// The reason as the relay counts it.
    pub const fn finish(&self) -> FinishReason {
        match self {
            Self::EndTurn | Self::StopSequence(_) => FinishReason::Stop,
            Self::MaxTokens | Self::ContextWindow => FinishReason::Length,
            Self::ToolUse => FinishReason::ToolCalls,
            Self::Refusal => FinishReason::Refusal,
            Self::PauseTurn | Self::Other => FinishReason::Other,
        }
    }

    pub(crate) fn into_owned(self) -> StopReason<'static> {
        match self {
            Self::StopSequence(sequence) => StopReason::StopSequence(sequence.map(Text::into_owned)),
            Self::EndTurn => StopReason::EndTurn,
            Self::MaxTokens => StopReason::MaxTokens,
            Self::ContextWindow => StopReason::ContextWindow,
            Self::ToolUse => StopReason::ToolUse,
            Self::Refusal => StopReason::Refusal,
            Self::PauseTurn => StopReason::PauseTurn,
            Self::Other => StopReason::Other,
        }
    }
}

/// Reads what the events of one streamed answer say, one by one.
#[derive(Debug)]
pub struct DeltaReader(Wire);

#[derive(Debug)]
enum Wire {
    Messages(messages::deltas::Deltas),
    Chat(chat::deltas::Deltas),
}

impl DeltaReader {
    /// A reader for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Messages => Wire::Messages(messages::deltas::Deltas::default()),
            Dialect::Chat => Wire::Chat(chat::deltas::Deltas::default()),
        })
    }

    /// Reads one event's data; appends what it says to `deltas`, which borrow from it.
    ///
    /// # Errors
    /// [`Malformed`] when the data is not an event of the dialect, or says what no other dialect can. The answer is over then.
    pub fn read<'d>(&mut self, data: &'d [u8], deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        let text = utf8(data)?;
        match &mut self.0 {
            Wire::Messages(reader) => reader.read(text, deltas),
            Wire::Chat(reader) => reader.read(text, deltas),
        }
    }
}

/// Reads the body of a whole answer, or of the tier's own word under a status of success that it failed ([`Delta::Error`]).
///
/// # Errors
/// [`Malformed`] when the body is not an answer of the dialect, or says what no other dialect can.
pub fn read_answer(dialect: Dialect, body: &[u8]) -> Result<Vec<Delta<'_>>, Malformed> {
    let text = utf8(body)?;
    match dialect {
        Dialect::Messages => messages::whole::read(text),
        Dialect::Chat => chat::whole::read(text),
    }
}

fn utf8(data: &[u8]) -> Result<&str, Malformed> {
    std::str::from_utf8(data).map_err(|error| Malformed { reason: "not UTF-8".to_owned(), offset: error.valid_up_to() })
}

/// What a client is told of an answer beside what the tier says.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// The answer's id without the dialect's prefix; ids of calls that the tier did not name are derived from it, so that it
    /// should be unique.
    pub id: String,
    /// The model's name, as the client is to see it. Empty leaves the tier's, where the tier speaks the client's dialect.
    pub model: String,
    /// When the answer was made, in seconds since 1970.
    pub created: u64,
    /// Whether the client asked for usage at the end of a stream (`stream_options.include_usage`); Messages always has it.
    pub usage: bool,
}

impl Head {
    /// The id of a call, made up where the tier gave none.
    pub(crate) fn call_id<'t>(&self, id: &'t Text<'_>, call: usize) -> Cow<'t, Text<'t>> {
        if id.is_empty() { Cow::Owned(Text::quote(&format!("call_{}_{call}", self.id))) } else { Cow::Borrowed(id) }
    }
}

/// Writes a streamed answer in a client's dialect.
#[derive(Debug)]
pub struct DeltaWriter(Out);

#[derive(Debug)]
enum Out {
    Messages(messages::write::Writer),
    Chat(chat::write::Writer),
}

impl DeltaWriter {
    /// A writer for a client that speaks `dialect`.
    pub fn new(dialect: Dialect, head: Head) -> Self {
        Self(match dialect {
            Dialect::Messages => Out::Messages(messages::write::Writer::new(head)),
            Dialect::Chat => Out::Chat(chat::write::Writer::new(head)),
        })
    }

    /// Appends the events that say `delta` to `out`. [`Delta::End`] writes nothing: the caller ends the stream itself, with
    /// [`DeltaWriter::end`], once it knows the answer to be whole. [`Delta::Error`] writes nothing either: what a client is
    /// told of a tier's failure is not the tier's words.
    ///
    /// # Errors
    /// [`Malformed`] when the steps come in an order that the dialect cannot say.
    pub fn write(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match &mut self.0 {
            Out::Messages(writer) => writer.write(delta, out),
            Out::Chat(writer) => {
                writer.write(delta, out);
                Ok(())
            }
        }
    }

    /// Appends the end of a whole answer: why it stopped, its usage and the dialect's last event, in one piece.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        match &mut self.0 {
            Out::Messages(writer) => writer.end(out),
            Out::Chat(writer) => writer.end(out),
        }
    }
}

/// Appends a whole answer in a client's dialect to `out`; usage and the stop reason are what the last of their steps say.
///
/// # Errors
/// [`Malformed`] when a step cannot be said in the dialect, such as arguments that are no JSON object in Messages.
pub fn write_answer(dialect: Dialect, head: &Head, deltas: &[Delta<'_>], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match dialect {
        Dialect::Messages => messages::whole::write(head, deltas, out),
        Dialect::Chat => {
            chat::whole::write(head, deltas, out);
            Ok(())
        }
    }
}
