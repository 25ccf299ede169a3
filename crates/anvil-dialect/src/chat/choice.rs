//! Where the parts of a chunk, or of a whole answer, lie.

use jiter::Peek;

use super::logprobs;
use crate::envelope::TierError;
use crate::event::Malformed;
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::sureness::Sureness;
use crate::usage::Usage;

/// One chunk or one whole answer.
#[derive(Default)]
pub(super) struct Chunk {
    /// Whether it has a list of choices, which may be empty.
    pub(super) has_choices: bool,
    /// The first choice. No other dialect has a second.
    pub(super) choice: Option<Choice>,
    pub(super) has_more: bool,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<TierError>,
}

/// What one choice says. Spans are those of string literals.
#[derive(Default)]
pub(super) struct Choice {
    pub(super) index: u64,
    pub(super) finish: Option<String>,
    /// The stop sequence that was met, where the engine names it (vLLM, `SGLang`): `stop_reason` or `matched_stop`.
    pub(super) stop_sequence: Option<Span>,
    /// Whether it has the object that carries the answer.
    pub(super) has_answer: bool,
    pub(super) content: Option<Span>,
    /// The content where it comes in parts, as Mistral's does once it thinks.
    pub(super) parts: Vec<Span>,
    pub(super) reasoning_content: Option<Span>,
    pub(super) reasoning: Option<Span>,
    pub(super) refusal: Option<Span>,
    pub(super) calls: Vec<CallPiece>,
    /// How sure the model was of the tokens in it.
    pub(super) sureness: Sureness,
}

/// A piece of a call.
#[derive(Default)]
pub(super) struct CallPiece {
    pub(super) index: Option<u64>,
    pub(super) id: Option<Span>,
    pub(super) name: Option<Span>,
    /// A string, or an object.
    pub(super) arguments: Option<Span>,
}

impl Chunk {
    pub(super) fn read(json: &[u8], answer: &str) -> Result<Self, Malformed> {
        let mut json = Reader::of_object(json, "a chunk that is not a JSON object")?;
        let mut chunk = Self::default();
        json.object(
            |name| match name {
                "choices" => 1,
                "usage" => 2,
                "error" => 3,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 if json.peek()? == Peek::Array => {
                        chunk.has_choices = true;
                        json.array(|index, json| {
                            if index > 0 {
                                chunk.has_more = true;
                                return json.ignore();
                            }
                            chunk.choice = Some(Choice::read(json, answer)?);
                            Ok(())
                        })?;
                    }
                    2 if json.peek()? == Peek::Object => chunk.usage = Some(Usage::read_chat(json)?),
                    3 if json.peek()? != Peek::Null => chunk.error = Some(TierError::read(json)?),
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        json.finish()?;
        Ok(chunk)
    }
}

impl Choice {
    fn read(json: &mut Reader<'_>, answer: &str) -> Result<Self, Invalid> {
        let mut choice = Self::default();
        if json.peek()? != Peek::Object {
            json.ignore()?;
            return Ok(choice);
        }
        json.object(
            |name| match name {
                "index" => 1,
                "finish_reason" => 2,
                "stop_reason" | "matched_stop" => 3,
                name if name == answer => 4,
                logprobs::MEMBER => 5,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 => choice.index = json.unsigned()?.unwrap_or(0),
                    2 => choice.finish = json.string()?,
                    3 if json.peek()? == Peek::String => choice.stop_sequence = json.string_span()?,
                    4 if json.peek()? == Peek::Object => {
                        choice.has_answer = true;
                        choice.read_answer(json)?;
                    }
                    5 => choice.sureness = logprobs::read(json)?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        Ok(choice)
    }

    fn read_answer(&mut self, json: &mut Reader<'_>) -> Result<(), Invalid> {
        json.object(
            |name| match name {
                "content" => 1,
                "reasoning_content" => 2,
                "reasoning" => 3,
                "refusal" => 4,
                "tool_calls" => 5,
                "function_call" => 6,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, Peek::String) => self.content = json.string_span()?,
                    (1, Peek::Array) => json.array(|_, json| {
                        json.member("text", |json| match json.string_span()? {
                            Some(span) => {
                                self.parts.push(span);
                                Ok(())
                            }
                            None => json.ignore(),
                        })
                    })?,
                    (2, Peek::String) => self.reasoning_content = json.string_span()?,
                    (3, Peek::String) => self.reasoning = json.string_span()?,
                    (4, Peek::String) => self.refusal = json.string_span()?,
                    (5, Peek::Array) => json.array(|_, json| {
                        self.calls.push(CallPiece::read(json)?);
                        Ok(())
                    })?,
                    (6, Peek::Object) => {
                        let mut piece = CallPiece::default();
                        piece.read_function(json)?;
                        self.calls.push(piece);
                    }
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )
    }
}

impl CallPiece {
    fn read(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let mut piece = Self::default();
        if json.peek()? != Peek::Object {
            json.ignore()?;
            return Ok(piece);
        }
        json.object(
            |name| match name {
                "index" => 1,
                "id" => 2,
                "function" => 3,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, _) => piece.index = json.unsigned()?,
                    (2, Peek::String) => piece.id = json.string_span()?,
                    (3, Peek::Object) => piece.read_function(json)?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        Ok(piece)
    }

    fn read_function(&mut self, json: &mut Reader<'_>) -> Result<(), Invalid> {
        json.object(
            |name| match name {
                "name" => 1,
                "arguments" => 2,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, Peek::String) => self.name = json.string_span()?,
                    (2, Peek::String | Peek::Object) => self.arguments = Some(json.skip()?),
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )
    }
}
