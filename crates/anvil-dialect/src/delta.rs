//! What one event of a streamed answer says, as no dialect says it.

use std::borrow::Cow;
use std::sync::Arc;

use anvil_sse::write_event;

use crate::asked::Asked;
use crate::dialect::Dialect;
use crate::envelope::{self, ErrorKind, TierError};
use crate::event::{FinishReason, Malformed};
use crate::pattern::Pattern;
use crate::sureness::Sureness;
use crate::text::Text;
use crate::usage::Usage;
use crate::{chat, messages, responses};

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
    /// Something that only its own dialect knows, such as a search that the vendor ran or a call in a grammar of the tool's own.
    Foreign,
    /// What the answer cost so far; what it does not say stays as said before.
    Usage(Usage),
    /// How sure the model was of what has been said since the last of these.
    Sureness(Sureness),
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

impl Delta<'_> {
    /// The step as one that borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Delta<'static> {
        match self {
            Self::Start => Delta::Start,
            Self::Text(text) => Delta::Text(text.into_owned()),
            Self::Reasoning(text) => Delta::Reasoning(text.into_owned()),
            Self::Call { call, id, name } => Delta::Call { call, id: id.into_owned(), name: name.into_owned() },
            Self::Arguments { call, json } => Delta::Arguments { call, json: json.into_owned() },
            Self::CallEnd { call } => Delta::CallEnd { call },
            Self::Foreign => Delta::Foreign,
            Self::Usage(usage) => Delta::Usage(usage),
            Self::Sureness(sureness) => Delta::Sureness(sureness),
            Self::Stop(reason) => Delta::Stop(reason.into_owned()),
            Self::Ping => Delta::Ping,
            Self::End => Delta::End,
            Self::Error(error) => Delta::Error(error),
        }
    }

    /// How many bytes of the tier's words it holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Arguments { json: text, .. } => text.escaped().len(),
            Self::Call { id, name, .. } => id.escaped().len() + name.escaped().len(),
            _ => 0,
        }
    }
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
pub struct DeltaReader {
    wire: Wire,
    last: Pattern,
}

#[derive(Debug)]
enum Wire {
    Messages(messages::deltas::Deltas),
    Chat(chat::deltas::Deltas),
    Responses(responses::deltas::Deltas),
}

impl DeltaReader {
    /// A reader for an answer in `dialect`.
    pub fn new(dialect: Dialect) -> Self {
        let wire = match dialect {
            Dialect::Messages => Wire::Messages(messages::deltas::Deltas::default()),
            Dialect::Chat => Wire::Chat(chat::deltas::Deltas::default()),
            Dialect::Responses => Wire::Responses(responses::deltas::Deltas::default()),
        };
        Self { wire, last: Pattern::default() }
    }

    /// Reads one event's data; appends what it says to `deltas`, which borrow from it.
    ///
    /// # Errors
    /// [`Malformed`] when the data is not an event of the dialect, or says what no other dialect can. The answer is over then.
    pub fn read<'d>(&mut self, data: &'d [u8], deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        if let Some(delta) = self.last.match_with(data) {
            deltas.push(delta);
            return Ok(());
        }
        self.last.forget();
        let text = utf8(data)?;
        let known = deltas.len();
        match &mut self.wire {
            Wire::Messages(reader) => reader.read(text, deltas)?,
            Wire::Chat(reader) => reader.read(text, deltas)?,
            Wire::Responses(reader) => reader.read(text, deltas)?,
        }
        self.last.learn(data, deltas.get(known..).unwrap_or_default());
        Ok(())
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
        Dialect::Responses => responses::whole::read(text),
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
    /// What it has to know of its request.
    pub asked: Arc<Asked>,
}

impl Head {
    /// The id of a call, made up where the tier gave none.
    pub(crate) fn call_id<'t>(&self, id: &'t Text<'_>, call: usize) -> Cow<'t, Text<'t>> {
        if id.is_empty() { Cow::Owned(Text::quote(&format!("call_{}_{call}", self.id))) } else { Cow::Borrowed(id) }
    }

    /// The id of a call as a client that speaks `client` is told it.
    pub fn told_call_id(&self, client: Dialect, id: &Text<'_>, call: usize) -> String {
        let id = self.call_id(id, call);
        match client {
            Dialect::Messages => messages::tool_id(&id).decoded().into_owned(),
            Dialect::Chat | Dialect::Responses => id.decoded().into_owned(),
        }
    }
}

/// Writes a streamed answer in a client's dialect.
#[derive(Debug, Clone)]
pub struct DeltaWriter(Out);

/// How far an answer has been said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Said {
    /// Whether the client was told that there is an answer.
    pub has_opened: bool,
    /// Whether a text has begun (Messages).
    pub has_text: bool,
    /// How many events were numbered (Responses).
    pub events: u64,
}

#[derive(Debug, Clone)]
enum Out {
    Messages(messages::write::Writer),
    Chat(chat::write::Writer),
    Responses(Box<responses::write::Writer>),
}

impl DeltaWriter {
    /// A writer for a client that speaks `dialect`.
    pub fn new(dialect: Dialect, head: Head) -> Self {
        Self(match dialect {
            Dialect::Messages => Out::Messages(messages::write::Writer::new(head)),
            Dialect::Chat => Out::Chat(chat::write::Writer::new(head)),
            Dialect::Responses => Out::Responses(Box::new(responses::write::Writer::new(head))),
        })
    }

    /// A writer for an answer of which so many events have been numbered already.
    pub fn numbered_from(dialect: Dialect, head: Head, events: u64) -> Self {
        let mut writer = Self::new(dialect, head);
        if let Out::Responses(writer) = &mut writer.0 {
            writer.number_from(events);
        }
        writer
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
            Out::Chat(writer) => writer.write(delta, out),
            Out::Responses(writer) => writer.write(delta, out),
        }
    }

    /// Appends a sign of life, and before the first one what the dialect begins an answer with.
    ///
    /// `is_late` asks for the one that clients which have waited long still count as one: Claude Code's patience ends 300 s after
    /// the last piece of a text, whatever else comes (clients.md, section 4).
    pub fn beat(&mut self, is_late: bool, out: &mut Vec<u8>) {
        match &mut self.0 {
            Out::Messages(writer) => writer.beat(is_late, out),
            Out::Chat(writer) => writer.beat(out),
            Out::Responses(writer) => writer.beat(out),
        }
    }

    /// How far the answer has been said.
    pub fn said(&self) -> Said {
        match &self.0 {
            Out::Messages(writer) => writer.progress(),
            Out::Chat(_) => Said::default(),
            Out::Responses(writer) => writer.progress(),
        }
    }

    /// Appends the event that ends an answer which cannot go on. What follows it on the wire is an abort, never a clean end: several
    /// clients execute what a cleanly ended stream left half said.
    pub fn fail(&mut self, kind: ErrorKind, message: &str, request_id: &str, out: &mut Vec<u8>) {
        match &mut self.0 {
            Out::Messages(_) => {
                write_event(out, "error", &envelope::body(Dialect::Messages, kind, message, None, request_id));
            }
            Out::Chat(_) => write_event(out, "", &envelope::body(Dialect::Chat, kind, message, None, request_id)),
            Out::Responses(writer) => writer.fail(kind.responses_code(), message, out),
        }
    }

    /// The items of a Responses answer that has ended, as JSON; none in another dialect. They are gone from here then.
    pub fn take_items(&mut self) -> Vec<Vec<u8>> {
        match &mut self.0 {
            Out::Messages(_) | Out::Chat(_) => Vec::new(),
            Out::Responses(writer) => writer.take_items(),
        }
    }

    /// Appends the end of a whole answer: why it stopped, its usage and the dialect's last event, in one piece.
    ///
    /// # Errors
    /// [`Malformed`] when something that has been begun cannot be ended, such as a tool's input that breaks off. The answer is no
    /// whole one then.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match &mut self.0 {
            Out::Messages(writer) => writer.end(out),
            Out::Chat(writer) => writer.end(out),
            Out::Responses(writer) => return writer.end(out),
        }
        Ok(())
    }
}

/// Appends a whole answer in a client's dialect to `out` and returns the items of its output, which only Responses has; usage and the stop reason are what the last of their steps say.
///
/// # Errors
/// [`Malformed`] when a step cannot be said in the dialect, such as arguments that are no JSON object in Messages.
pub fn write_answer(
    dialect: Dialect,
    head: &Head,
    deltas: &[Delta<'_>],
    out: &mut Vec<u8>,
) -> Result<Vec<Vec<u8>>, Malformed> {
    match dialect {
        Dialect::Messages => messages::whole::write(head, deltas, out).map(|()| Vec::new()),
        Dialect::Chat => {
            chat::whole::write(head, deltas, out);
            Ok(Vec::new())
        }
        Dialect::Responses => responses::whole::write(head, deltas, out),
    }
}
