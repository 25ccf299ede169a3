//! Tokens, one at a time: only who reads knows whether a regular expression, a piece of a template or the text of an element comes next.

use super::kind::Kind;
use super::literals;

/// A token, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether a line ends between the token before and this one.
    pub(super) on_new_line: bool,
}

/// A text and where it is read. A copy is a place to come back to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    pub(super) code: &'a [u8],
    pub(super) token: Token,
}

/// What follows a piece of a template.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AfterPiece {
    End,
    Hole,
}

impl<'a> Lexer<'a> {
    /// The text before its first token.
    pub(super) fn new(code: &'a [u8]) -> Self {
        let mut start = if code.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        if code.get(start..).is_some_and(|rest| rest.starts_with(b"#!")) {
            start = line_end(code, start);
        }
        Self { code, token: Token { kind: Kind::End, start: 0, end: start, on_new_line: true } }
    }

    fn byte(&self, at: usize) -> u8 {
        self.code.get(at).copied().unwrap_or_default()
    }

    /// The token as it is written.
    pub(super) fn text(&self) -> &'a [u8] {
        self.code.get(self.token.start..self.token.end).unwrap_or_default()
    }

    /// Goes to the next token.
    pub(super) fn next(&mut self) {
        let (start, on_new_line) = self.skip(self.token.end);
        let (kind, length) = self.at(start);
        self.token = Token { kind, start, end: (start + length).min(self.code.len()), on_new_line };
    }

    /// Where the next token begins from `at`, and whether a line ends before it.
    fn skip(&self, mut at: usize) -> (usize, bool) {
        let mut lines = false;
        loop {
            match self.byte(at) {
                b' ' | b'\t' | 0x0B | 0x0C => at += 1,
                b'\n' | b'\r' => (at, lines) = (at + 1, true),
                b'/' if self.byte(at + 1) == b'/' => at = line_end(self.code, at),
                b'/' if self.byte(at + 1) == b'*' => {
                    let Some(end) = comment_end(self.code, at + 2) else { return (at, lines) };
                    let comment = self.code.get(at..end).unwrap_or_default();
                    lines |= memchr::memchr2(b'\n', b'\r', comment).is_some();
                    at = end;
                }
                0xC2 if self.byte(at + 1) == 0xA0 => at += 2,
                0xE2 if self.byte(at + 1) == 0x80 && matches!(self.byte(at + 2), 0xA8 | 0xA9) => {
                    (at, lines) = (at + 3, true);
                }
                0xEF if self.byte(at + 1) == 0xBB && self.byte(at + 2) == 0xBF => at += 3,
                _ => return (at, lines),
            }
        }
    }

    /// The kind of the token at `start` and its length.
    fn at(&self, start: usize) -> (Kind, usize) {
        use Kind as K;
        let rest = self.code.get(start..).unwrap_or_default();
        let Some(&first) = rest.first() else { return (K::End, 0) };
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => {
                let Some(length) = literals::name(rest) else { return (K::Wrong, 1) };
                (K::of_word(rest.get(..length).unwrap_or_default()), length)
            }
            b'(' => (K::OpenParen, 1),
            b')' => (K::CloseParen, 1),
            b'{' => (K::OpenBrace, 1),
            b'}' => (K::CloseBrace, 1),
            b'[' => (K::OpenBracket, 1),
            b']' => (K::CloseBracket, 1),
            b';' => (K::Semicolon, 1),
            b',' => (K::Comma, 1),
            b':' => (K::Colon, 1),
            b'~' => (K::Tilde, 1),
            b'@' => (K::At, 1),
            b'`' => (K::Backtick, 1),
            b'>' => (K::Greater, 1),
            b'"' | b'\'' => literals::text(rest).map_or((K::Wrong, 1), |length| (K::Text, length)),
            b'0'..=b'9' => number(rest),
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => number(rest),
            b'#' => {
                let name = rest.get(1..).and_then(literals::name);
                name.map_or((K::Wrong, 1), |length| (K::Private, length + 1))
            }
            // A comment that does not end.
            b'/' if rest.get(1) == Some(&b'*') => (K::Wrong, 1),
            _ => operator(rest),
        }
    }

    /// Makes of a `>` the operator that it begins.
    pub(super) fn widen(&mut self) {
        let rest = self.code.get(self.token.start..).unwrap_or_default();
        let signs = rest.iter().take_while(|&&byte| byte == b'>').take(3).count();
        let equals = rest.get(signs) == Some(&b'=');
        self.token.kind = if equals && signs > 1 { Kind::Assign } else { Kind::Binary };
        self.token.end = self.token.start + signs + usize::from(equals);
    }

    /// Makes of a `/` the regular expression that it begins.
    pub(super) fn regex(&mut self) -> Option<()> {
        let rest = self.code.get(self.token.start..).unwrap_or_default();
        self.token.end = self.token.start + literals::regex(rest)?;
        self.token.kind = Kind::Regex;
        Some(())
    }

    /// Goes over the piece of a template that begins behind the token.
    pub(super) fn template_piece(&mut self) -> Option<AfterPiece> {
        let mut at = self.token.end;
        loop {
            at += memchr::memchr3(b'`', b'\\', b'$', self.code.get(at..)?)?;
            match self.byte(at) {
                b'`' => {
                    self.token.end = at + 1;
                    return Some(AfterPiece::End);
                }
                b'$' if self.byte(at + 1) == b'{' => {
                    self.token.end = at + 2;
                    return Some(AfterPiece::Hole);
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
    }

    /// Goes over the text of an element that begins behind the token, to the `<` or `{` that ends it.
    pub(super) fn markup_text(&mut self) -> Option<()> {
        let rest = self.code.get(self.token.end..)?;
        let length = rest.iter().position(|byte| matches!(byte, b'<' | b'{' | b'>' | b'}'))?;
        let start = self.token.end + length;
        let kind = match self.byte(start) {
            b'<' => Kind::Less,
            b'{' => Kind::OpenBrace,
            _ => return None,
        };
        self.token = Token { kind, start, end: start + 1, on_new_line: false };
        Some(())
    }

    /// Makes of a word the name of an element or an attribute, which may have hyphens.
    pub(super) fn hyphenate(&mut self) {
        loop {
            let rest = self.code.get(self.token.end..).unwrap_or_default();
            let hyphens = rest.iter().take_while(|&&byte| byte == b'-').count();
            if hyphens == 0 {
                return;
            }
            let tail = rest.get(hyphens..).unwrap_or_default();
            let digits = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let name = tail.get(digits..).and_then(literals::name).unwrap_or_default();
            self.token.end += hyphens + digits + name;
        }
    }

    /// Goes to the value of an attribute, whose strings have no escapes and may have lines.
    pub(super) fn attribute_value(&mut self) {
        let (start, on_new_line) = self.skip(self.token.end);
        let quote = self.byte(start);
        if !matches!(quote, b'"' | b'\'') {
            return self.next();
        }
        let rest = self.code.get(start + 1..).unwrap_or_default();
        let (kind, length) = memchr::memchr(quote, rest).map_or((Kind::Wrong, 1), |length| (Kind::Text, length + 2));
        self.token = Token { kind, start, end: start + length, on_new_line };
    }
}

fn number(rest: &[u8]) -> (Kind, usize) {
    literals::number(rest).map_or((Kind::Wrong, 1), |length| (Kind::Number, length))
}

fn line_end(code: &[u8], from: usize) -> usize {
    let rest = code.get(from..).unwrap_or_default();
    memchr::memchr2(b'\n', b'\r', rest).map_or(code.len(), |length| from + length)
}

/// Where a comment ends whose inside begins at `from`.
fn comment_end(code: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += memchr::memchr(b'*', code.get(at..)?)? + 1;
        if code.get(at) == Some(&b'/') {
            return Some(at + 1);
        }
    }
}

/// The operators that begin with one of the signs that others begin with too.
fn operator(rest: &[u8]) -> (Kind, usize) {
    use Kind as K;
    let sign = |at: usize| rest.get(at).copied().unwrap_or_default();
    match (sign(0), sign(1), sign(2)) {
        (b'.', b'.', b'.') => (K::Dots, 3),
        (b'.', ..) => (K::Dot, 1),
        (b'=' | b'!', b'=', b'=') => (K::Binary, 3),
        (b'=' | b'!' | b'<', b'=', _) => (K::Binary, 2),
        (b'=', b'>', _) => (K::Arrow, 2),
        (b'=', ..) => (K::Equals, 1),
        (b'!', ..) => (K::Bang, 1),
        (b'<', b'<', b'=') | (b'*', b'*', b'=') | (b'&', b'&', b'=') | (b'|', b'|', b'=') | (b'?', b'?', b'=') => {
            (K::Assign, 3)
        }
        (b'<', b'<', _) => (K::Binary, 2),
        (b'<', ..) => (K::Less, 1),
        (b'*', b'*', _) => (K::Power, 2),
        (b'&', b'&', _) | (b'|', b'|', _) => (K::Logic, 2),
        (b'?', b'?', _) => (K::Coalesce, 2),
        (b'?', b'.', next) if !next.is_ascii_digit() => (K::QuestionDot, 2),
        (b'?', ..) => (K::Question, 1),
        (b'+', b'+', _) | (b'-', b'-', _) => (K::Update, 2),
        (b'/', b'=', _) => (K::SlashEquals, 2),
        (b'+' | b'-' | b'*' | b'%' | b'&' | b'|' | b'^', b'=', _) => (K::Assign, 2),
        (b'+', ..) => (K::Plus, 1),
        (b'-', ..) => (K::Minus, 1),
        (b'*', ..) => (K::Star, 1),
        (b'/', ..) => (K::Slash, 1),
        (b'%' | b'^', ..) => (K::Binary, 1),
        (b'&', ..) => (K::Ampersand, 1),
        (b'|', ..) => (K::Pipe, 1),
        _ => (K::Wrong, 1),
    }
}
