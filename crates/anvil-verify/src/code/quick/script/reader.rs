//! The reader: the token it is at, what stands around it, and how far it may go.
//!
//! Its methods are the rules of the grammar, in the files beside this one. Each begins at the first token of what it reads and ends at
//! the token behind; `None` is that the text is not accepted, and ends the reading.

use super::Dialect;
use super::kind::Kind;
use super::lexer::{AfterPiece, Lexer, Token};

/// How deep expressions, statements, types and elements may lie in each other. A level takes up to 4 KiB of stack without optimisation.
const DEEPEST: u16 = 200;

/// What stands around an expression or a type, and changes what may follow it. Brackets end it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    /// The head of a `for`: `in` is no operator.
    pub(super) for_head: bool,
    /// A `case`, or the middle of a conditional expression: a colon ends it, and begins no type.
    pub(super) colon: bool,
    /// The bound of a conditional type: `extends` begins no other.
    pub(super) bound: bool,
}

/// Reads a text.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) lexer: Lexer<'a>,
    pub(super) dialect: Dialect,
    pub(super) around: Around,
    depth: u16,
    /// How many bytes may yet be read and taken back.
    retries: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(dialect: Dialect, code: &'a str) -> Self {
        let mut lexer = Lexer::new(code.as_bytes());
        lexer.next();
        Self { lexer, dialect, around: Around::default(), depth: 0, retries: code.len() + 1024 }
    }

    pub(super) fn kind(&self) -> Kind {
        self.lexer.token.kind
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.lexer.token.kind == kind
    }

    /// Whether a line ends before the token.
    pub(super) fn on_new_line(&self) -> bool {
        self.lexer.token.on_new_line
    }

    pub(super) fn next(&mut self) {
        self.lexer.next();
    }

    /// The token behind this one.
    pub(super) fn peek(&self) -> Token {
        let mut ahead = self.lexer;
        ahead.next();
        ahead.token
    }

    /// Goes on where the token is of this kind.
    pub(super) fn eat(&mut self, kind: Kind) -> bool {
        let is = self.is(kind);
        if is {
            self.next();
        }
        is
    }

    pub(super) fn expect(&mut self, kind: Kind) -> Option<()> {
        self.eat(kind).then_some(())
    }

    /// A name that may be declared.
    pub(super) fn name(&mut self) -> Option<()> {
        self.kind().is_name().then(|| self.next())
    }

    /// A name that may be any word.
    pub(super) fn word(&mut self) -> Option<()> {
        self.kind().is_word().then(|| self.next())
    }

    /// The end of a statement, which may be left out at a line's end and before `}` (ECMA-262, "Automatic Semicolon Insertion").
    pub(super) fn semicolon(&mut self) -> Option<()> {
        (self.eat(Kind::Semicolon) || self.on_new_line() || matches!(self.kind(), Kind::CloseBrace | Kind::End))
            .then_some(())
    }

    /// Reads one level deeper, if that is not too deep.
    pub(super) fn deeper<R>(&mut self, read: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let found = read(self)?;
        self.depth -= 1;
        Some(found)
    }

    /// Reads something that is in these surroundings.
    pub(super) fn within<R>(&mut self, around: Around, read: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        let outside = std::mem::replace(&mut self.around, around);
        let found = read(self)?;
        self.around = outside;
        Some(found)
    }

    /// Reads what stands in brackets, where nothing around matters.
    pub(super) fn apart<R>(&mut self, read: impl FnOnce(&mut Self) -> Option<R>) -> Option<R> {
        self.within(Around::default(), read)
    }

    /// Whether something can be read here; where it cannot, all is as before. `None` where too much was taken back.
    pub(super) fn tries(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<bool> {
        let (lexer, around, depth) = (self.lexer, self.around, self.depth);
        if read(self).is_some() {
            return Some(true);
        }
        let far = self.lexer.token.end;
        (self.lexer, self.around, self.depth) = (lexer, around, depth);
        self.takes_back(far)?;
        Some(false)
    }

    /// Notes that the text up to byte `far` was looked at and will be again.
    pub(super) fn takes_back(&mut self, far: usize) -> Option<()> {
        self.retries = self.retries.saturating_sub(far.saturating_sub(self.lexer.token.start));
        (self.retries > 0).then_some(())
    }

    /// A template from its first backtick, with what `hole` reads in its holes.
    pub(super) fn template(&mut self, hole: fn(&mut Self) -> Option<()>) -> Option<()> {
        while self.lexer.template_piece()? == AfterPiece::Hole {
            self.next();
            self.apart(hole)?;
            if !self.is(Kind::CloseBrace) {
                return None;
            }
        }
        self.next();
        Some(())
    }
}
