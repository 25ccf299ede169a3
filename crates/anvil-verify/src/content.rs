//! Whether there is an answer in the answer, and whether it is all of it.

use crate::defect::Defect;
use crate::verdict::Passed;

/// How many tokens below its cap a tier may count and still have reached it: some do not count the tokens that end a turn or
/// open the reasoning.
const CAP_SLACK: u64 = 16;

/// Why the tier stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Finish {
    /// The model ended by itself. An end at a sequence that the caller named is [`Other`](Self::Other): that may leave nothing.
    Stop,
    /// At a cap on tokens.
    Length,
    /// For the tools that it called.
    ToolCalls,
    /// It declined, or a filter did.
    Refusal,
    /// For a reason that says of itself why there may be no text: a stop sequence, a pause, a filter.
    Other,
    /// The tier did not say.
    #[default]
    Unknown,
}

/// What an answer consists of.
#[derive(Debug, Default, Clone, Copy)]
pub struct Content {
    text: Presence,
    reasoning: Presence,
    is_called: bool,
}

/// Whether something was said.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Presence {
    #[default]
    Nothing,
    WhiteSpace,
    Words,
}

impl Content {
    /// Takes the next piece of the text.
    pub fn feed_text(&mut self, piece: &str) {
        self.text.note(piece);
    }

    /// Takes the next piece of the reasoning.
    pub fn feed_reasoning(&mut self, piece: &str) {
        self.reasoning.note(piece);
    }

    /// Notes that a tool was called, or that something else that is no text was answered.
    pub fn called(&mut self) {
        self.is_called = true;
    }

    /// The verdict when the answer is over.
    ///
    /// `output_tokens` is the tier's own count, reasoning included; `caller_cap` is what the caller asked for, not what the tier
    /// was sent. A cap that the caller set and that was reached excuses everything, an answer of nothing too: a caller who asks
    /// for one token gets one.
    ///
    /// # Errors
    /// [`Defect::CutShort`], [`Defect::ReasoningOnly`], [`Defect::Blank`] or [`Defect::Empty`].
    pub fn end(self, finish: Finish, output_tokens: Option<u64>, caller_cap: Option<u64>) -> Result<Passed, Defect> {
        if finish == Finish::Length {
            return if is_capped(output_tokens, caller_cap) { Ok(Passed::new()) } else { Err(Defect::CutShort) };
        }
        if self.is_called || matches!(finish, Finish::Refusal | Finish::Other) {
            return Ok(Passed::new());
        }
        match (self.text, self.reasoning) {
            (Presence::Words, _) => Ok(Passed::new()),
            (_, Presence::Words) => Err(Defect::ReasoningOnly),
            (Presence::Nothing, Presence::Nothing) => Err(Defect::Empty),
            (Presence::Nothing | Presence::WhiteSpace, _) => Err(Defect::Blank),
        }
    }
}

impl Presence {
    fn note(&mut self, piece: &str) {
        if *self == Self::Words || piece.is_empty() {
            return;
        }
        *self = if piece.chars().all(is_white) { Self::WhiteSpace } else { Self::Words };
    }
}

/// White space, or a character that takes no place.
fn is_white(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// Whether the caller's own cap may have cut the answer. A tier that counts nothing proves nothing.
fn is_capped(output_tokens: Option<u64>, caller_cap: Option<u64>) -> bool {
    match (caller_cap, output_tokens) {
        (None, _) => false,
        (Some(_), None | Some(0)) => true,
        (Some(cap), Some(tokens)) => tokens.saturating_add(CAP_SLACK) >= cap,
    }
}
