//! The directives of the preprocessor.

use super::lexer::{Tokens, is_word};
use super::token::Kind;
use super::word;

/// The most macros that are no whole text whose use is looked for.
const UNEVEN: usize = 16;

impl Tokens<'_> {
    /// Goes past a directive; what it is to the reader, if anything.
    pub(super) fn directive(&mut self) -> Option<Kind> {
        self.at += 1;
        let start = self.at;
        let mut comment = None;
        while self.at < self.code.len() && self.peek(0) != b'\n' {
            match self.peek(0) {
                b'\\' => self.at += self.splice().max(2),
                b'/' if matches!(self.peek(1), b'/' | b'*') => {
                    comment.get_or_insert(self.at);
                    if !self.comment() {
                        return Some(Kind::Unclosed);
                    }
                }
                quote @ (b'"' | b'\'') => self.quoted(quote),
                _ => self.at += 1,
            }
        }
        let end = comment.unwrap_or(self.at).min(self.code.len());
        let line = self.code.get(start..end).unwrap_or_default().trim_ascii();
        let (name, rest) = line.split_at(line.iter().position(|byte| !is_word(*byte)).unwrap_or(line.len()));
        let rest = rest.trim_ascii_start();
        match name {
            b"if" | b"ifdef" | b"ifndef" => Some(Kind::When { dead: name != b"ifndef" && self.is_dead(rest) }),
            b"elif" | b"elifdef" | b"elifndef" => Some(Kind::Otherwise { last: false, dead: self.is_dead(rest) }),
            b"else" => Some(Kind::Otherwise { last: true, dead: false }),
            b"endif" => Some(Kind::EndWhen),
            b"error" => {
                self.errors += 1;
                None
            }
            b"include" if rest.is_empty() => None,
            b"include" => Some(if names_file(rest) { Kind::Include } else { Kind::Malformed }),
            b"define" => {
                let (name, rest) = rest.split_at(rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len()));
                if name.first().is_none_or(u8::is_ascii_digit) {
                    return Some(Kind::Malformed);
                }
                if word::kind(name, self.is_cpp) == Kind::Name {
                    self.words.insert(name, Kind::Macro);
                }
                match comment {
                    _ if !has_parameters(rest) && (comment.is_none() || rest.contains(&b')')) => Some(Kind::Malformed),
                    Some(_) => None,
                    None => (!is_even(rest) && self.is_used(name)).then_some(Kind::Unclosed),
                }
            }
            _ => None,
        }
    }

    /// Whether a macro that is no whole text is used after its definition: only there it does harm.
    fn is_used(&mut self, name: &[u8]) -> bool {
        self.uneven += 1;
        let rest = self.code.get(self.at..).unwrap_or_default();
        let is_part = |at: usize| rest.get(at).is_some_and(|byte| is_word(*byte));
        let is_whole = |at: usize| !is_part(at + name.len()) && at.checked_sub(1).is_none_or(|at| !is_part(at));
        self.uneven > UNEVEN || memchr::memmem::find_iter(rest, name).any(is_whole)
    }

    /// Goes past what stands between quotation marks, or to the end of the line where there is only one: an apostrophe.
    fn quoted(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.code.len() && !matches!(self.peek(0), b'\n' | b'\\') && self.peek(0) != quote {
            self.at += 1;
        }
        self.at += usize::from(self.peek(0) == quote);
    }

    /// Whether what a condition asks for is never so, or is another language.
    fn is_dead(&self, condition: &[u8]) -> bool {
        let has = |word: &[u8]| memchr::memmem::find(condition, word).is_some();
        let is_other = has(b"ASSEMBL") || has(b"RC_INVOKED") || (!self.is_cpp && has(b"__cplusplus"));
        condition == b"0" || (is_other && !condition.contains(&b'!') && !has(b"||"))
    }
}

/// Whether the name of a file is whole, or is left to a macro.
fn names_file(rest: &[u8]) -> bool {
    match rest {
        [b'"', name @ ..] => name.contains(&b'"'),
        [b'<', name @ ..] => name.contains(&b'>'),
        _ => !rest.contains(&b'"') && !rest.contains(&b'>'),
    }
}

/// Whether what follows the name of a macro is a list of parameters, or none.
fn has_parameters(rest: &[u8]) -> bool {
    let Some(list) = rest.strip_prefix(b"(") else { return true };
    let Some(end) = list.iter().position(|&byte| byte == b')') else { return false };
    let list = trimmed(list.get(..end).unwrap_or_default());
    let is_parameter = |name: &[u8]| {
        let name = trimmed(name);
        let word = trimmed(name.strip_suffix(b"...").unwrap_or(name));
        !name.is_empty() && word.iter().all(|byte| is_word(*byte))
    };
    list.is_empty() || list.split(|&byte| byte == b',').all(is_parameter)
}

/// The text without white space around it, or the backslash before the end of a line.
fn trimmed(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
    let start = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// Whether what a macro stands for has its round brackets in pairs.
fn is_even(text: &[u8]) -> bool {
    let is_quoted = text.iter().any(|byte| matches!(byte, b'"' | b'\''));
    let count = |sign: u8| memchr::memchr_iter(sign, text).count();
    is_quoted || count(b'(') == count(b')')
}
