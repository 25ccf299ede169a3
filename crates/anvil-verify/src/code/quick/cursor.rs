//! A place in a list of tokens, from which a recogniser goes on.

use super::Reading;
use super::letters::is_word;
use super::tokens::{Kind, Token};

/// How deep constructs may stand in each other; what is deeper is not accepted. No text gets near the end of the stack.
const DEEPEST: u32 = 200;

/// Where a recogniser is. Its methods give `None` where what follows is not surely right; nothing is tried again after that.
pub(super) struct Cursor<'a, S> {
    code: &'a [u8],
    tokens: &'a [Token],
    pub(super) at: usize,
    depth: u32,
    fault: Option<usize>,
    /// What the language needs to know of where it is.
    pub(super) state: S,
}

impl<'a, S> Cursor<'a, S> {
    pub(super) fn new(code: &'a str, tokens: &'a [Token], state: S) -> Self {
        Self { code: code.as_bytes(), tokens, at: 0, depth: 0, fault: None, state }
    }

    pub(super) fn kind_at(&self, at: usize) -> Kind {
        self.tokens.get(at).map_or(Kind::End, |token| token.kind)
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind_at(self.at)
    }

    pub(super) fn ahead(&self, by: usize) -> Kind {
        self.kind_at(self.at + by)
    }

    /// The place of the bracket that closes the one at `at`.
    pub(super) fn close_of(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(0, |token| token.close as usize)
    }

    /// Whether nothing stands between a token and the next, of which the first has one byte.
    pub(super) fn is_tight(&self, at: usize) -> bool {
        let start = |at: usize| self.tokens.get(at).map(|token| token.start);
        start(at).is_some_and(|here| start(at + 1) == Some(here + 1))
    }

    /// The text from a token on.
    pub(super) fn text_from(&self, at: usize) -> &'a [u8] {
        self.tokens.get(at).and_then(|token| self.code.get(token.start as usize..)).unwrap_or_default()
    }

    /// Whether two tokens are the same word.
    pub(super) fn are_same(&self, one: usize, other: usize) -> bool {
        let text = self.text_from(other);
        let end = text.iter().position(|&byte| !is_word(byte)).unwrap_or(text.len());
        let rest = text.get(..end).and_then(|word| self.text_from(one).strip_prefix(word));
        rest.is_some_and(|rest| rest.first().is_none_or(|&byte| !is_word(byte)))
    }

    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    pub(super) fn take(&mut self, kind: Kind) -> bool {
        let is_here = self.kind() == kind;
        self.at += usize::from(is_here);
        is_here
    }

    pub(super) fn expect(&mut self, kind: Kind) -> Option<()> {
        self.take(kind).then_some(())
    }

    pub(super) fn name(&mut self) -> Option<()> {
        let is_name = self.kind().is_name();
        self.at += usize::from(is_name);
        is_name.then_some(())
    }

    /// Notes that a token proves the text to be broken, where nothing before it does.
    pub(super) fn fail<T>(&mut self, at: usize) -> Option<T> {
        self.fault = self.fault.or(self.tokens.get(at).map(|token| token.start as usize));
        None
    }

    /// What a text is of which `read` is what was found.
    pub(super) fn reading(&self, read: Option<()>) -> Reading {
        match (read, self.fault) {
            (Some(()), _) => Reading::Right,
            (None, Some(at)) => Reading::Broken(at),
            (None, None) => Reading::Unknown,
        }
    }

    /// One level deeper.
    pub(super) fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let found = inside(self);
        self.depth -= 1;
        found
    }
}
