//! Binary patches: lines in base 85, the way back after the way there.

use super::line::Line;

const UNKNOWN: &str = "a binary patch is neither literal nor delta";
const CORRUPT: &str = "a line of a binary patch is not in base 85, or is not of the length that it says";

/// A binary patch whose lines are being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    /// The line `GIT binary patch` was the last.
    Announced,
    /// Within the way there.
    Forward,
    /// After the way there; the way back may follow.
    Turned,
    /// Within the way back.
    Reverse,
}

/// What a line was to a binary patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// A part of it.
    Part,
    /// The last line of it.
    Last,
    /// No part of it; it was over.
    Other,
}

impl Binary {
    /// Whether the text may end here.
    ///
    /// # Errors
    /// When it may not.
    pub(super) const fn end(self) -> Result<(), &'static str> {
        match self {
            Self::Announced => Err(UNKNOWN),
            Self::Forward | Self::Reverse => Err(CORRUPT),
            Self::Turned => Ok(()),
        }
    }

    pub(super) fn line(&mut self, line: Line<'_>) -> Result<Heard, &'static str> {
        let opens = line.text.starts_with(b"literal ") || line.text.starts_with(b"delta ");
        // Git takes any last byte of the text for the empty line that ends a binary patch.
        let closes = line.size() == 1;
        let (next, heard) = match self {
            Self::Announced if opens => (Self::Forward, Heard::Part),
            Self::Announced => return Err(UNKNOWN),
            Self::Turned if opens => (Self::Reverse, Heard::Part),
            Self::Turned => (Self::Turned, Heard::Other),
            Self::Forward if closes => (Self::Turned, Heard::Part),
            Self::Reverse if closes => (Self::Turned, Heard::Last),
            Self::Forward | Self::Reverse if is_data(line) => return Ok(Heard::Part),
            Self::Forward | Self::Reverse => return Err(CORRUPT),
        };
        *self = next;
        Ok(heard)
    }
}

/// A letter for the count of bytes (1 to 52), then groups of five digits for every four bytes or what is left of them.
fn is_data(line: Line<'_>) -> bool {
    let Some((&letter, digits)) = line.text.split_first().filter(|_| line.ended && !line.is_cut()) else {
        return false;
    };
    let count = match letter {
        b'A'..=b'Z' => usize::from(letter - b'A') + 1,
        b'a'..=b'z' => usize::from(letter - b'a') + 27,
        _ => return false,
    };
    digits.len() == count.div_ceil(4) * 5 && digits.chunks_exact(5).all(is_group)
}

/// Whether five digits are a number of 32 bits.
fn is_group(digits: &[u8]) -> bool {
    let add = |value: u64, byte: &u8| Some(value * 85 + digit(*byte)?);
    digits.iter().try_fold(0, add).is_some_and(|value| u32::try_from(value).is_ok())
}

/// The value of a digit in git's base 85.
fn digit(byte: u8) -> Option<u64> {
    const MARKS: &[u8] = b"!#$%&()*+-;<=>?@^_`{|}~";
    Some(match byte {
        b'0'..=b'9' => u64::from(byte - b'0'),
        b'A'..=b'Z' => u64::from(byte - b'A') + 10,
        b'a'..=b'z' => u64::from(byte - b'a') + 36,
        _ => u64::try_from(MARKS.iter().position(|&mark| mark == byte)?).ok()? + 62,
    })
}
