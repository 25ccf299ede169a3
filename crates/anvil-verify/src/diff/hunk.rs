//! Hunks: the counts in their first line, and the lines that are counted.

use super::line::Line;

/// What follows is not what the first line of the hunk announced.
pub(super) const CUT: &str = "a hunk has fewer lines than its first line says";
const LONGER: &str = "a hunk has more lines than its first line says";
const STRANGE: &str = "a line of a hunk begins with none of space, +, - and \\";
const UNCHANGED: &str = "a hunk changes nothing";
const OPEN: &str = "the last line of a hunk does not end";
const MARKER: &str = "a line of a hunk begins with \\ and does not say that the end of the file lacks a line feed";

/// The fewest bytes of a line `\ No newline at end of file` in any language, with its end.
const MIN_MARKER_BYTES: usize = 12;

/// The lines that a hunk has of the old file and of the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) old: u64,
    pub(super) new: u64,
}

impl Counts {
    /// Reads `@@ -position[,count] +position[,count] @@`; an omitted count is 1, and whatever follows is free.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        let (old, rest) = range(line.strip_prefix(b"@@ -")?)?;
        let (new, rest) = range(rest.strip_prefix(b" +")?)?;
        rest.starts_with(b" @@").then_some(Self { old, new })
    }
}

/// Whether a line begins as a hunk does and has something else where its numbers belong (`@@ ... @@`, `@@ class Example`). One
/// that has numbers, if wrong ones, is no placeholder.
pub(super) fn is_placeholder(line: &[u8]) -> bool {
    let Some(ranges) = line.strip_prefix(b"@@") else {
        return false;
    };
    let ranges = ranges.split(|&byte| byte == b'@').next().unwrap_or_default();
    let has_number = ranges.iter().any(u8::is_ascii_digit);
    !has_number || ranges.iter().any(|byte| !byte.is_ascii_digit() && !b",+- \t\r".contains(byte))
}

fn range(text: &[u8]) -> Option<(u64, &[u8])> {
    let (_, rest) = number(text)?;
    match rest.strip_prefix(b",") {
        Some(count) => number(count),
        None => Some((1, rest)),
    }
}

/// A number in decimal digits, which saturates as `strtoul` does.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let add = |value: u64, digit: &u8| value.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    (!digits.is_empty()).then(|| (digits.iter().fold(0, add), rest))
}

/// A hunk whose lines are being counted.
#[derive(Debug, Clone)]
pub(super) struct Hunk {
    left: Counts,
    changes: bool,
}

impl Hunk {
    pub(super) const fn new(counts: Counts) -> Self {
        Self { left: counts, changes: false }
    }

    /// Whether all announced lines have been seen.
    ///
    /// # Errors
    /// When they have and none of them changes anything, which git calls corrupt too.
    pub(super) const fn is_over(&self) -> Result<bool, &'static str> {
        match self.left {
            Counts { old: 0, new: 0 } if !self.changes => Err(UNCHANGED),
            Counts { old, new } => Ok(old == 0 && new == 0),
        }
    }

    /// Counts one line.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), &'static str> {
        if !line.ended {
            return Err(OPEN);
        }
        let (old, new) = match line.text.first() {
            // An empty line is a line of context whose one space an editor removed.
            None | Some(b' ') => (1, 1),
            Some(b'-') => (1, 0),
            Some(b'+') => (0, 1),
            Some(b'\\') if line.size() >= MIN_MARKER_BYTES && line.text.starts_with(b"\\ ") => (0, 0),
            Some(b'\\') => return Err(MARKER),
            Some(b'@') => return Err(CUT),
            Some(b'd') if line.text.starts_with(b"diff ") => return Err(CUT),
            Some(_) => return Err(STRANGE),
        };
        self.changes |= old != new;
        self.left.old = self.left.old.checked_sub(old).ok_or(LONGER)?;
        self.left.new = self.left.new.checked_sub(new).ok_or(LONGER)?;
        Ok(())
    }
}
