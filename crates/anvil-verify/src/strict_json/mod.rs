//! Strict JSON, read as it arrives.
//!
//! RFC 8259's grammar and three demands more, each of which some client of ours makes: a name comes once in an object (parsers
//! differ in which of two they take), nothing nests deeper than [`MAX_DEPTH`], and arguments are an object. A lone surrogate
//! (`"\ud800"`) is let through: the grammar has it (section 8.2), and the parsers of Node and Python take it.

mod number;
mod reason;
mod text;

use crate::names::Names;
use crate::span::Span;
use crate::strict_json::number::Number;

/// How deep arrays and objects nest: as deep as `serde_json` reads. What is deeper could not be held against a schema, nor read
/// by Codex, which uses that crate; a model that opens a bracket over and over is stopped here.
pub const MAX_DEPTH: usize = 127;

/// What may stand at the top level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// An object and nothing else.
    Object,
    /// Any value.
    Any,
}

/// Why a text is not strict JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, without the text.
    pub reason: &'static str,
    /// Where in the text.
    pub span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    ElementOrEnd,
    NameOrEnd,
    Name,
    Colon,
    CommaOrEnd,
    Text,
    Escape,
    Hex { digits: u8, unit: u16 },
    Number(Number),
    Word(&'static [u8]),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

/// A reader of JSON that keeps no values: it only tells the first thing that is wrong.
#[derive(Debug)]
pub struct StrictJson {
    root: Root,
    state: State,
    open: Vec<Container>,
    names: Names,
    /// Whether the string being read is a name, and where it began.
    name_at: Option<usize>,
    /// Bytes of the pieces before this one.
    before: usize,
    fault: Option<Fault>,
    tolerance: Tolerance,
}

/// What the reader does about a flaw that [`repair`](crate::repair::repair) may put right.
#[derive(Debug, Clone, Copy)]
enum Tolerance {
    None,
    /// It reads on and keeps the first.
    Notes(Option<Fault>),
}

/// The reading is over: the reader keeps the fault. A result that carries it is too large for registers, and each sign has a result.
struct Stopped;

impl StrictJson {
    /// A reader at the first byte of a text.
    pub fn new(root: Root) -> Self {
        Self {
            root,
            state: State::Value,
            open: Vec::new(),
            names: Names::new(),
            name_at: None,
            before: 0,
            fault: None,
            tolerance: Tolerance::None,
        }
    }

    /// A reader that only fails what no repair can put right, and notes the rest.
    pub(crate) fn tolerant(root: Root) -> Self {
        Self { tolerance: Tolerance::Notes(None), ..Self::new(root) }
    }

    /// The first flaw that a tolerant reader let pass.
    pub(crate) const fn noted(&self) -> Option<Fault> {
        match self.tolerance {
            Tolerance::Notes(noted) => noted,
            Tolerance::None => None,
        }
    }

    /// Reads the next piece, cut anywhere between two characters.
    ///
    /// # Errors
    /// The first [`Fault`]; from then on always the same.
    pub fn feed(&mut self, piece: &str) -> Result<(), Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let read = self.read(piece.as_bytes());
        self.before += piece.len();
        match (read, self.fault) {
            (Err(Stopped), Some(fault)) => Err(fault),
            _ => Ok(()),
        }
    }

    /// The text is over.
    ///
    /// # Errors
    /// The first [`Fault`] if there was one, or that the text is not finished.
    pub fn end(&mut self) -> Result<(), Fault> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if let State::Number(number) = self.state
            && number.is_whole()
        {
            self.close_value();
        }
        let reason = match self.state {
            State::Done => return Ok(()),
            State::Value if self.open.is_empty() => reason::NOTHING,
            _ => reason::UNFINISHED,
        };
        let fault = Fault { reason, span: Span::new(self.before, self.before) };
        self.fault = Some(fault);
        Err(fault)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = match self.state {
                State::Text => self.text(bytes, at)?,
                State::Escape => self.escape(bytes, byte, at)?,
                State::Hex { digits, unit } => self.hex(byte, at, digits, unit)?,
                State::Number(number) => self.number(bytes, at, number)?,
                State::Word(rest) => self.word(byte, at, rest)?,
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => at + 1,
                State::Value | State::ElementOrEnd => self.value(bytes, byte, at)?,
                State::NameOrEnd | State::Name => self.name(bytes, byte, at)?,
                State::Colon => self.colon(byte, at)?,
                State::CommaOrEnd => self.comma(byte, at)?,
                State::Done => return Err(self.stop_at(reason::TRAILING, byte, at)),
            };
        }
        Ok(())
    }

    fn number(&mut self, bytes: &[u8], mut at: usize, mut number: Number) -> Result<usize, Stopped> {
        while let Some(&byte) = bytes.get(at) {
            match (number.next(byte), number, byte) {
                (Some(next), ..) => number = next,
                (None, Number::Minus, b'I' | b'N') => return Err(self.stop_at(reason::NOT_FINITE, byte, at)),
                (None, Number::Zero, b'0'..=b'9') => return Err(self.stop_at(reason::NUMBER, byte, at)),
                _ if number.is_whole() => {
                    self.close_value();
                    return Ok(at);
                }
                _ => return Err(self.stop_at(reason::NUMBER, byte, at)),
            }
            at += 1;
        }
        self.state = State::Number(number);
        Ok(at)
    }

    fn word(&mut self, byte: u8, at: usize, rest: &'static [u8]) -> Result<usize, Stopped> {
        match rest.split_first() {
            Some((&expected, [])) if byte == expected => self.close_value(),
            Some((&expected, rest)) if byte == expected => self.state = State::Word(rest),
            _ => return Err(self.stop_at(reason::WORD, byte, at)),
        }
        Ok(at + 1)
    }

    fn value(&mut self, bytes: &[u8], byte: u8, at: usize) -> Result<usize, Stopped> {
        if self.open.is_empty() && self.root == Root::Object && byte != b'{' {
            let fault = self.fault_at(reason::NOT_AN_OBJECT, byte, at);
            // A string may be the object, encoded twice.
            if byte != b'"' {
                return Err(self.stop(fault));
            }
            self.flaw(fault)?;
        }
        self.state = match byte {
            b'{' => self.open_container(Container::Object, at)?,
            b'[' => self.open_container(Container::Array, at)?,
            b'"' => {
                let at = self.open_text(at);
                return self.text(bytes, at);
            }
            b'-' => State::Number(Number::Minus),
            b'0' => State::Number(Number::Zero),
            b'1'..=b'9' => State::Number(Number::Whole),
            b't' => State::Word(b"rue"),
            b'f' => State::Word(b"alse"),
            b'n' => State::Word(b"ull"),
            b']' if self.open.last() == Some(&Container::Array) => {
                if self.state == State::Value {
                    self.flaw(self.fault_at(reason::COMMA_AT_END, byte, at))?;
                }
                self.close_container();
                return Ok(at + 1);
            }
            b'N' | b'I' => return Err(self.stop_at(reason::NOT_FINITE, byte, at)),
            _ => return Err(self.stop_at(reason::NO_VALUE, byte, at)),
        };
        Ok(at + 1)
    }

    fn name(&mut self, bytes: &[u8], byte: u8, at: usize) -> Result<usize, Stopped> {
        match byte {
            b'"' => {
                let at = self.open_text(at);
                return self.text(bytes, at);
            }
            b'}' => {
                if self.state == State::Name {
                    self.flaw(self.fault_at(reason::COMMA_AT_END, byte, at))?;
                }
                self.close_container();
            }
            _ => return Err(self.stop_at(reason::NO_NAME, byte, at)),
        }
        Ok(at + 1)
    }

    fn colon(&mut self, byte: u8, at: usize) -> Result<usize, Stopped> {
        if byte != b':' {
            return Err(self.stop_at(reason::NO_COLON, byte, at));
        }
        self.state = State::Value;
        Ok(at + 1)
    }

    fn comma(&mut self, byte: u8, at: usize) -> Result<usize, Stopped> {
        match (byte, self.open.last()) {
            (b',', Some(Container::Object)) => self.state = State::Name,
            (b',', Some(Container::Array)) => self.state = State::Value,
            (b'}', Some(Container::Object)) | (b']', Some(Container::Array)) => self.close_container(),
            _ => return Err(self.stop_at(reason::NO_COMMA, byte, at)),
        }
        Ok(at + 1)
    }

    fn open_container(&mut self, container: Container, at: usize) -> Result<State, Stopped> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.stop_at(reason::TOO_DEEP, 0, at));
        }
        self.open.push(container);
        Ok(match container {
            Container::Array => State::ElementOrEnd,
            Container::Object => {
                self.names.open();
                State::NameOrEnd
            }
        })
    }

    fn close_container(&mut self) {
        if self.open.pop() == Some(Container::Object) {
            self.names.close();
        }
        self.close_value();
    }

    fn close_value(&mut self) {
        self.state = if self.open.is_empty() { State::Done } else { State::CommaOrEnd };
    }

    /// A flaw that may be put right: the end of the reading, or a note.
    fn flaw(&mut self, fault: Fault) -> Result<(), Stopped> {
        match &mut self.tolerance {
            Tolerance::None => Err(self.stop(fault)),
            Tolerance::Notes(noted) => {
                noted.get_or_insert(fault);
                Ok(())
            }
        }
    }

    fn stop(&mut self, fault: Fault) -> Stopped {
        self.fault = Some(fault);
        Stopped
    }

    fn stop_at(&mut self, reason: &'static str, byte: u8, at: usize) -> Stopped {
        self.stop(self.fault_at(reason, byte, at))
    }

    /// A fault that is the one character at `at`.
    fn fault_at(&self, reason: &'static str, byte: u8, at: usize) -> Fault {
        let length = match byte {
            0xF0.. => 4,
            0xE0.. => 3,
            0xC0.. => 2,
            _ => 1,
        };
        let start = self.before + at;
        Fault { reason, span: Span::new(start, start + length) }
    }
}

/// Whether a whole text is strict JSON.
///
/// # Errors
/// The first [`Fault`].
pub(crate) fn check(text: &str, root: Root) -> Result<(), Fault> {
    let mut reader = StrictJson::new(root);
    reader.feed(text)?;
    reader.end()
}
