//! Whether a text is of Bash's grammar.
//!
//! A reader of our own, since no other is both as lenient as the shell and bounded. It makes no tree: it goes over the text once, as
//! `bash -O extglob -n` does (the Bash Reference Manual, section 3, and POSIX.1-2024, "Shell Command Language"), and stops at the first
//! byte that no script can have there. It is lenient where shells differ, and knows no aliases.
//!
//! - `word`: what a word is made of, quotes and expansions;
//! - `here`: here-documents;
//! - `list`, `simple`, `compound`, `conditional`: the commands;
//! - `script`: what tells a script from other texts that are called one.

mod compound;
mod conditional;
mod here;
mod list;
mod reserved;
mod script;
mod simple;
mod word;

pub(super) use script::is_script;

use super::parse::{Outcome, Place};
use here::Here;

/// How deep commands and expansions may stand one within the other. What is deeper is not read.
const DEEPEST: usize = 100;

/// Bytes that may be read a second time, because `((` began two subshells and no arithmetic.
const TWICE: usize = 4 << 20;

/// Why a reading did not come to the end.
#[derive(Debug)]
enum Stop {
    /// No script is like this.
    Refused(Place),
    /// It nests too deeply, or would be read too often.
    GaveUp,
}

type Read<T = ()> = Result<T, Stop>;

/// A compound command that has not ended.
#[derive(Debug, Clone, Copy)]
struct Open {
    at: usize,
    has_head: bool,
}

/// A script, and how far it has been read. It holds no NUL.
#[derive(Debug)]
struct Script<'a> {
    code: &'a [u8],
    at: usize,
    /// How many commands and expansions are open.
    depth: usize,
    /// How many of them are command substitutions.
    substitutions: usize,
    /// Here-documents that begin after this line.
    here: Vec<Here<'a>>,
    /// How many bytes have been read twice.
    twice: usize,
    /// Whether shells read something here in different ways, so that what follows proves nothing.
    is_doubtful: bool,
    /// How often `then`, `do` or the `in` of a `case` stood where it has to.
    heads: usize,
    /// Where the compound commands begin that are open, and which of them have got so far as their `then`, `do` or `in`.
    open: Vec<Open>,
}

/// Whether a shell reads this text, which holds no NUL.
pub(super) fn read(code: &str) -> Outcome {
    let mut script = Script::new(code);
    match script.whole() {
        Ok(()) => Outcome::Right,
        Err(Stop::Refused(place)) if !script.is_doubtful => Outcome::Broken(place),
        Err(_) => Outcome::Undecided,
    }
}

impl<'a> Script<'a> {
    fn new(code: &'a str) -> Self {
        Self {
            code: code.as_bytes(),
            at: 0,
            depth: 0,
            substitutions: 0,
            here: Vec::new(),
            twice: 0,
            is_doubtful: false,
            heads: 0,
            open: Vec::new(),
        }
    }
}

impl Script<'_> {
    fn whole(&mut self) -> Read {
        self.list()?;
        if self.is_end() { Ok(()) } else { self.refuse() }
    }

    /// The innermost compound command has got to its `then`, `do` or `in`.
    fn head(&mut self) {
        self.heads += 1;
        if let Some(open) = self.open.last_mut() {
            open.has_head = true;
        }
    }

    fn is_end(&self) -> bool {
        self.at >= self.code.len()
    }

    /// The byte at `at`; 0 after the last.
    fn byte(&self, at: usize) -> u8 {
        self.code.get(at).copied().unwrap_or(0)
    }

    fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.code.get(self.at..).is_some_and(|rest| rest.starts_with(with))
    }

    /// Where a line that goes on goes on: `at`, or what follows the backslashes and line ends there.
    fn joined(&self, mut at: usize) -> usize {
        while self.byte(at) == b'\\' {
            match (self.byte(at + 1), self.byte(at + 2)) {
                (b'\n', _) => at += 2,
                (b'\r', b'\n') => at += 3,
                _ => break,
            }
        }
        at
    }

    /// Goes over white space, comments and the ends of lines that go on.
    fn blanks(&mut self) {
        loop {
            match self.peek() {
                b' ' | b'\t' => self.at += 1,
                b'\r' if self.byte(self.at + 1) == b'\n' => self.at += 1,
                b'\\' => {
                    let after = self.joined(self.at);
                    if after == self.at {
                        return;
                    }
                    self.at = after;
                }
                b'#' => self.at += self.line_end(self.at),
                _ => return,
            }
        }
    }

    /// How far from `at` its line ends.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.code.get(at..).unwrap_or_default();
        memchr::memchr(b'\n', rest).unwrap_or(rest.len())
    }

    /// Goes over blanks and line ends, and the here-documents after them.
    fn newlines(&mut self) {
        loop {
            self.blanks();
            if self.peek() != b'\n' {
                return;
            }
            self.newline();
        }
    }

    /// Goes over the end of a line, and the here-documents after it.
    fn newline(&mut self) {
        self.at += 1;
        if !self.here.is_empty() {
            self.documents();
        }
    }

    /// What is here cannot be.
    fn refuse<T>(&self) -> Read<T> {
        Err(Stop::Refused(Place { after: self.at, before: self.at }))
    }

    /// What began at `opener` does not end here.
    fn missing<T>(&self, opener: usize) -> Read<T> {
        if self.is_end() { unclosed(opener) } else { self.refuse() }
    }

    /// Reads what stands within something else.
    fn within<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEEPEST {
            return Err(Stop::GaveUp);
        }
        self.depth += 1;
        let found = read(self)?;
        self.depth -= 1;
        Ok(found)
    }
}

/// What began at `opener` does not end.
fn unclosed<T>(opener: usize) -> Read<T> {
    Err(Stop::Refused(Place { after: opener, before: opener }))
}
