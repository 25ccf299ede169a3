//! Compound commands and functions (the Bash Reference Manual, sections 3.2.5 to 3.3).

use super::reserved::Reserved;
use super::word::{Role, ends_word};
use super::{Open, Read, Script, unclosed};

impl Script<'_> {
    /// Reads one command of a pipeline.
    pub(super) fn command(&mut self) -> Read {
        self.blanks();
        if self.peek() == b'(' {
            return self.compound();
        }
        match self.reserved() {
            None | Some(Reserved::Time) => self.simple(),
            Some(Reserved::Function) => self.within(Self::function),
            Some(Reserved::Coproc) => self.coproc(),
            Some(_) => self.compound(),
        }
    }

    /// Reads a compound command and its redirections; refuses where none stands.
    fn compound(&mut self) -> Read {
        self.open.push(Open { at: self.at, has_head: false });
        self.within(|script| {
            let opener = script.at;
            match script.peek() {
                b'(' if script.byte(opener + 1) == b'(' && script.arithmetic()? => {}
                b'(' => script.subshell(opener)?,
                _ => script.worded(opener)?,
            }
            script.redirections()
        })?;
        self.open.pop();
        Ok(())
    }

    fn subshell(&mut self, opener: usize) -> Read {
        self.at += 1;
        self.commands()?;
        if self.peek() != b')' {
            return self.missing(opener);
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a compound command that begins with a reserved word.
    fn worded(&mut self, opener: usize) -> Read {
        let Some(word) = self.reserved() else { return self.refuse() };
        self.takes(word);
        match word {
            Reserved::Brace => {
                self.commands()?;
                self.expect(Reserved::BraceEnd, opener)
            }
            Reserved::If => self.branches(opener),
            Reserved::While | Reserved::Until => {
                self.commands()?;
                self.loop_body(opener)
            }
            Reserved::For | Reserved::Select => self.iteration(opener),
            Reserved::Case => self.case(opener),
            Reserved::Test => self.conditional(opener),
            _ => {
                self.at = opener;
                self.refuse()
            }
        }
    }

    /// Goes over a reserved word that has to follow here what began at `opener`.
    fn expect(&mut self, word: Reserved, opener: usize) -> Read {
        self.blanks();
        if self.takes(word) { Ok(()) } else { self.missing(opener) }
    }

    /// What follows `if`.
    fn branches(&mut self, opener: usize) -> Read {
        loop {
            self.commands()?;
            self.expect(Reserved::Then, opener)?;
            self.head();
            self.commands()?;
            if !self.takes(Reserved::Elif) {
                break;
            }
        }
        if self.takes(Reserved::Else) {
            self.commands()?;
        }
        self.expect(Reserved::Fi, opener)
    }

    fn loop_body(&mut self, opener: usize) -> Read {
        self.expect(Reserved::Do, opener)?;
        self.head();
        self.commands()?;
        self.expect(Reserved::Done, opener)
    }

    /// What follows `for` or `select`.
    fn iteration(&mut self, opener: usize) -> Read {
        self.blanks();
        if self.starts(b"((") {
            self.three_expressions()?;
            self.blanks();
        } else {
            self.word(Role::Argument)?;
            self.newlines();
            if self.takes_word(b"in") {
                self.values()?;
            }
        }
        if self.peek() == b';' {
            self.at += 1;
        }
        self.newlines();
        if self.takes(Reserved::Brace) {
            self.commands()?;
            return self.expect(Reserved::BraceEnd, opener);
        }
        self.loop_body(opener)
    }

    /// Words up to the end of the line or of the command.
    fn values(&mut self) -> Read {
        loop {
            self.blanks();
            if matches!(self.peek(), b';' | b'\n' | 0) {
                return Ok(());
            }
            self.word(Role::Argument)?;
        }
    }

    /// `((a; b; c))` after `for`.
    fn three_expressions(&mut self) -> Read {
        let opener = self.at;
        let is_whole = self.arithmetic()?;
        let text = self.code.get(opener..self.at).unwrap_or_default();
        if is_whole && memchr::memchr_iter(b';', text).count() == 2 {
            return Ok(());
        }
        self.at = opener;
        self.refuse()
    }

    /// What follows `case`.
    fn case(&mut self, opener: usize) -> Read {
        self.blanks();
        self.word(Role::Argument)?;
        self.newlines();
        if !self.takes_word(b"in") {
            return self.missing(opener);
        }
        self.head();
        loop {
            self.newlines();
            if self.takes(Reserved::Esac) {
                return Ok(());
            }
            self.patterns(opener)?;
            self.list()?;
            self.blanks();
            if self.starts(b";;&") {
                self.at += 3;
            } else if self.starts(b";;") || self.starts(b";&") {
                self.at += 2;
            } else {
                return self.expect(Reserved::Esac, opener);
            }
        }
    }

    /// The patterns of a clause of `case`, with the parenthesis after them.
    fn patterns(&mut self, opener: usize) -> Read {
        if self.peek() == b'(' {
            self.at += 1;
            self.blanks();
        }
        loop {
            if self.is_end() {
                return unclosed(opener);
            }
            self.word(Role::Argument)?;
            self.blanks();
            match self.peek() {
                b'|' => self.at += 1,
                b')' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return self.missing(opener),
            }
            self.blanks();
        }
    }

    /// `function name` and what follows.
    fn function(&mut self) -> Read {
        self.takes(Reserved::Function);
        self.blanks();
        self.word(Role::Argument)?;
        self.blanks();
        if self.peek() == b'(' {
            let opener = self.at;
            self.at += 1;
            self.blanks();
            if self.peek() == b')' {
                self.at += 1;
            } else {
                self.at = opener;
            }
        }
        self.function_body()
    }

    pub(super) fn function_body(&mut self) -> Read {
        self.newlines();
        self.compound()
    }

    /// `coproc`, a name if there is one, and a command.
    fn coproc(&mut self) -> Read {
        self.takes(Reserved::Coproc);
        self.blanks();
        if self.peek() == b'(' || self.reserved().is_some() {
            return self.compound();
        }
        let start = self.at;
        while !ends_word(self.peek()) && !matches!(self.peek(), b'\\' | b'\'' | b'"' | b'`' | b'$') {
            self.at += 1;
        }
        let is_word = ends_word(self.peek());
        self.blanks();
        if is_word && (self.peek() == b'(' || self.reserved().is_some()) {
            return self.compound();
        }
        self.at = start;
        self.simple()
    }
}
