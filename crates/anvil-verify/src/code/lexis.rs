//! Code without what stands in its strings and comments.

use super::language::Language;

/// A text as long as the code, with every byte of a string replaced by a quotation mark and every byte of a comment by a
/// space, line ends in them too: a line of it is what the language takes for one.
#[derive(Debug)]
pub(super) struct Bare {
    pub(super) text: Vec<u8>,
    /// Where a string or a comment begins that does not end where its kind has to: at the end of its line, or of the code.
    pub(super) open: Option<usize>,
}

/// Whether [`bare`] is exact for a language.
pub(super) const fn is_exact(language: Language) -> bool {
    use Language as L;
    matches!(language, L::Python | L::Json | L::Toml | L::Rust | L::Go | L::Java | L::C | L::Cpp | L::Css)
}

/// The code of `code`, as far as strings and comments can be told without a grammar.
///
/// For the languages that are not exact ([`is_exact`]) it is a guess (a regular expression of JavaScript,
/// an apostrophe in the text of JSX), good for looking for signs, not for proving.
pub(super) fn bare(language: Language, code: &str) -> Bare {
    let mut lexer = Lexer { language, code: code.as_bytes(), out: code.as_bytes().to_vec(), at: 0, open: None };
    while lexer.at < lexer.code.len() {
        lexer.step();
    }
    Bare { text: lexer.out, open: lexer.open }
}

struct Lexer<'a> {
    language: Language,
    code: &'a [u8],
    out: Vec<u8>,
    at: usize,
    open: Option<usize>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.code.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.code.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// The byte after the next `needle` from `from`; the end of the code and a note where there is none.
    fn after(&mut self, needle: &[u8], from: usize) -> usize {
        let rest = self.code.get(from..).unwrap_or_default();
        if let Some(found) = memchr::memmem::find(rest, needle) {
            return from + found + needle.len();
        }
        self.open.get_or_insert(self.at);
        self.code.len()
    }

    /// Covers the bytes up to `end` and goes there.
    fn cover(&mut self, end: usize, with: u8) {
        for byte in self.out.iter_mut().take(end).skip(self.at) {
            *byte = with;
        }
        self.at = end.max(self.at + 1);
    }

    fn step(&mut self) {
        use Language as L;
        let hash = matches!(self.language, L::Python | L::Yaml | L::Toml | L::Bash);
        let slashes = matches!(
            self.language,
            L::JavaScript | L::TypeScript | L::Tsx | L::Json | L::Rust | L::Go | L::Java | L::C | L::Cpp
        );
        match self.peek(0) {
            b'#' if hash && (self.language != L::Bash || self.begins_word()) => self.line_comment(),
            b'/' if slashes && self.peek(1) == b'/' => self.line_comment(),
            // No comment of CSS, but one of Sass and Less: brackets stay, and an apostrophe opens nothing.
            b'/' if self.language == L::Css && self.peek(1) == b'/' => self.at = self.line_end(),
            b'/' if (slashes || self.language == L::Css) && self.peek(1) == b'*' => self.block_comment(),
            b'<' if self.language == L::Html && self.starts(b"<!--") => {
                let end = self.after(b"-->", self.at + 4);
                self.cover(end, b' ');
            }
            b'\\' if self.language == L::Css => self.cover(self.at + 2, b' '),
            b'u' | b'U' if self.language == L::Css && self.begins_word() => self.address(),
            b'"' | b'\'' | b'`' => self.quote(),
            b'r' | b'R' | b'b' if matches!(self.language, L::Rust | L::Cpp) && self.begins_word() => self.raw_string(),
            _ => self.at += 1,
        }
    }

    fn begins_word(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.code.get(at));
        before.is_none_or(|byte| {
            !byte.is_ascii_alphanumeric()
                && *byte != b'_'
                && (self.language != Language::Bash || byte.is_ascii_whitespace())
        })
    }

    /// `url(…)` of CSS without quotation marks, in which `//` is part of the address. One that holds data may have such marks in it.
    fn address(&mut self) {
        let rest = self.code.get(self.at..).unwrap_or_default();
        let name = rest.get(..4).unwrap_or_default();
        let inside = rest.get(4..).unwrap_or_default();
        let ends: &[u8] = if inside.starts_with(b"data:") { b")\n" } else { b")\n\"'(" };
        let end = inside.iter().position(|byte| ends.contains(byte)).unwrap_or(inside.len());
        let is_address = inside.get(end).is_none_or(|byte| matches!(byte, b')' | b'\n'));
        if is_address && name.eq_ignore_ascii_case(b"url(") {
            self.at += name.len();
            self.cover(self.at + end, b'"');
        } else {
            self.at += 1;
        }
    }

    fn line_end(&self) -> usize {
        let rest = self.code.get(self.at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).map_or(self.code.len(), |found| self.at + found)
    }

    fn line_comment(&mut self) {
        self.cover(self.line_end(), b' ');
    }

    fn block_comment(&mut self) {
        if self.language != Language::Rust {
            let end = self.after(b"*/", self.at + 2);
            return self.cover(end, b' ');
        }
        let (mut depth, mut end) = (0_usize, self.at);
        while end < self.code.len() {
            match self.code.get(end..end + 2) {
                Some(b"/*") => (depth, end) = (depth + 1, end + 2),
                Some(b"*/") => (depth, end) = (depth - 1, end + 2),
                _ => end += 1,
            }
            if depth == 0 {
                return self.cover(end, b' ');
            }
        }
        self.open.get_or_insert(self.at);
        self.cover(self.code.len(), b' ');
    }

    fn quote(&mut self) {
        use Language as L;
        let quote = self.peek(0);
        let triple = [quote; 3];
        match (self.language, quote) {
            (L::Python | L::Toml, b'"' | b'\'') | (L::Java, b'"') if self.starts(&triple) => self.string(&triple, true),
            (L::Go, b'`') => {
                let end = self.after(b"`", self.at + 1);
                self.cover(end, b'"');
            }
            (L::JavaScript | L::TypeScript | L::Tsx, b'`') => self.string(b"`", true),
            (L::Rust, b'\'') => self.char_or_lifetime(),
            // A digit separator, or an apostrophe in the middle of a word.
            (L::Cpp | L::C, b'\'') if !self.begins_word() && !self.follows_prefix() => self.at += 1,
            (L::Rust, b'"') | (L::Bash, b'"' | b'\'') => self.string(&[quote], true),
            (_, b'`') | (L::Html, _) | (L::Json, b'\'') => self.at += 1,
            (L::Yaml, _) if !self.begins_word() => self.at += 1,
            _ => self.string(&[quote], false),
        }
    }

    /// Whether the quotation mark has the prefix of a wide character (`L'x'`).
    fn follows_prefix(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).and_then(|at| self.code.get(at)).copied().unwrap_or(b' ');
        matches!(before(1), b'L' | b'u' | b'U' | b'8') && !before(2).is_ascii_alphanumeric()
            || before(1) == b'8' && before(2) == b'u'
    }

    /// A string that ends with `end`, or with the line where it may not go on.
    fn string(&mut self, end: &[u8], lines: bool) {
        let escapes = match self.language {
            Language::Bash => end != b"'",
            Language::Toml => !end.starts_with(b"'"),
            _ => true,
        };
        let mut at = self.at + end.len();
        loop {
            match self.code.get(at) {
                None => {
                    self.open.get_or_insert(self.at);
                    return self.cover(self.code.len(), b'"');
                }
                Some(b'\\') if escapes => at += if self.code.get(at + 1) == Some(&b'\r') { 3 } else { 2 },
                Some(b'\n') if !lines => {
                    self.open.get_or_insert(self.at);
                    return self.cover(at, b'"');
                }
                Some(_) if self.code.get(at..).is_some_and(|rest| rest.starts_with(end)) => {
                    return self.cover(at + end.len(), b'"');
                }
                Some(_) => at += 1,
            }
        }
    }

    fn char_or_lifetime(&mut self) {
        if self.peek(1) == b'\\' {
            return self.string(b"'", false);
        }
        // A character of up to four bytes and its closing mark; else a lifetime or a label.
        let rest = self.code.get(self.at + 1..).unwrap_or_default();
        let width = rest.first().map_or(1, |byte| match byte {
            0..0xC0 => 1,
            0xC0..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        });
        if rest.get(width) == Some(&b'\'') { self.cover(self.at + width + 2, b'"') } else { self.at += 1 }
    }

    /// `r"…"`, `br#"…"#` of Rust; `R"x(…)x"` of C++.
    fn raw_string(&mut self) {
        let start = usize::from(self.peek(0) == b'b');
        let rest = self.code.get(self.at + start..).unwrap_or_default();
        let hashes = rest.iter().skip(1).take_while(|&&byte| byte == b'#').count();
        if self.language == Language::Rust && rest.first() == Some(&b'r') && rest.get(1 + hashes) == Some(&b'"') {
            let end: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            let end = self.after(&end, self.at + start + hashes + 2);
            return self.cover(end, b'"');
        }
        if self.language == Language::Cpp && rest.starts_with(b"R\"") {
            let name = rest.iter().skip(2).take_while(|&&byte| byte != b'(').take(17).copied();
            let end: Vec<u8> = std::iter::once(b')').chain(name).chain(std::iter::once(b'"')).collect();
            let end = self.after(&end, self.at + 2);
            return self.cover(end, b'"');
        }
        self.at += 1;
    }
}

/// A bracket that has no other half, in a text without strings and comments: the first that closes nothing or the wrong
/// kind, else the innermost that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unbalanced {
    /// Opens and is never closed.
    Open(usize),
    /// Closes what is not open.
    Closed(usize),
}

/// How far in a line begins, in bytes.
pub(super) fn column(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines of a text that are not blank.
pub(super) fn written_lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.lines().filter(|line| !line.trim().is_empty())
}

/// The bracket of `text` that has no other half.
pub(super) fn unbalanced(text: &[u8]) -> Option<Unbalanced> {
    let mut open: Vec<(u8, usize)> = Vec::new();
    for (at, &byte) in text.iter().enumerate() {
        let close = match byte {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b')' | b']' | b'}' => match open.pop() {
                Some((expected, _)) if expected == byte => continue,
                _ => return Some(Unbalanced::Closed(at)),
            },
            _ => continue,
        };
        open.push((close, at));
    }
    open.last().map(|&(_, at)| Unbalanced::Open(at))
}
