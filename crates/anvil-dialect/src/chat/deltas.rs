//! What the chunks of a streamed Chat Completions answer say.

use super::choice::{CallPiece, Choice, Chunk};
use crate::delta::{Delta, StopReason};
use crate::event::Malformed;
use crate::json::{Span, read_lenient};
use crate::text::Text;

/// The data of the last event, which is not JSON.
const DONE: &str = "[DONE]";
/// The most calls that one answer may make.
const CALLS_LIMIT: usize = 128;

/// The state between chunks.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    has_started: bool,
    has_refused: bool,
    /// Whether it reads a whole answer, in which every call stands once.
    is_whole: bool,
    /// The calls begun so far: where the tier counts them, and by what id.
    calls: Vec<Begun>,
}

#[derive(Debug)]
struct Begun {
    index: Option<u64>,
    id: String,
}

impl Deltas {
    /// Reads one chunk's data.
    pub(crate) fn read<'d>(&mut self, text: &'d str, deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        if text.trim_ascii() == DONE {
            deltas.push(Delta::End);
            return Ok(());
        }
        self.read_choices(text, "delta", deltas)
    }

    /// Reads a chunk or a whole answer; `answer` is the member that carries a choice's part of the answer.
    pub(super) fn read_choices<'d>(
        &mut self,
        text: &'d str,
        answer: &str,
        deltas: &mut Vec<Delta<'d>>,
    ) -> Result<(), Malformed> {
        self.is_whole = answer == "message";
        let chunk = read_lenient(text.as_bytes(), |json| Chunk::read(json, answer))?;
        if let Some(error) = chunk.error {
            deltas.push(Delta::Error(error));
            return Ok(());
        }
        deltas.extend(chunk.usage.map(Delta::Usage));
        if !chunk.has_choices {
            return Err(Malformed::new("a chunk without choices"));
        }
        let Some(choice) = chunk.choice else { return Ok(()) };
        if choice.index != 0 || chunk.has_more {
            return Err(Malformed::new("a second choice, which no other dialect has"));
        }
        if self.is_whole && !choice.has_answer {
            return Err(Malformed::new("a choice without a message"));
        }
        if !std::mem::replace(&mut self.has_started, true) {
            deltas.push(Delta::Start);
        }
        self.read_choice(choice, text, deltas)
    }

    fn read_choice<'d>(&mut self, choice: Choice, text: &'d str, deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        let said = |span: Span| at(text, span).filter(|piece| !piece.is_empty());
        // Engines that spell it both ways say the same twice.
        let reasoning = choice.reasoning_content.and_then(said).or_else(|| choice.reasoning.and_then(said));
        deltas.extend(reasoning.map(Delta::Reasoning));
        deltas.extend(choice.content.into_iter().chain(choice.parts).filter_map(said).map(Delta::Text));
        if let Some(refusal) = choice.refusal.and_then(said) {
            self.has_refused = true;
            deltas.push(Delta::Text(refusal));
        }
        for piece in choice.calls {
            self.read_call(piece, text, deltas)?;
        }
        if choice.sureness.tokens > 0 {
            deltas.push(Delta::Sureness(choice.sureness));
        }
        let sequence = choice.stop_sequence.and_then(|span| at(text, span));
        let reason = choice.finish.as_deref().and_then(|reason| stop_reason(reason, sequence, self.has_refused));
        deltas.extend(reason.map(Delta::Stop));
        Ok(())
    }

    fn read_call<'d>(&mut self, piece: CallPiece, text: &'d str, deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        let said = |span: Option<Span>| span.and_then(|span| at(text, span)).filter(|piece| !piece.is_empty());
        let (id, name) = (said(piece.id), said(piece.name));
        let call = match self.begun(piece.index, id.as_ref(), name.is_some()) {
            Some(call) => call,
            None if self.calls.len() == CALLS_LIMIT => return Err(Malformed::new("too many tool calls")),
            None => {
                let name = name.ok_or_else(|| Malformed::new("a tool call without a name"))?;
                let id = id.unwrap_or_else(|| Text::plain(""));
                self.calls.push(Begun { index: piece.index, id: id.decoded().into_owned() });
                let call = self.calls.len() - 1;
                deltas.push(Delta::Call { call, id, name });
                call
            }
        };
        if let Some(span) = piece.arguments {
            let json = match text.get(span) {
                // Some engines send the object instead of its text.
                Some(object) if object.starts_with('{') => Some(Text::quote(object)),
                literal => literal.and_then(Text::from_literal),
            };
            deltas.extend(json.filter(|json| !json.is_empty()).map(|json| Delta::Arguments { call, json }));
        }
        Ok(())
    }

    /// The call that a piece goes on with; `None` if it begins one. Some engines give every call the index 0, and some none:
    /// then an id that is new tells, and where there are no ids a name.
    fn begun(&self, index: Option<u64>, id: Option<&Text<'_>>, has_name: bool) -> Option<usize> {
        let id = id.map(Text::decoded).unwrap_or_default();
        let fits = |begun: &Begun| id.is_empty() || begun.id.is_empty() || begun.id == id;
        match index {
            _ if self.is_whole => None,
            Some(_) => self.calls.iter().rposition(|begun| begun.index == index && fits(begun)),
            None if !id.is_empty() => self.calls.iter().rposition(|begun| begun.id == id),
            None if has_name => None,
            None => self.calls.len().checked_sub(1),
        }
    }
}

fn at(text: &str, span: Span) -> Option<Text<'_>> {
    Text::from_literal(text.get(span)?)
}

/// What a `finish_reason` means; `sequence` is the stop sequence that some engines name beside it. Some send `""` for `null`.
fn stop_reason<'a>(reason: &str, sequence: Option<Text<'a>>, has_refused: bool) -> Option<StopReason<'a>> {
    Some(match (reason, sequence) {
        ("", _) => return None,
        ("stop", _) if has_refused => StopReason::Refusal,
        ("stop", Some(sequence)) => StopReason::StopSequence(Some(sequence)),
        ("stop", None) => StopReason::EndTurn,
        ("length", _) => StopReason::MaxTokens,
        ("tool_calls" | "function_call", _) => StopReason::ToolUse,
        ("content_filter", _) => StopReason::Refusal,
        _ => StopReason::Other,
    })
}
