//! Words: what is quoted, what is expanded (the Bash Reference Manual, sections 3.1.2 and 3.5).

use super::{Read, Script, Stop, TWICE, unclosed};

/// Where a word stands, which says what else than itself it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Among others.
    Argument,
    /// Where an assignment may stand, before the name of a command.
    Assignment,
    /// After the name of a command that makes variables.
    Declaration,
    /// Within the parentheses of an array.
    Element,
    /// On the right side of `=~`.
    Regex,
    /// On the right side of `==`.
    Pattern,
}

impl Role {
    const fn is_assignable(self) -> bool {
        matches!(self, Self::Assignment | Self::Declaration)
    }
}

/// A word that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) is_assignment: bool,
}

/// Whether a byte cannot be in a word that is not quoted; 0 is the end of the text.
pub(super) const fn ends_word(byte: u8) -> bool {
    matches!(byte, 0 | b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}

/// Bytes that a word goes over without a look.
const PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0_u8;
    while byte < u8::MAX {
        plain[byte as usize] = !ends_word(byte) && !matches!(byte, b'\\' | b'\'' | b'"' | b'`' | b'$' | b'[' | b'=');
        byte += 1;
    }
    plain
};

impl Script<'_> {
    /// Reads the word that stands here; refuses where none does.
    pub(super) fn word(&mut self, role: Role) -> Read<Word> {
        let start = self.at;
        let (mut may_be_indexed, mut may_be_assigned, mut is_assignment) =
            (role == Role::Assignment, role.is_assignable(), false);
        loop {
            while PLAIN[usize::from(self.peek())] {
                self.at += 1;
            }
            match self.peek() {
                b'\\' => self.escaped(),
                b'\'' => self.single()?,
                b'"' => self.double()?,
                b'`' => self.backticks()?,
                b'$' => self.dollar(true)?,
                b'<' | b'>' if self.byte(self.at + 1) == b'(' => self.substitution(self.at + 2)?,
                b'(' if self.opens_pattern(role, start) => self.group(b'(', b')')?,
                b'|' if role == Role::Regex && self.byte(self.at + 1) != b'|' => self.at += 1,
                // Alone it is no end of a line.
                b'\r' if self.byte(self.at + 1) != b'\n' => self.at += 1,
                b'[' if role == Role::Element && self.at == start => self.group(b'[', b']')?,
                b'[' if may_be_indexed => {
                    may_be_indexed = false;
                    if is_identifier(self.code.get(start..self.at).unwrap_or_default()) {
                        self.group(b'[', b']')?;
                    } else {
                        self.at += 1;
                    }
                }
                b'=' if may_be_assigned => {
                    (may_be_indexed, may_be_assigned) = (false, false);
                    is_assignment = is_assignable(self.code.get(start..self.at).unwrap_or_default());
                    self.at += 1;
                    if is_assignment && self.peek() == b'(' {
                        self.array()?;
                    }
                }
                b'[' | b'=' => self.at += 1,
                _ => break,
            }
        }
        if self.at == start { self.refuse() } else { Ok(Word { start, end: self.at, is_assignment }) }
    }

    /// A backslash and what it quotes.
    fn escaped(&mut self) {
        let after = self.joined(self.at);
        self.at = if after > self.at { after } else { (self.at + 2).min(self.code.len()) };
    }

    /// Whether the parenthesis here belongs to the word: to a pattern (`@(a|b)`), to a regular expression.
    fn opens_pattern(&self, role: Role, start: usize) -> bool {
        let before = self.at.checked_sub(1).filter(|at| *at >= start).map_or(0, |at| self.byte(at));
        // A pattern of zsh has parentheses of its own, which Bash does not.
        matches!(before, b'?' | b'*' | b'+' | b'@' | b'!') || matches!(role, Role::Regex | Role::Pattern)
    }

    /// `'…'`.
    fn single(&mut self) -> Read {
        let opener = self.at;
        match memchr::memchr(b'\'', self.code.get(opener + 1..).unwrap_or_default()) {
            Some(length) => self.at = opener + length + 2,
            None => return unclosed(opener),
        }
        Ok(())
    }

    /// `$'…'`, from its quotation mark.
    fn ansi(&mut self) -> Read {
        let opener = self.at;
        self.until_unescaped(opener, b'\'')
    }

    /// `` `…` ``, whose commands the shell reads only when it comes to run them.
    fn backticks(&mut self) -> Read {
        let opener = self.at;
        self.until_unescaped(opener, b'`')
    }

    fn until_unescaped(&mut self, opener: usize, end: u8) -> Read {
        self.at = opener + 1;
        while let Some(length) = memchr::memchr2(end, b'\\', self.code.get(self.at..).unwrap_or_default()) {
            self.at += length;
            if self.peek() == end {
                self.at += 1;
                return Ok(());
            }
            self.at += 2;
        }
        unclosed(opener)
    }

    /// `"…"`.
    fn double(&mut self) -> Read {
        self.within(|script| {
            let opener = script.at;
            script.at += 1;
            loop {
                match script.peek() {
                    b'"' => {
                        script.at += 1;
                        return Ok(());
                    }
                    b'\\' => script.at += 2,
                    b'`' => script.backticks()?,
                    b'$' => script.dollar(false)?,
                    0 => return unclosed(opener),
                    _ => script.at += 1,
                }
            }
        })
    }

    /// What a `$` begins. `is_bare`: not between quotation marks, where others begin a string of their own.
    fn dollar(&mut self, is_bare: bool) -> Read {
        let next = self.joined(self.at + 1);
        match self.byte(next) {
            b'(' if self.byte(next + 1) == b'(' => {
                self.at = next;
                self.group(b'(', b')')
            }
            b'(' => self.substitution(next + 1),
            b'{' => {
                let opener = self.at;
                self.at = next + 1;
                self.within(|script| script.braces(opener, is_bare))
            }
            b'[' => {
                self.at = next;
                self.group(b'[', b']')
            }
            b'\'' if is_bare => {
                self.at = next;
                self.ansi()
            }
            b'$' => {
                self.at = next + 1;
                Ok(())
            }
            _ => {
                self.at += 1;
                Ok(())
            }
        }
    }

    /// `$(…)`, `<(…)`, `>(…)`, whose commands begin at `start`.
    fn substitution(&mut self, start: usize) -> Read {
        let opener = self.at;
        self.at = start;
        let outer = std::mem::take(&mut self.here);
        self.substitutions += 1;
        self.within(|script| {
            script.list()?;
            if script.peek() == b')' { Ok(()) } else { script.missing(opener) }
        })?;
        self.substitutions -= 1;
        self.at += 1;
        if !outer.is_empty() {
            self.here.splice(0..0, outer);
        }
        Ok(())
    }

    /// `${…}`, from what follows its brace.
    fn braces(&mut self, opener: usize, is_bare: bool) -> Read {
        // `${ command; }` is of Bash 5.3 and ksh, `${(flags)name}` of zsh.
        self.is_doubtful |= matches!(self.peek(), b' ' | b'\t' | b'\n' | b'|' | b'(');
        let start = self.at;
        let mut is_default = None;
        loop {
            match self.peek() {
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\'' if is_bare || !*is_default.get_or_insert_with(|| self.is_default(start)) || self.is_half() => {
                    self.single()?;
                }
                b'\\' => self.at += 2,
                b'"' => self.double()?,
                b'`' => self.backticks()?,
                b'$' => self.dollar(true)?,
                0 => return unclosed(opener),
                _ => self.at += 1,
            }
        }
    }

    /// Whether what `${` begins is a name and what stands for it: `name:-word`.
    fn is_default(&self, start: usize) -> bool {
        let text = self.code.get(start..self.at).unwrap_or_default();
        let operator = text.iter().find(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b':'));
        matches!(operator, Some(b'-' | b'+' | b'=' | b'?'))
    }

    /// Whether the quotation mark here, in `"${name:-…}"`, is half of a pair. Bash would look for the other to the end of the text, and
    /// POSIX takes it for a letter (`"${1:-it's}"`).
    fn is_half(&mut self) -> bool {
        let rest = self.code.get(self.at + 1..).unwrap_or_default();
        let is_letter = rest.iter().find(|byte| matches!(byte, b'\'' | b'}' | b'"' | b'\n')) == Some(&b'}');
        self.is_doubtful |= is_letter;
        !is_letter
    }

    /// A text in which brackets stand in pairs, from the first: arithmetic, an index, a pattern.
    fn group(&mut self, open: u8, close: u8) -> Read {
        let opener = self.at;
        self.at += 1;
        self.within(|script| {
            let mut depth = 1_usize;
            loop {
                match script.peek() {
                    b'\\' => script.at += 2,
                    b'\'' => script.single()?,
                    b'"' => script.double()?,
                    b'`' => script.backticks()?,
                    b'$' => script.dollar(true)?,
                    0 => return unclosed(opener),
                    byte => {
                        script.at += 1;
                        depth = depth + usize::from(byte == open) - usize::from(byte == close);
                        if depth == 0 {
                            return Ok(());
                        }
                    }
                }
            }
        })
    }

    /// `((…))`; `false`, and still before it, where it is no arithmetic but two subshells.
    pub(super) fn arithmetic(&mut self) -> Read<bool> {
        let opener = self.at;
        self.at += 1;
        self.group(b'(', b')')?;
        if self.peek() == b')' {
            self.at += 1;
            return Ok(true);
        }
        self.twice += self.at - opener;
        if self.twice > TWICE {
            return Err(Stop::GaveUp);
        }
        self.at = opener;
        Ok(false)
    }

    /// `(…)` after the name of an array and `=`.
    fn array(&mut self) -> Read {
        let opener = self.at;
        self.at += 1;
        self.within(|script| {
            loop {
                script.newlines();
                if script.peek() == b')' {
                    script.at += 1;
                    return Ok(());
                }
                if script.is_end() {
                    return unclosed(opener);
                }
                script.word(Role::Element)?;
            }
        })
    }
}

/// Whether a value can be given to what stands before a `=`: `a`, `a[1]`, `a+`.
fn is_assignable(text: &[u8]) -> bool {
    let name = text.strip_suffix(b"+").unwrap_or(text);
    let end = if name.ends_with(b"]") { memchr::memchr(b'[', name) } else { None };
    is_identifier(end.and_then(|end| name.get(..end)).unwrap_or(name))
}

fn is_identifier(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| !byte.is_ascii_digit())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}
