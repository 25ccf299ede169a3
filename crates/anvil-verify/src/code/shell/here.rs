//! Here-documents (the Bash Reference Manual, section 3.6.6). What they hold is not read: a shell does so only when it runs them.

use std::borrow::Cow;

use super::word::Role;
use super::{Read, Script, Stop};

/// Here-documents that a line may begin; more are refused by Bash too.
const MOST: usize = 16;

/// A here-document that begins after the line.
#[derive(Debug)]
pub(super) struct Here<'a> {
    /// What stands on its last line.
    end: Cow<'a, [u8]>,
    /// Whether that may stand further in.
    is_stripped: bool,
    /// Whether its lines are taken as they are.
    is_quoted: bool,
}

impl<'a> Script<'a> {
    /// Reads the word after `<<`.
    pub(super) fn here_document(&mut self, is_stripped: bool) -> Read {
        self.blanks();
        let word = self.word(Role::Argument)?;
        let code: &'a [u8] = self.code;
        let word = code.get(word.start..word.end).unwrap_or_default();
        let is_quoted = word.iter().any(|byte| matches!(byte, b'\\' | b'\'' | b'"'));
        let end = if is_quoted { Cow::Owned(unquoted(word)) } else { Cow::Borrowed(word) };
        if self.here.len() == MOST {
            return Err(Stop::GaveUp);
        }
        self.here.push(Here { end, is_stripped, is_quoted });
        Ok(())
    }

    /// Goes over the here-documents that begin here. One that does not end goes to the end of the text: a shell but warns of that.
    pub(super) fn documents(&mut self) {
        for here in std::mem::take(&mut self.here) {
            self.document(&here);
        }
    }

    fn document(&mut self, here: &Here<'_>) {
        let mut goes_on = false;
        while !self.is_end() {
            let end = self.at + self.line_end(self.at);
            let line = self.code.get(self.at..end).unwrap_or_default();
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            let indented = text.iter().take_while(|byte| here.is_stripped && **byte == b'\t').count();
            let text = text.get(indented..).unwrap_or_default();
            if !goes_on && let Some(rest) = text.strip_prefix(&*here.end) {
                if rest.is_empty() {
                    self.at = (end + 1).min(self.code.len());
                    return;
                }
                // `EOF)` ends one in a command substitution, and what follows goes on.
                if self.substitutions > 0 && rest.contains(&b')') {
                    self.at += indented + here.end.len();
                    return;
                }
            }
            let slashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
            goes_on = !here.is_quoted && slashes % 2 == 1;
            self.at = (end + 1).min(self.code.len());
        }
    }
}

/// A word without what quotes it.
fn unquoted(word: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(word.len());
    let (mut quote, mut escaped) = (0, false);
    for &byte in word {
        match byte {
            // A line that goes on.
            b'\n' if escaped => escaped = false,
            _ if escaped => {
                escaped = false;
                text.push(byte);
            }
            b'\\' if quote != b'\'' => escaped = true,
            b'\'' | b'"' if quote == 0 => quote = byte,
            _ if byte == quote => quote = 0,
            _ => text.push(byte),
        }
    }
    text
}
