//! Simple commands and redirections (the Bash Reference Manual, sections 3.2.2 and 3.6), and the functions that begin like one.

use super::word::{Role, Word};
use super::{Read, Script};

/// Commands whose arguments are assignments too.
const DECLARATIONS: [&[u8]; 8] = [b"alias", b"declare", b"eval", b"export", b"let", b"local", b"readonly", b"typeset"];

impl Script<'_> {
    /// Reads a command of words, or the function whose name its first word is.
    pub(super) fn simple(&mut self) -> Read {
        let start = self.at;
        let (mut count, mut role, mut first) = (0_usize, Role::Assignment, None::<Word>);
        loop {
            self.blanks();
            match self.peek() {
                b'<' | b'>' | b'&' if self.is_redirection() => self.redirection()?,
                b'(' if count == 1 && first.is_some_and(|word| word.start == start && !word.is_assignment) => {
                    return self.function_parentheses();
                }
                0 | b'\n' | b';' | b'&' | b'|' | b')' | b'(' => break,
                _ => {
                    let word = self.word(role)?;
                    first.get_or_insert(word);
                    if role == Role::Assignment && !word.is_assignment {
                        role = if self.is_declaration(word) { Role::Declaration } else { Role::Argument };
                    }
                }
            }
            count += 1;
        }
        if count == 0 || self.peek() == b'(' { self.refuse() } else { Ok(()) }
    }

    fn is_declaration(&self, word: Word) -> bool {
        DECLARATIONS.contains(&self.code.get(word.start..word.end).unwrap_or_default())
    }

    /// `()` and the body after the name of a function.
    fn function_parentheses(&mut self) -> Read {
        let opener = self.at;
        self.at += 1;
        self.blanks();
        if self.peek() != b')' {
            self.at = opener;
            return self.refuse();
        }
        self.at += 1;
        self.function_body()
    }

    /// Whether a redirection stands here, without the number before it.
    fn is_redirection(&self) -> bool {
        let next = self.byte(self.joined(self.at + 1));
        match self.peek() {
            b'<' | b'>' => next != b'(',
            b'&' => next == b'>',
            _ => false,
        }
    }

    /// Reads a redirection, from its first sign.
    fn redirection(&mut self) -> Read {
        let rest = self.code.get(self.at..).unwrap_or_default();
        let signs = [&b"<<<"[..], b"<<-", b"<<", b"&>>", b"&>", b"<&", b"<>", b">>", b">&", b">|", b"<", b">"];
        let Some(sign) = signs.into_iter().find(|sign| rest.starts_with(sign)) else { return self.refuse() };
        self.at += sign.len();
        match sign {
            b"<<" => return self.here_document(false),
            b"<<-" => return self.here_document(true),
            _ => {}
        }
        self.blanks();
        self.word(Role::Argument)?;
        Ok(())
    }

    /// Reads the redirections after a compound command.
    pub(super) fn redirections(&mut self) -> Read {
        loop {
            self.blanks();
            let start = self.at;
            self.descriptor();
            if !self.is_redirection() {
                self.at = start;
                return Ok(());
            }
            self.redirection()?;
        }
    }

    /// Goes over what names a file descriptor: `2`, `{name}`.
    fn descriptor(&mut self) {
        let rest = self.code.get(self.at..).unwrap_or_default();
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'[' | b']');
        self.at += match rest.strip_prefix(b"{") {
            Some(name) => match name.iter().position(|byte| !is_name(byte)) {
                Some(length) if name.get(length) == Some(&b'}') => length + 2,
                _ => 0,
            },
            None => rest.iter().take_while(|byte| byte.is_ascii_digit()).count(),
        };
    }
}
