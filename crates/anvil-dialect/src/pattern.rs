//! What events of a stream have in common.
//!
//! Most events differ from the one before only in the piece of text that they say, and in their number. What stands around it is
//! the same to the byte, so it means the same, and only the piece has to be read: a quarter of the work.

use memchr::memmem;

use crate::delta::Delta;
use crate::text::Text;

/// The most bytes that are kept of what stands around a piece. No engine writes as much.
const LIMIT: usize = 4 << 10;

/// The one member whose value changes with every event, in Responses. Nothing that an event says depends on it.
const NUMBER: &[u8] = b"\"sequence_number\":";

/// A number of more digits is none of an event.
const MOST_DIGITS: usize = 18;

/// The last event, without its piece of text.
#[derive(Debug, Default)]
pub(crate) struct Pattern {
    /// Up to the piece, its opening quote included.
    before: Part,
    /// From its closing quote on.
    after: Part,
    says: Option<Says>,
}

#[derive(Debug, Clone, Copy)]
enum Says {
    Text,
    Reasoning,
    Arguments(usize),
}

/// A part of an event, perhaps with its number.
#[derive(Debug, Default)]
struct Part {
    head: Vec<u8>,
    has_number: bool,
    /// What follows the number.
    tail: Vec<u8>,
}

impl Pattern {
    /// What the event says, if it is like the last one; `None` if it has to be read. A piece that is no plain text is not told
    /// here either, be it right or wrong.
    pub(crate) fn match_with<'d>(&self, data: &'d [u8]) -> Option<Delta<'d>> {
        let says = self.says?;
        let inside = self.after.strip_end(self.before.strip_start(data)?)?;
        if inside.is_empty() || !is_plain(inside) {
            return None;
        }
        let piece = Text::from_inside(std::str::from_utf8(inside).ok()?);
        Some(match says {
            Says::Text => Delta::Text(piece),
            Says::Reasoning => Delta::Reasoning(piece),
            Says::Arguments(call) => Delta::Arguments { call, json: piece },
        })
    }

    /// Keeps an event that was read, if it says one piece and nothing else.
    pub(crate) fn learn(&mut self, data: &[u8], said: &[Delta<'_>]) {
        self.forget();
        let (says, piece) = match said {
            [Delta::Text(piece)] => (Says::Text, piece),
            [Delta::Reasoning(piece)] => (Says::Reasoning, piece),
            [Delta::Arguments { call, json }] => (Says::Arguments(*call), json),
            _ => return,
        };
        let Some(place) = piece.place_in(data) else { return };
        let (Some(before), Some(after)) = (data.get(..place.start), data.get(place.end..)) else { return };
        if before.len() + after.len() <= LIMIT && before.ends_with(b"\"") && after.starts_with(b"\"") {
            self.before.set(before);
            self.after.set(after);
            self.says = Some(says);
        }
    }

    /// Forgets the last event.
    pub(crate) fn forget(&mut self) {
        self.says = None;
    }
}

impl Part {
    fn set(&mut self, part: &[u8]) {
        let number = memmem::find(part, NUMBER).map(|at| at + NUMBER.len());
        let spaces = |rest: &[u8]| rest.iter().take_while(|byte| **byte == b' ').count();
        let start = number.map_or(part.len(), |at| at + spaces(&part[at..]));
        let (head, rest) = part.split_at(start);
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.has_number = is_number(&rest[..digits]);
        let (head, tail) = if self.has_number { (head, &rest[digits..]) } else { (part, &[][..]) };
        self.head.clear();
        self.head.extend_from_slice(head);
        self.tail.clear();
        self.tail.extend_from_slice(tail);
    }

    /// What follows the part, where `data` begins with it.
    fn strip_start<'d>(&self, data: &'d [u8]) -> Option<&'d [u8]> {
        let rest = data.strip_prefix(self.head.as_slice())?;
        if !self.has_number {
            return Some(rest);
        }
        let (number, rest) = rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        if is_number(number) { rest.strip_prefix(self.tail.as_slice()) } else { None }
    }

    /// What comes before the part, where `data` ends with it.
    fn strip_end<'d>(&self, data: &'d [u8]) -> Option<&'d [u8]> {
        let rest = data.strip_suffix(self.tail.as_slice())?;
        if !self.has_number {
            return rest.strip_suffix(self.head.as_slice());
        }
        let digits = rest.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        let (rest, number) = rest.split_at(rest.len() - digits);
        if is_number(number) { rest.strip_suffix(self.head.as_slice()) } else { None }
    }
}

/// Whether digits are a number of JSON.
fn is_number(digits: &[u8]) -> bool {
    (1..=MOST_DIGITS).contains(&digits.len()) && (digits.len() == 1 || digits[0] != b'0')
}

/// Whether it may stand in a JSON string, with no escape but those of one letter.
fn is_plain(inside: &[u8]) -> bool {
    let mut bytes = inside.iter();
    while let Some(byte) = bytes.next() {
        let is_right = match byte {
            b'\\' => matches!(bytes.next(), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')),
            0..0x20 | b'"' => false,
            _ => true,
        };
        if !is_right {
            return false;
        }
    }
    true
}
