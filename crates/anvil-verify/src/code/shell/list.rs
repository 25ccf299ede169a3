//! Lists and pipelines of commands (the Bash Reference Manual, sections 3.2.3 and 3.2.4).

use super::reserved::Reserved;
use super::{Read, Script};

impl Script<'_> {
    /// Reads commands up to a word or a sign that ends a list of them; says whether there were any.
    pub(super) fn list(&mut self) -> Read<bool> {
        let mut has_any = false;
        loop {
            self.newlines();
            if self.is_list_end() {
                return Ok(has_any);
            }
            let start = self.at;
            self.and_or()?;
            has_any = true;
            self.is_doubtful |= self.depth == 0 && self.never_returns(start);
            self.blanks();
            match (self.peek(), self.byte(self.at + 1)) {
                (b';', b';' | b'&') => return Ok(true),
                (b';' | b'&', _) => self.at += 1,
                (b'\n', _) => self.newline(),
                _ => return Ok(true),
            }
        }
    }

    /// Whether the command that stands between `start` and here is the last that a shell reads. What follows may be of any language: a
    /// program that begins with a script, an archive.
    fn never_returns(&self, start: usize) -> bool {
        let command = self.code.get(start..self.at).unwrap_or_default();
        let quotes = command.iter().take_while(|byte| **byte == b'\'').count();
        let command = command.get(quotes..).unwrap_or_default();
        let is_word = |rest: &&[u8]| rest.first().is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\''));
        if let Some(rest) = command.strip_prefix(b"exec").filter(is_word) {
            // Without a command it only opens files.
            let next = rest.trim_ascii_start().first();
            return next.is_some_and(|byte| !matches!(byte, b'<' | b'>' | b'&' | b'{' | b'0'..=b'9'));
        }
        command.strip_prefix(b"exit").as_ref().is_some_and(is_word)
    }

    fn is_list_end(&self) -> bool {
        match self.peek() {
            0 | b')' => true,
            b';' => matches!(self.byte(self.at + 1), b';' | b'&'),
            _ => self.reserved().is_some_and(Reserved::is_end),
        }
    }

    /// Reads a list that has to have a command. A comment does for one: it says what the reader is to put there.
    pub(super) fn commands(&mut self) -> Read {
        let start = self.at;
        let has_any = self.list()? || memchr::memchr(b'#', self.code.get(start..self.at).unwrap_or_default()).is_some();
        if has_any { Ok(()) } else { self.refuse() }
    }

    fn and_or(&mut self) -> Read {
        loop {
            self.pipeline()?;
            self.blanks();
            let is_next = matches!((self.peek(), self.byte(self.joined(self.at + 1))), (b'&', b'&') | (b'|', b'|'));
            if !is_next {
                return Ok(());
            }
            self.at = self.joined(self.at + 1) + 1;
            self.newlines();
        }
    }

    /// Goes over `!` or `time`; says whether one stood here.
    fn prefix(&mut self) -> bool {
        self.blanks();
        if self.takes(Reserved::Bang) {
            return true;
        }
        let is_timed = self.takes(Reserved::Time);
        if is_timed {
            self.blanks();
            self.takes_word(b"-p");
            self.blanks();
            self.takes_word(b"--");
        }
        is_timed
    }

    fn pipeline(&mut self) -> Read {
        let mut has_prefix = false;
        while self.prefix() {
            has_prefix = true;
        }
        if has_prefix && matches!(self.peek(), 0 | b'\n' | b';') {
            return Ok(());
        }
        loop {
            self.command()?;
            self.blanks();
            let next = self.joined(self.at + 1);
            match (self.peek(), self.byte(next)) {
                (b'|', b'|') => return Ok(()),
                (b'|', b'&') => self.at = next + 1,
                (b'|', _) => self.at += 1,
                _ => return Ok(()),
            }
            self.newlines();
        }
    }
}
