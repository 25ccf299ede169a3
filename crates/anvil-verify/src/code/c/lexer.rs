//! The tokens of a text, one after the other.

use std::collections::HashMap;

use super::token::{Bracket, Kind, Token};
use super::word;

/// How far to look for what belongs to the word before, in bytes.
const NEAR: usize = 64;

/// The longest attribute that is gone past, in bytes.
const ATTRIBUTE: usize = 256;

/// Reads a text one token at a time.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    pub(super) code: &'a [u8],
    pub(super) at: usize,
    pub(super) is_cpp: bool,
    /// Whether only white space and comments stand before on the line.
    at_margin: bool,
    /// The words so far, and which of them the block defines as macros.
    pub(super) words: HashMap<&'a [u8], Kind>,
    /// The directives so far that end the compiling.
    pub(super) errors: usize,
    /// The macros so far whose brackets are not in pairs.
    pub(super) uneven: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(code: &'a str, is_cpp: bool) -> Self {
        Self { code: code.as_bytes(), at: 0, is_cpp, at_margin: true, words: HashMap::new(), errors: 0, uneven: 0 }
    }

    pub(super) fn peek(&self, ahead: usize) -> u8 {
        self.code.get(self.at + ahead).copied().unwrap_or_default()
    }

    /// The next bytes, as many as belong to a word at most.
    fn near(&self) -> &'a [u8] {
        self.code.get(self.at..self.code.len().min(self.at + NEAR)).unwrap_or_default()
    }

    pub(super) fn next(&mut self) -> Token {
        loop {
            let at = self.at;
            let kind = match self.peek(0) {
                0 if at >= self.code.len() => Kind::End,
                b'\n' => {
                    self.at_margin = true;
                    self.at += 1;
                    continue;
                }
                b' ' | b'\t' | b'\r' | 0x0B | 0x0C => {
                    self.at += 1;
                    continue;
                }
                b'\\' if self.splice() > 0 => {
                    self.at += self.splice();
                    continue;
                }
                b'/' if matches!(self.peek(1), b'/' | b'*') => {
                    if self.comment() {
                        continue;
                    }
                    Kind::Unclosed
                }
                // The end of a comment that has no beginning.
                b'*' if self.peek(1) == b'/' && !matches!(self.peek(2), b'*' | b'/') => {
                    self.at += 2;
                    Kind::Unclosed
                }
                b'_' if self.attribute() => continue,
                b'#' if self.at_margin => match self.directive() {
                    None => continue,
                    Some(kind) => kind,
                },
                _ => self.token(),
            };
            let fresh = match kind {
                Kind::When { .. } | Kind::Otherwise { .. } | Kind::EndWhen | Kind::Include => true,
                _ => std::mem::take(&mut self.at_margin),
            };
            let capital = self.code.get(at).is_some_and(u8::is_ascii_uppercase);
            let quiet = matches!(self.code.get(at..at + 3), Some([b'_', b'_', b'a'..=b'z']));
            return Token { kind, at, fresh, capital, quiet, doubled: self.peek(0) == b'[' };
        }
    }

    /// How long a backslash at the end of a line is, with the line's end; 0 where there is none here.
    pub(super) fn splice(&self) -> usize {
        let rest = self.code.get(self.at + 1..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        if self.peek(0) == b'\\' && (rest.get(blanks) == Some(&b'\n') || blanks == rest.len()) { blanks + 2 } else { 0 }
    }

    /// Goes past a comment; whether it has its end.
    pub(super) fn comment(&mut self) -> bool {
        let rest = self.code.get(self.at + 2..).unwrap_or_default();
        if self.peek(1) == b'*' {
            let end = memchr::memmem::find(rest, b"*/");
            self.at = end.map_or(self.code.len(), |end| self.at + end + 4);
            return end.is_some();
        }
        let mut from = 0;
        loop {
            let Some(end) = memchr::memchr(b'\n', rest.get(from..).unwrap_or_default()) else {
                self.at = self.code.len();
                return true;
            };
            let line = rest.get(..from + end).unwrap_or_default().trim_ascii_end();
            if !line.ends_with(b"\\") {
                self.at += 2 + from + end;
                return true;
            }
            from += end + 1;
        }
    }

    fn token(&mut self) -> Kind {
        let byte = self.peek(0);
        match byte {
            b'0'..=b'9' => self.number(),
            b'.' if self.peek(1).is_ascii_digit() => self.number(),
            b'"' | b'\'' => self.text(),
            _ if is_word(byte) => self.word(),
            _ => self.sign(),
        }
    }

    fn number(&mut self) -> Kind {
        let start = self.at;
        loop {
            match self.peek(0) {
                b'e' | b'E' | b'p' | b'P' if matches!(self.peek(1), b'+' | b'-') => self.at += 2,
                b'\'' if is_word(self.peek(1)) && self.is_cpp => self.at += 2,
                b'.' => self.at += 1,
                byte if is_word(byte) => self.at += 1,
                // `64BIT_TYPE`, which is named to be replaced before it is compiled.
                _ if !self.is_cpp && self.code.get(start..self.at).is_some_and(|number| number.contains(&b'_')) => {
                    return Kind::Macro;
                }
                _ => return Kind::Number,
            }
        }
    }

    fn text(&mut self) -> Kind {
        let quote = self.peek(0);
        self.at += 1;
        loop {
            match self.peek(0) {
                0 if self.at >= self.code.len() => return Kind::Unclosed,
                b'\\' if self.splice() > 0 => self.at += self.splice(),
                b'\\' => self.at += 2,
                b'\n' => return Kind::Unclosed,
                byte if byte == quote => {
                    self.at += 1;
                    while self.is_cpp && is_word(self.peek(0)) {
                        self.at += 1;
                    }
                    return if quote == b'"' { Kind::Text } else { Kind::Number };
                }
                _ => self.at += 1,
            }
        }
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        while is_word(self.peek(0)) {
            self.at += 1;
        }
        let word = self.code.get(start..self.at).unwrap_or_default();
        match word {
            b"L" | b"u" | b"U" | b"u8" if matches!(self.peek(0), b'"' | b'\'') => self.text(),
            b"R" | b"LR" | b"uR" | b"UR" | b"u8R" if self.is_cpp && self.peek(0) == b'"' => self.raw(),
            b"operator" if self.is_cpp => self.operator(),
            b"final" | b"override" if self.is_cpp => {
                let next = self.near().trim_ascii_start().first().copied().unwrap_or_default();
                if b"(.-,)?&|[+<>".contains(&next) { Kind::Name } else { Kind::Qualifier }
            }
            b"asm" | b"_asm" | b"__asm" => self.assembler(),
            // The type of a container, as a macro makes it.
            _ if word.ends_with(b"_t") && self.peek(0) == b'(' => Kind::Macro,
            _ => *self.words.entry(word).or_insert_with(|| word::kind(word, self.is_cpp)),
        }
    }

    /// Goes past `__attribute__((…))`, which may stand nearly everywhere and says nothing; whether there is one here that is whole.
    fn attribute(&mut self) -> bool {
        let near = self.code.get(self.at..self.code.len().min(self.at + ATTRIBUTE)).unwrap_or_default();
        let Some(rest) = near.strip_prefix(b"__attribute__") else { return false };
        let inside = rest.trim_ascii_start();
        let mut depth = 0_usize;
        let mut is_quoted = false;
        for (at, byte) in inside.iter().enumerate() {
            match byte {
                b'"' => is_quoted = !is_quoted,
                _ if is_quoted => {}
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    self.at += near.len() - inside.len() + at + 1;
                    return true;
                }
                b')' => depth -= 1,
                b'#' | b'/' | b'\\' | b';' | b'{' | b'}' => return false,
                _ if depth == 0 => return false,
                _ => {}
            }
        }
        false
    }

    /// An instruction of an assembler, up to the end of its line, or the word before its brackets.
    fn assembler(&mut self) -> Kind {
        let rest = self.near().trim_ascii_start();
        let is_instruction = rest.first().is_some_and(|byte| byte.is_ascii_lowercase() || *byte == b'.')
            && ![&b"volatile"[..], b"goto", b"inline"].iter().any(|word| rest.starts_with(word));
        if !is_instruction && !rest.starts_with(b"_emit") {
            return Kind::Apply;
        }
        let rest = self.code.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        Kind::Macro
    }

    fn raw(&mut self) -> Kind {
        let rest = self.code.get(self.at + 1..).unwrap_or_default();
        let name = rest.iter().take(17).take_while(|&&byte| byte != b'(').copied();
        let end: Vec<u8> = std::iter::once(b')').chain(name).chain(std::iter::once(b'"')).collect();
        let found = memchr::memmem::find(rest, &end);
        self.at = found.map_or(self.code.len(), |found| self.at + 1 + found + end.len());
        if found.is_some() { Kind::Text } else { Kind::Unclosed }
    }

    /// The name of an operator's function; of one that converts, only the word.
    fn operator(&mut self) -> Kind {
        let rest = self.near();
        let name = rest.trim_ascii_start();
        let blanks = rest.len() - name.len();
        let after = |length: usize| name.get(length..).unwrap_or_default();
        let close = |rest: &[u8], sign: u8| {
            let inside = rest.trim_ascii_start();
            (inside.first() == Some(&sign)).then(|| rest.len() - inside.len() + 1)
        };
        let length = match name {
            [b'(', inside @ ..] => close(inside, b')').map_or(0, |length| length + 1),
            [b'[', b']', ..] | [b'?', b':', ..] => 2,
            [b'"', b'"', suffix @ ..] => 2 + suffix.iter().take_while(|byte| is_word(**byte)).count(),
            _ => match name.iter().take_while(|byte| is_word(**byte)).count() {
                0 => name.iter().take_while(|byte| b"+-*/%^&|~!=<>,".contains(byte)).count(),
                length if matches!(name.get(..length), Some(b"new" | b"delete")) => {
                    let brackets = after(length).trim_ascii_start();
                    let has_brackets = brackets.starts_with(b"[]");
                    if has_brackets { name.len() - brackets.len() + 2 } else { length }
                }
                _ => 0,
            },
        };
        if length == 0 {
            return Kind::Lead;
        }
        self.at += blanks + length;
        Kind::Name
    }

    fn sign(&mut self) -> Kind {
        let three = [self.peek(0), self.peek(1), self.peek(2)];
        let (length, kind) = match &three {
            b"..." => (3, Kind::Ellipsis),
            b"<<=" | b">>=" => (3, Kind::Assign),
            b"<=>" | b"->*" => (3, Kind::Binary),
            [b':', b':', _] if self.is_cpp => (2, Kind::Scope),
            [b'-', b'>', _] => (2, Kind::Arrow),
            [b'.', b'*', _] if self.is_cpp => (2, Kind::Binary),
            [b'+', b'+', _] | [b'-', b'-', _] => (2, Kind::Step),
            [b'&', b'&', _] => (2, Kind::AndAnd),
            [b'>', b'>', _] => (2, Kind::ShiftRight),
            [b'<', b'<', _] | [b'|', b'|', _] | [b'=' | b'!' | b'<' | b'>', b'=', _] => (2, Kind::Binary),
            [b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^', b'=', _] => (2, Kind::Assign),
            [b'(', ..] => (1, Kind::Open(Bracket::Round)),
            [b')', ..] => (1, Kind::Close(Bracket::Round)),
            [b'[', ..] => (1, Kind::Open(Bracket::Square)),
            [b']', ..] => (1, Kind::Close(Bracket::Square)),
            [b'{', ..] => (1, Kind::Open(Bracket::Curly)),
            [b'}', ..] => (1, Kind::Close(Bracket::Curly)),
            [b';', ..] => (1, Kind::Semicolon),
            [b',', ..] => (1, Kind::Comma),
            [b':', ..] => (1, Kind::Colon),
            [b'?', ..] => (1, Kind::Question),
            [b'.', ..] => (1, Kind::Dot),
            [b'=', ..] => (1, Kind::Assign),
            [b'<', ..] => (1, Kind::Less),
            [b'>', ..] => (1, Kind::Greater),
            [b'*', ..] => (1, Kind::Star),
            [b'&', ..] => (1, Kind::And),
            [b'+' | b'-', ..] => (1, Kind::Sign),
            [b'!' | b'~', ..] => (1, Kind::Not),
            [b'/' | b'%' | b'|' | b'^', ..] => (1, Kind::Binary),
            _ => (1, Kind::Stray),
        };
        self.at += length;
        kind
    }

    /// Whether the line that `at` stands in ends with a `;`.
    pub(super) fn ends_statement(&self, at: usize) -> bool {
        let rest = self.code.get(at..).unwrap_or_default();
        rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len()))
            .unwrap_or_default()
            .trim_ascii_end()
            .ends_with(b";")
    }

    /// Goes past what a condition that is never true leaves out, to the directive that ends it. Adds to `lines` those that it goes past.
    pub(super) fn skip(&mut self, lines: &mut usize) -> Token {
        let mut depth = 0_usize;
        loop {
            let token = self.next();
            *lines += usize::from(token.fresh);
            match token.kind {
                Kind::When { .. } => depth += 1,
                Kind::EndWhen if depth > 0 => depth -= 1,
                Kind::EndWhen | Kind::End => return token,
                Kind::Otherwise { .. } if depth == 0 => return token,
                _ => {}
            }
        }
    }
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
