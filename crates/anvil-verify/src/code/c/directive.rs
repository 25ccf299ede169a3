//! The directives of the preprocessor.

use super::lexer::{Tokens, is_word};
use super::token::Kind;
use super::word;

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
            b"include" if rest.is_empty() => None,
            b"include" => Some(if names_file(rest) { Kind::Include } else { Kind::Unclosed }),
            b"define" => {
                let (name, rest) = rest.split_at(rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len()));
                if word::kind(name, self.is_cpp) == Kind::Name {
                    self.words.insert(name, Kind::Macro);
                }
                (comment.is_none() && !(has_parameters(rest) && is_even(rest))).then_some(Kind::Unclosed)
            }
            _ => None,
        }
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
    let Some(end) = list.iter().position(|&byte| byte == b')') else { return list.contains(&b'\\') };
    let list = list.get(..end).unwrap_or_default().trim_ascii();
    let is_parameter = |name: &[u8]| {
        let name = name.trim_ascii();
        let word = name.strip_suffix(b"...").unwrap_or(name).trim_ascii_end();
        !name.is_empty() && word.iter().all(|byte| is_word(*byte))
    };
    list.is_empty() || list.contains(&b'\\') || list.split(|&byte| byte == b',').all(is_parameter)
}

/// Whether what a macro stands for has its round brackets in pairs.
fn is_even(text: &[u8]) -> bool {
    let is_quoted = text.iter().any(|byte| matches!(byte, b'"' | b'\''));
    let count = |sign: u8| memchr::memchr_iter(sign, text).count();
    is_quoted || count(b'(') == count(b')')
}
