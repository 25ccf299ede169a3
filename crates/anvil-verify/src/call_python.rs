//! Calls written as in Python: `Read(file_path="…")`, alone, in a list or one after another.

use crate::tool_names::{NAME_LIMIT, ToolNames, is_of_name};

/// Reads a text that may consist of calls, and nothing else, byte by byte.
#[derive(Debug, Default)]
pub(crate) struct CallPython {
    state: State,
    /// A name or a keyword that is being read.
    word: String,
    /// How many brackets are open in the call.
    depth: usize,
    quote: Option<u8>,
    is_escaped: bool,
    /// Whether a call has begun that is one.
    has_call: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a name, or in it.
    #[default]
    Name,
    /// Behind the bracket: a keyword or the end has to come.
    Keyword,
    /// Behind the keyword.
    Equals,
    Arguments,
    /// It is something else.
    Off,
}

impl CallPython {
    /// Takes the next piece.
    pub(crate) fn feed(&mut self, piece: &str, offered: &ToolNames) {
        for byte in piece.bytes() {
            if self.is_off() {
                return;
            }
            self.state = self.take(byte, offered);
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        self.state == State::Off
    }

    /// Whether all of the text so far is calls; the last one may be cut.
    pub(crate) fn is_call(&self) -> bool {
        self.has_call && !self.is_off() && self.word.is_empty()
    }

    fn take(&mut self, byte: u8, offered: &ToolNames) -> State {
        match self.state {
            State::Name => self.name(byte, offered),
            State::Keyword => self.keyword(byte),
            State::Equals => match byte {
                b' ' => State::Equals,
                _ if byte != b'=' => {
                    self.has_call = true;
                    self.argument(byte)
                }
                _ => State::Off,
            },
            State::Arguments => self.argument(byte),
            State::Off => State::Off,
        }
    }

    fn name(&mut self, byte: u8, offered: &ToolNames) -> State {
        match byte {
            _ if is_of_name(byte) && self.word.len() <= NAME_LIMIT => self.word.push(char::from(byte)),
            b'(' if offered.has(&self.word) => {
                self.word.clear();
                self.depth = 1;
                return State::Keyword;
            }
            b' ' | b'\t' | b'\n' | b'\r' | b'[' | b']' | b',' | b';' if self.word.is_empty() => {}
            _ => return State::Off,
        }
        State::Name
    }

    fn keyword(&mut self, byte: u8) -> State {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => State::Keyword,
            b')' if self.word.is_empty() => {
                self.has_call = true;
                State::Name
            }
            b'=' if !self.word.is_empty() => {
                self.word.clear();
                State::Equals
            }
            _ if is_of_name(byte) && self.word.len() <= NAME_LIMIT => {
                self.word.push(char::from(byte));
                State::Keyword
            }
            _ => State::Off,
        }
    }

    fn argument(&mut self, byte: u8) -> State {
        if let Some(quote) = self.quote {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                _ if byte == quote => self.quote = None,
                _ => {}
            }
            return State::Arguments;
        }
        match byte {
            b'"' | b'\'' => self.quote = Some(byte),
            b'(' | b'[' | b'{' => self.depth += 1,
            b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth == 0 { State::Name } else { State::Arguments }
    }
}
