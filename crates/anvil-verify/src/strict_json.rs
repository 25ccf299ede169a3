//! Strict JSON, read as it arrives.
//!
//! RFC 8259's grammar and three demands more, each of which some client of ours makes: a name comes once in an object (parsers
//! differ in which of two they take), nothing nests deeper than [`MAX_DEPTH`], and arguments are an object. A lone surrogate
//! (`"\ud800"`) is let through: the grammar has it (section 8.2), and the parsers of Node and Python take it.

use memchr::memchr2;

use crate::names::Names;
use crate::span::Span;

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

mod reason {
    pub(super) const NOTHING: &str = "there is nothing";
    pub(super) const UNFINISHED: &str = "it ends before it is finished";
    pub(super) const NOT_AN_OBJECT: &str = "the top level is not an object";
    pub(super) const TRAILING: &str = "something follows the end";
    pub(super) const TOO_DEEP: &str = "it is nested too deeply";
    pub(super) const DUPLICATE: &str = "a name comes twice in an object";
    pub(super) const CONTROL: &str = "a control character stands in a string";
    pub(super) const ESCAPE: &str = "an escape does not exist";
    pub(super) const COMMA_AT_END: &str = "a comma stands before the end of an array or object";
    pub(super) const NO_VALUE: &str = "a value was expected";
    pub(super) const NO_NAME: &str = "a name in quotes was expected";
    pub(super) const NO_COLON: &str = "a colon was expected";
    pub(super) const NO_COMMA: &str = "a comma or the end of the array or object was expected";
    pub(super) const NOT_FINITE: &str = "NaN, Infinity and None are not JSON";
    pub(super) const NUMBER: &str = "a number is not in the form of JSON";
    pub(super) const WORD: &str = "a word is neither true, false nor null";
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

/// The part of a number that was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Whole,
    Point,
    Fraction,
    Exponent,
    Sign,
    Power,
}

impl Number {
    const fn is_whole(self) -> bool {
        matches!(self, Self::Zero | Self::Whole | Self::Fraction | Self::Power)
    }

    const fn next(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Minus, b'0') => Some(Self::Zero),
            (Self::Minus | Self::Whole, b'0'..=b'9') => Some(Self::Whole),
            (Self::Zero | Self::Whole, b'.') => Some(Self::Point),
            (Self::Point | Self::Fraction, b'0'..=b'9') => Some(Self::Fraction),
            (Self::Zero | Self::Whole | Self::Fraction, b'e' | b'E') => Some(Self::Exponent),
            (Self::Exponent, b'+' | b'-') => Some(Self::Sign),
            (Self::Exponent | Self::Sign | Self::Power, b'0'..=b'9') => Some(Self::Power),
            _ => None,
        }
    }
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

impl StrictJson {
    /// A reader at the first byte of a text.
    pub fn new(root: Root) -> Self {
        Self {
            root,
            state: State::Value,
            open: Vec::new(),
            names: Names::default(),
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
        self.read(piece.as_bytes()).inspect_err(|&fault| self.fault = Some(fault))?;
        self.before += piece.len();
        Ok(())
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

    fn read(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = match self.state {
                State::Text => self.text(bytes, at)?,
                State::Escape => self.escape(byte, at)?,
                State::Hex { digits, unit } => self.hex(byte, at, digits, unit)?,
                State::Number(number) => self.number(byte, at, number)?,
                State::Word(rest) => self.word(byte, at, rest)?,
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => at + 1,
                State::Value | State::ElementOrEnd => self.value(byte, at)?,
                State::NameOrEnd | State::Name => self.name(byte, at)?,
                State::Colon => self.colon(byte, at)?,
                State::CommaOrEnd => self.comma(byte, at)?,
                State::Done => return Err(self.fault_at(reason::TRAILING, byte, at)),
            };
        }
        Ok(())
    }

    /// The inside of a string, up to its end, an escape or the end of the piece.
    fn text(&mut self, bytes: &[u8], at: usize) -> Result<usize, Fault> {
        let rest = bytes.get(at..).unwrap_or_default();
        let stop = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        let plain = rest.get(..stop).unwrap_or_default();
        // Without a way out of the loop it is done many bytes at a time.
        if plain.iter().fold(u8::MAX, |least, &byte| least.min(byte)) < 0x20 {
            let place = at + plain.iter().position(|&byte| byte < 0x20).unwrap_or_default();
            self.flaw(self.fault_at(reason::CONTROL, 0, place))?;
        }
        if self.name_at.is_some() {
            self.names.push(plain);
        }
        match rest.get(stop) {
            None => return Ok(at + stop),
            Some(b'\\') => self.state = State::Escape,
            Some(_) => self.close_text(at + stop)?,
        }
        Ok(at + stop + 1)
    }

    fn close_text(&mut self, at: usize) -> Result<(), Fault> {
        let Some(start) = self.name_at.take() else {
            self.close_value();
            return Ok(());
        };
        if self.names.is_duplicate() {
            return Err(Fault { reason: reason::DUPLICATE, span: Span::new(start, self.before + at + 1) });
        }
        self.state = State::Colon;
        Ok(())
    }

    fn escape(&mut self, byte: u8, at: usize) -> Result<usize, Fault> {
        let decoded = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'b' => 0x08,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                self.state = State::Hex { digits: 0, unit: 0 };
                return Ok(at + 1);
            }
            _ => return self.no_escape(byte, at, 1),
        };
        if self.name_at.is_some() {
            self.names.push(&[decoded]);
        }
        self.state = State::Text;
        Ok(at + 1)
    }

    fn hex(&mut self, byte: u8, at: usize, digits: u8, unit: u16) -> Result<usize, Fault> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            _ => return self.no_escape(byte, at, 2 + usize::from(digits)),
        };
        let unit = (unit << 4) | u16::from(digit);
        if digits < 3 {
            self.state = State::Hex { digits: digits + 1, unit };
            return Ok(at + 1);
        }
        if self.name_at.is_some() {
            self.names.push_unit(unit);
        }
        self.state = State::Text;
        Ok(at + 1)
    }

    /// The escape that began `back` bytes ago is none; a tolerant reader takes what follows the backslash as text.
    fn no_escape(&mut self, byte: u8, at: usize, back: usize) -> Result<usize, Fault> {
        let mut fault = self.fault_at(reason::ESCAPE, byte, at);
        fault.span.start -= back;
        self.flaw(fault)?;
        if self.name_at.is_some() {
            self.names.push(b"\\");
        }
        self.state = State::Text;
        Ok(at)
    }

    fn number(&mut self, byte: u8, at: usize, number: Number) -> Result<usize, Fault> {
        if let Some(next) = number.next(byte) {
            self.state = State::Number(next);
            return Ok(at + 1);
        }
        match (number, byte) {
            (Number::Minus, b'I' | b'N') => Err(self.fault_at(reason::NOT_FINITE, byte, at)),
            (Number::Zero, b'0'..=b'9') => Err(self.fault_at(reason::NUMBER, byte, at)),
            _ if number.is_whole() => {
                self.close_value();
                Ok(at)
            }
            _ => Err(self.fault_at(reason::NUMBER, byte, at)),
        }
    }

    fn word(&mut self, byte: u8, at: usize, rest: &'static [u8]) -> Result<usize, Fault> {
        match rest.split_first() {
            Some((&expected, [])) if byte == expected => self.close_value(),
            Some((&expected, rest)) if byte == expected => self.state = State::Word(rest),
            _ => return Err(self.fault_at(reason::WORD, byte, at)),
        }
        Ok(at + 1)
    }

    fn value(&mut self, byte: u8, at: usize) -> Result<usize, Fault> {
        if self.open.is_empty() && self.root == Root::Object && byte != b'{' {
            let fault = self.fault_at(reason::NOT_AN_OBJECT, byte, at);
            // A string may be the object, encoded twice.
            if byte != b'"' {
                return Err(fault);
            }
            self.flaw(fault)?;
        }
        self.state = match byte {
            b'{' => self.open_container(Container::Object, at)?,
            b'[' => self.open_container(Container::Array, at)?,
            b'"' => State::Text,
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
            b'N' | b'I' => return Err(self.fault_at(reason::NOT_FINITE, byte, at)),
            _ => return Err(self.fault_at(reason::NO_VALUE, byte, at)),
        };
        Ok(at + 1)
    }

    fn name(&mut self, byte: u8, at: usize) -> Result<usize, Fault> {
        match byte {
            b'"' => {
                self.name_at = Some(self.before + at);
                self.state = State::Text;
            }
            b'}' => {
                if self.state == State::Name {
                    self.flaw(self.fault_at(reason::COMMA_AT_END, byte, at))?;
                }
                self.close_container();
            }
            _ => return Err(self.fault_at(reason::NO_NAME, byte, at)),
        }
        Ok(at + 1)
    }

    fn colon(&mut self, byte: u8, at: usize) -> Result<usize, Fault> {
        if byte != b':' {
            return Err(self.fault_at(reason::NO_COLON, byte, at));
        }
        self.state = State::Value;
        Ok(at + 1)
    }

    fn comma(&mut self, byte: u8, at: usize) -> Result<usize, Fault> {
        match (byte, self.open.last()) {
            (b',', Some(Container::Object)) => self.state = State::Name,
            (b',', Some(Container::Array)) => self.state = State::Value,
            (b'}', Some(Container::Object)) | (b']', Some(Container::Array)) => self.close_container(),
            _ => return Err(self.fault_at(reason::NO_COMMA, byte, at)),
        }
        Ok(at + 1)
    }

    fn open_container(&mut self, container: Container, at: usize) -> Result<State, Fault> {
        if self.open.len() == MAX_DEPTH {
            return Err(self.fault_at(reason::TOO_DEEP, 0, at));
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
    fn flaw(&mut self, fault: Fault) -> Result<(), Fault> {
        match &mut self.tolerance {
            Tolerance::None => Err(fault),
            Tolerance::Notes(noted) => {
                noted.get_or_insert(fault);
                Ok(())
            }
        }
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
