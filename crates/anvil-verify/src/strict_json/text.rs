//! Strings, names among them, however they are cut.

use crate::plain_text;
use crate::span::Span;
use crate::strict_json::{Fault, State, Stopped, StrictJson, reason};

impl StrictJson {
    /// The inside of a string, and of each that follows with no more than a sign and a space between, up to an escape or the end of the
    /// piece, or past the last one's end and what follows.
    pub(super) fn text(&mut self, bytes: &[u8], mut at: usize) -> Result<usize, Stopped> {
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let stop = plain_text::length(rest);
            if self.name_at.is_some() {
                self.names.push(rest.get(..stop).unwrap_or_default());
            }
            at += stop;
            match rest.get(stop) {
                None => return Ok(at),
                Some(b'"') => {
                    self.close_text(at)?;
                    at = self.after_text(bytes, at + 1)?;
                    if self.state != State::Text {
                        return Ok(at);
                    }
                }
                Some(b'\\') => {
                    self.state = State::Escape;
                    return Ok(at + 1);
                }
                Some(control) => {
                    self.flaw(self.fault_at(reason::CONTROL, 0, at))?;
                    if self.name_at.is_some() {
                        self.names.push(&[*control]);
                    }
                    return Ok(at + 1);
                }
            }
        }
    }

    /// From the quote before a string into it.
    pub(super) fn open_text(&mut self, at: usize) -> usize {
        if matches!(self.state, State::Name | State::NameOrEnd) {
            self.name_at = Some(self.before + at);
        }
        self.state = State::Text;
        at + 1
    }

    fn close_text(&mut self, at: usize) -> Result<(), Stopped> {
        let Some(start) = self.name_at.take() else {
            self.close_value();
            return Ok(());
        };
        if self.names.is_duplicate() {
            return Err(self.stop(Fault { reason: reason::DUPLICATE, span: Span::new(start, self.before + at + 1) }));
        }
        self.state = State::Colon;
        Ok(())
    }

    /// Past what nearly always follows a string, the sign, a space and the next string's quote: to come by for each of them takes as
    /// long as a short string.
    fn after_text(&mut self, bytes: &[u8], at: usize) -> Result<usize, Stopped> {
        let at = match (self.state, bytes.get(at)) {
            (State::Colon, Some(&colon @ b':')) => self.colon(colon, at)?,
            (State::CommaOrEnd, Some(&comma @ b',')) => self.comma(comma, at)?,
            _ => return Ok(at),
        };
        let at = at + usize::from(bytes.get(at) == Some(&b' '));
        Ok(if bytes.get(at) == Some(&b'"') { self.open_text(at) } else { at })
    }

    pub(super) fn escape(&mut self, bytes: &[u8], byte: u8, at: usize) -> Result<usize, Stopped> {
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
        self.text(bytes, at + 1)
    }

    pub(super) fn hex(&mut self, byte: u8, at: usize, digits: u8, unit: u16) -> Result<usize, Stopped> {
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
    fn no_escape(&mut self, byte: u8, at: usize, back: usize) -> Result<usize, Stopped> {
        let mut fault = self.fault_at(reason::ESCAPE, byte, at);
        fault.span.start -= back;
        self.flaw(fault)?;
        if self.name_at.is_some() {
            self.names.push(b"\\");
        }
        self.state = State::Text;
        Ok(at)
    }
}
