//! One reading of a text: what is open, and whether the next token may stand there.

use super::frame::{Frame, Heads, Last, Mode, Place};
use super::token::{Bracket, Kind, Token};

#[derive(Debug, Clone)]
pub(super) struct Reading {
    frames: Vec<Frame>,
    /// Where each of them begins.
    opened: Vec<usize>,
    pub(super) is_cpp: bool,
    /// The branches of the condition before that it is a reading of, a bit each.
    pub(super) sides: u8,
}

impl PartialEq for Reading {
    fn eq(&self, other: &Self) -> bool {
        self.frames == other.frames
    }
}

impl Reading {
    pub(super) fn new(is_cpp: bool) -> Self {
        Self { frames: vec![Frame::new(Place::Top, Bracket::Curly)], opened: vec![0], is_cpp, sides: 0 }
    }

    pub(super) fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Whether nothing has been read.
    pub(super) fn is_new(&self) -> bool {
        *self == Self::new(self.is_cpp)
    }

    /// Whether the innermost statement is of words alone, as far as it has come.
    pub(super) fn is_words(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.last == Last::Name && frame.mode == Mode::Declaration && !frame.has_type)
    }

    /// Whether the innermost brackets are round or square.
    pub(super) fn is_within_call(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.bracket != Bracket::Curly)
    }

    /// Where what the text ends in began; `None` where it may end here. `end` is the text's own.
    pub(super) fn unfinished(&self, end: usize) -> Option<usize> {
        let (frame, &at) = self.frames.last().zip(self.opened.last())?;
        match self.frames.len() {
            // A comma ends a piece of a list.
            1 => {
                let is_whole = frame.may_end
                    || matches!(frame.last, Last::Start | Last::Comma | Last::Macro | Last::MacroCall)
                    || (frame.last == Last::Call && (self.is_cpp || !frame.is_prototype));
                (!is_whole || (frame.has_ended && frame.heads.has_do())).then_some(end)
            }
            // A macro may close the list.
            2 if frame.place == Place::List && frame.last == Last::Macro => None,
            _ => Some(at),
        }
    }

    /// The innermost brackets; the block itself always stands at the bottom.
    pub(super) fn top(&mut self) -> &mut Frame {
        let last = self.frames.len() - 1;
        &mut self.frames[last]
    }

    pub(super) fn push(&mut self, place: Place, bracket: Bracket, at: usize) {
        self.frames.push(Frame::new(place, bracket));
        self.opened.push(at);
    }

    /// Closes the innermost brackets; `None` where they are not of this kind.
    pub(super) fn pop(&mut self, bracket: Bracket) -> Option<Frame> {
        if self.frames.len() < 2 || self.top().bracket != bracket {
            return None;
        }
        self.opened.pop();
        self.frames.pop()
    }

    /// Takes a token; whether it may stand here.
    pub(super) fn step(&mut self, token: Token) -> bool {
        use Kind as K;
        if token.kind == K::Include {
            self.include();
            return true;
        }
        self.settle(token);
        if self.top().has_ended && !self.go_on(token.kind) {
            return false;
        }
        let last = self.top().last;
        match last {
            Last::Jump if !matches!(token.kind, K::Semicolon | K::Macro) => return false,
            Last::Done if token.kind != K::Semicolon => return false,
            Last::Dot if !self.is_member(token.kind) => return false,
            Last::Head => match token.kind {
                K::Open(Bracket::Round) => {}
                K::Macro => {
                    self.top().has_macro = true;
                    return true;
                }
                K::Storage if self.is_cpp => {
                    self.top().has_macro = true;
                    return true;
                }
                // `if consteval {`
                K::Open(Bracket::Curly) if self.top().has_macro => {
                    self.top().heads.push(Heads::IF);
                    self.top().begin(Last::Due);
                }
                _ => return false,
            },
            _ => {}
        }
        self.take(token)
    }

    fn take(&mut self, token: Token) -> bool {
        use Kind as K;
        match token.kind {
            K::Name => self.name(token),
            K::Macro => self.a_macro(token),
            K::Type | K::Qualifier | K::Storage | K::Struct | K::Enum => self.type_word(token),
            K::Namespace | K::Lead | K::Using | K::Template | K::Apply | K::Access => {
                self.lead(token.kind);
                true
            }
            K::Number | K::Text => self.literal(token.kind),
            K::Open(Bracket::Curly) => self.open_curly(token.at),
            K::Open(Bracket::Square) => self.open_square(token),
            K::Open(Bracket::Round) => self.open_round(token.at),
            K::Close(Bracket::Curly) => self.close_curly(),
            K::Close(Bracket::Square) => self.close_square(),
            K::Close(Bracket::Round) => self.close_round(token.fresh),
            K::Semicolon => self.semicolon(),
            K::Comma => self.comma(),
            K::Colon => self.colon(),
            K::Stray => self.top().place == Place::Any,
            kind if kind.begins_statement() => self.statement(kind),
            kind => self.sign(kind),
        }
    }

    /// A file that is included in the middle of something may say anything.
    fn include(&mut self) {
        let frame = self.top();
        if !(frame.has_statements() && frame.last == Last::Start) {
            frame.has_macro = true;
            frame.last = Last::MacroCall;
        }
    }

    /// Ends the statement before where only the next token shows that it has ended.
    fn settle(&mut self, token: Token) {
        use Kind as K;
        let is_outermost = self.frames.len() == 1;
        let frame = self.top();
        let begins = matches!(token.kind, K::Name | K::Macro | K::Type | K::Storage | K::Struct);
        if token.fresh && is_outermost && begins && frame.last == Last::MacroCall && frame.mode == Mode::Expression {
            frame.end();
        }
        let goes_on =
            matches!(token.kind, K::Semicolon | K::Comma | K::Dot | K::Arrow | K::Binary | K::Question | K::Scope);
        if std::mem::take(&mut frame.may_end) && !goes_on {
            frame.end();
        }
    }

    /// Whether a token may stand after `.` or `->`.
    fn is_member(&mut self, kind: Kind) -> bool {
        use Kind as K;
        self.top().is_loose()
            || matches!(kind, K::Name | K::Macro)
            || (self.is_cpp && matches!(kind, K::Star | K::Not | K::Lead | K::Template | K::Scope | K::Open(_)))
    }
}
