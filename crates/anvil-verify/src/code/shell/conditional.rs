//! `[[ … ]]` (the Bash Reference Manual, sections 3.2.5.2 and 6.4).

use super::word::{Role, Word, ends_word};
use super::{Read, Script, unclosed};

/// What is asked of one word: `-` and one of these.
const UNARY: &[u8] = b"abcdefghknoprstuvwxzGLNORS";

const BINARY: [&[u8]; 15] =
    [b"=", b"==", b"!=", b"=~", b"<", b">", b"-eq", b"-ne", b"-lt", b"-le", b"-gt", b"-ge", b"-nt", b"-ot", b"-ef"];

impl Script<'_> {
    /// Reads what follows `[[`, which stands at `opener`.
    pub(super) fn conditional(&mut self, opener: usize) -> Read {
        self.terms(opener)?;
        if self.takes_word(b"]]") { Ok(()) } else { self.missing(opener) }
    }

    /// Terms with `&&` and `||` between them.
    fn terms(&mut self, opener: usize) -> Read {
        loop {
            self.term(opener)?;
            self.newlines();
            if !(self.starts(b"&&") || self.starts(b"||")) {
                return Ok(());
            }
            self.at += 2;
        }
    }

    fn term(&mut self, opener: usize) -> Read {
        self.newlines();
        while self.takes_word(b"!") {
            self.newlines();
        }
        if self.is_end() {
            return unclosed(opener);
        }
        if self.peek() != b'(' {
            return self.comparison();
        }
        self.at += 1;
        self.within(|script| {
            script.terms(opener)?;
            if script.peek() != b')' {
                return script.missing(opener);
            }
            script.at += 1;
            Ok(())
        })
    }

    /// A word by itself, after an operator, or on both sides of one.
    fn comparison(&mut self) -> Read {
        let word = self.operand(Role::Argument)?;
        self.blanks();
        if self.is_unary(word) {
            self.operand(Role::Argument)?;
            return Ok(());
        }
        let Some(operator) = self.binary() else { return Ok(()) };
        self.at += operator.len();
        self.blanks();
        self.operand(match operator {
            b"=~" => Role::Regex,
            b"=" | b"==" | b"!=" => Role::Pattern,
            _ => Role::Argument,
        })?;
        Ok(())
    }

    /// Reads a word that is not the end of the command.
    fn operand(&mut self, role: Role) -> Read<Word> {
        let start = self.at;
        if self.takes_word(b"]]") {
            self.at = start;
            return self.refuse();
        }
        self.word(role)
    }

    fn is_unary(&self, word: Word) -> bool {
        matches!(self.code.get(word.start..word.end), Some([b'-', letter]) if UNARY.contains(letter))
    }

    /// The operator with two sides that stands here. Only those of order need no blank after them.
    fn binary(&self) -> Option<&'static [u8]> {
        let ends = |operator: &[u8]| {
            matches!(operator, b"<" | b">") || ends_word(self.byte(self.joined(self.at + operator.len())))
        };
        BINARY.into_iter().find(|operator| self.starts(operator) && ends(operator))
    }
}
