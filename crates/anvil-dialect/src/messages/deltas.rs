//! What the events of a streamed Messages answer say.

use jiter::Peek;

use crate::delta::{Delta, StopReason};
use crate::envelope::TierError;
use crate::event::Malformed;
use crate::invalid::Invalid;
use crate::json::{Reader, Span, read_lenient};
use crate::text::Text;
use crate::usage::Usage;

/// The most blocks that may be open at once. The vendor opens one at a time.
const OPEN_LIMIT: usize = 64;

/// The state between events: which blocks are open.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    open: Vec<Block>,
    calls: usize,
}

#[derive(Debug)]
struct Block {
    index: u64,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Said,
    /// A call; its whole input where the tier gave it at once, until a first piece comes.
    Call {
        call: usize,
        input: Option<String>,
    },
    /// A block that only its own dialect knows, such as a search that the vendor ran.
    Foreign,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum EventType {
    MessageStart,
    BlockStart,
    BlockDelta,
    BlockStop,
    MessageDelta,
    MessageStop,
    Ping,
    Error,
    #[default]
    Other,
}

/// The members of one event, of its block or of its delta; their names do not meet.
#[derive(Default)]
struct Members {
    event: Option<EventType>,
    index: u64,
    block: Piece,
    delta: Piece,
    usage: Option<Usage>,
    error: Option<TierError>,
}

/// What a block or a delta holds.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum PieceType {
    Text,
    Thinking,
    ToolUse,
    TextDelta,
    ThinkingDelta,
    InputDelta,
    #[default]
    Other,
}

#[derive(Default)]
struct Piece {
    kind: PieceType,
    text: Option<Span>,
    thinking: Option<Span>,
    json: Option<Span>,
    input: Option<Span>,
    id: Option<Span>,
    name: Option<Span>,
    stop_reason: Option<String>,
    stop_sequence: Option<Span>,
}

impl Deltas {
    /// Reads one event's data.
    pub(crate) fn read<'d>(&mut self, text: &'d str, deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        let members = read_lenient(text.as_bytes(), Members::read)?;
        let event = members.event.or(members.error.is_some().then_some(EventType::Error));
        match event.ok_or_else(|| Malformed::new("an event without a type"))? {
            EventType::MessageStart => {
                deltas.extend(members.usage.map(Delta::Usage));
                deltas.push(Delta::Start);
            }
            EventType::BlockStart => self.start(members.index, members.block, text, deltas)?,
            EventType::BlockDelta => self.delta(members.index, &members.delta, text, deltas),
            EventType::BlockStop => self.stop(members.index, deltas),
            EventType::MessageDelta => {
                deltas.extend(members.usage.map(Delta::Usage));
                let sequence = members.delta.stop_sequence.and_then(|span| at(text, span));
                let reason = members.delta.stop_reason.map(|reason| stop_reason(&reason, sequence));
                deltas.extend(reason.map(Delta::Stop));
            }
            EventType::MessageStop => deltas.push(Delta::End),
            EventType::Ping => deltas.push(Delta::Ping),
            EventType::Error => deltas.push(Delta::Error(members.error.unwrap_or_default())),
            EventType::Other => {}
        }
        Ok(())
    }

    fn start<'d>(
        &mut self,
        index: u64,
        block: Piece,
        text: &'d str,
        deltas: &mut Vec<Delta<'d>>,
    ) -> Result<(), Malformed> {
        // One that is begun anew is over, whether the tier has said so or not.
        self.stop(index, deltas);
        if self.open.len() == OPEN_LIMIT {
            return Err(Malformed::new("too many blocks open at once"));
        }
        let kind = match block.kind {
            PieceType::Text | PieceType::Thinking => {
                push_said(block.text, text, deltas, Delta::Text);
                push_said(block.thinking, text, deltas, Delta::Reasoning);
                Kind::Said
            }
            PieceType::ToolUse => {
                let call = self.calls;
                self.calls += 1;
                let name = block.name.and_then(|span| at(text, span)).filter(|name| !name.is_empty());
                let name = name.ok_or_else(|| Malformed::new("a tool call without a name"))?;
                let id = block.id.and_then(|span| at(text, span)).unwrap_or_else(|| Text::plain(""));
                deltas.push(Delta::Call { call, id, name });
                let input = block.input.and_then(|span| text.get(span)).filter(|input| !is_empty_object(input));
                Kind::Call { call, input: input.map(str::to_owned) }
            }
            _ => {
                deltas.push(Delta::Foreign);
                Kind::Foreign
            }
        };
        self.open.push(Block { index, kind });
        Ok(())
    }

    fn delta<'d>(&mut self, index: u64, delta: &Piece, text: &'d str, deltas: &mut Vec<Delta<'d>>) {
        let block = self.open.iter_mut().find(|open| open.index == index);
        match (block.map(|block| &mut block.kind), delta.kind) {
            (Some(Kind::Call { call, input }), PieceType::InputDelta) => {
                let piece = delta.json.clone().and_then(|span| at(text, span)).filter(|piece| !piece.is_empty());
                if let Some(json) = piece {
                    *input = None;
                    deltas.push(Delta::Arguments { call: *call, json });
                }
            }
            (Some(Kind::Said), PieceType::TextDelta) => push_said(delta.text.clone(), text, deltas, Delta::Text),
            (Some(Kind::Said), PieceType::ThinkingDelta) => {
                push_said(delta.thinking.clone(), text, deltas, Delta::Reasoning);
            }
            // Signatures and citations are the vendor's own, as is all of a foreign block.
            _ => {}
        }
    }

    fn stop(&mut self, index: u64, deltas: &mut Vec<Delta<'_>>) {
        let Some(position) = self.open.iter().position(|open| open.index == index) else { return };
        if let Kind::Call { call, input } = self.open.remove(position).kind {
            if let Some(input) = input {
                deltas.push(Delta::Arguments { call, json: Text::quote(&input) });
            }
            deltas.push(Delta::CallEnd { call });
        }
    }
}

impl Members {
    fn read(json: &[u8]) -> Result<Self, Malformed> {
        let mut json = Reader::of_object(json, "an event that is not a JSON object")?;
        let mut members = Self::default();
        json.object(
            |name| match name {
                "type" => 1,
                "index" => 2,
                "content_block" => 3,
                "delta" => 4,
                "usage" => 5,
                "message" => 6,
                "error" => 7,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, _) => members.event = json.string_as(event_type)?,
                    (2, _) => members.index = json.unsigned()?.unwrap_or(0),
                    (3, Peek::Object) => members.block = Piece::read(json)?,
                    (4, Peek::Object) => members.delta = Piece::read(json)?,
                    (5, Peek::Object) => members.usage = Some(Usage::read_messages(json)?),
                    (6, Peek::Object) => json.member("usage", |json| {
                        if json.peek()? != Peek::Object {
                            return json.ignore();
                        }
                        members.usage = Some(Usage::read_messages(json)?);
                        Ok(())
                    })?,
                    (7, next) if next != Peek::Null => members.error = Some(TierError::read(json)?),
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        json.finish()?;
        Ok(members)
    }
}

impl Piece {
    fn read(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let mut piece = Self::default();
        json.object(
            |name| match name {
                "type" => 1,
                "text" => 2,
                "thinking" => 3,
                "partial_json" => 4,
                "input" => 5,
                "id" => 6,
                "name" => 7,
                "stop_reason" => 8,
                "stop_sequence" => 9,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 => piece.kind = json.string_as(piece_type)?.unwrap_or_default(),
                    8 => piece.stop_reason = json.string()?,
                    0 => json.ignore()?,
                    5 if json.peek()? == Peek::Object => piece.input = Some(json.skip()?),
                    _ if json.peek()? != Peek::String => json.ignore()?,
                    2 => piece.text = json.string_span()?,
                    3 => piece.thinking = json.string_span()?,
                    4 => piece.json = json.string_span()?,
                    6 => piece.id = json.string_span()?,
                    7 => piece.name = json.string_span()?,
                    9 => piece.stop_sequence = json.string_span()?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        Ok(piece)
    }
}

fn at(text: &str, span: Span) -> Option<Text<'_>> {
    Text::from_literal(text.get(span)?)
}

fn push_said<'d>(span: Option<Span>, text: &'d str, deltas: &mut Vec<Delta<'d>>, said: impl Fn(Text<'d>) -> Delta<'d>) {
    let piece = span.and_then(|span| at(text, span)).filter(|piece| !piece.is_empty());
    deltas.extend(piece.map(said));
}

fn is_empty_object(json: &str) -> bool {
    json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).is_some_and(|inside| inside.trim().is_empty())
}

/// What a `stop_reason` means.
pub(super) fn stop_reason<'a>(reason: &str, sequence: Option<Text<'a>>) -> StopReason<'a> {
    match reason {
        "end_turn" => StopReason::EndTurn,
        "stop_sequence" => StopReason::StopSequence(sequence),
        "max_tokens" => StopReason::MaxTokens,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        "tool_use" => StopReason::ToolUse,
        "refusal" => StopReason::Refusal,
        "pause_turn" => StopReason::PauseTurn,
        _ => StopReason::Other,
    }
}

fn piece_type(name: &str) -> PieceType {
    match name {
        "text" => PieceType::Text,
        "thinking" => PieceType::Thinking,
        "tool_use" => PieceType::ToolUse,
        "text_delta" => PieceType::TextDelta,
        "thinking_delta" => PieceType::ThinkingDelta,
        "input_json_delta" => PieceType::InputDelta,
        _ => PieceType::Other,
    }
}

fn event_type(name: &str) -> EventType {
    match name {
        "message_start" => EventType::MessageStart,
        "content_block_start" => EventType::BlockStart,
        "content_block_delta" => EventType::BlockDelta,
        "content_block_stop" => EventType::BlockStop,
        "message_delta" => EventType::MessageDelta,
        "message_stop" => EventType::MessageStop,
        "ping" => EventType::Ping,
        "error" => EventType::Error,
        _ => EventType::Other,
    }
}
