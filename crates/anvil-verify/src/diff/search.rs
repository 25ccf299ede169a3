//! The search for a header between patches.

use super::line::Line;
use super::name::{Strip, is_left_open, is_null, name};

/// What a line `---` or `+++` says of a file, as far as it matters before the line after it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    pub(super) is_null: bool,
    /// Whether there is a name when nothing is stripped, and when one part is.
    named: [bool; 2],
    has_slash: bool,
    /// Whether what is said cannot be told: a quotation is left open, or the line is too long to be kept.
    is_unknown: bool,
}

impl Side {
    fn new(text: &[u8], is_cut: bool) -> Self {
        let whole = name(text, Strip::Nothing, true);
        let stripped = name(text, Strip::One, true);
        Self {
            is_null: is_null(text),
            named: [whole.is_some(), stripped.is_some()],
            has_slash: whole.is_some_and(|name| name.contains(&b'/')),
            is_unknown: is_cut || (text.first() == Some(&b'"') && is_left_open(text)),
        }
    }

    const fn is_named(self, strip: Strip) -> bool {
        let [whole, stripped] = self.named;
        match strip {
            Strip::Nothing => whole,
            Strip::One => stripped,
        }
    }

    /// Whether the side shows that nothing is to be stripped.
    const fn is_bare(self) -> bool {
        !self.is_null && self.is_named(Strip::Nothing) && !self.has_slash
    }
}

/// A line `--- ` that may be the first of a header, and then the line `+++ ` after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) start: usize,
    pub(super) old: Side,
    pub(super) new: Option<(Side, usize)>,
}

impl Candidate {
    /// The candidate that a line begins.
    pub(super) fn first(line: Line<'_>) -> Option<Self> {
        let text = line.text.strip_prefix(b"--- ").filter(|text| line.ended && !text.is_empty())?;
        Some(Self { start: line.start, old: Side::new(text, line.is_cut()), new: None })
    }

    /// The candidate with the line after its first.
    pub(super) fn second(self, line: Line<'_>) -> Option<Self> {
        let text = line.text.strip_prefix(b"+++ ").filter(|_| line.ended && self.new.is_none())?;
        Some(Self { new: Some((Side::new(text, line.is_cut()), line.size())), ..self })
    }

    /// Both sides, and the length of the text from which on git takes them for a header.
    pub(super) fn sides(self) -> Option<(Sides, usize)> {
        /// The shortest first line of a hunk, which git wants to have room after the second line.
        const MIN_HUNK_BYTES: usize = 14;
        let (new, size) = self.new?;
        Some((Sides { old: self.old, new }, self.start + size + MIN_HUNK_BYTES))
    }
}

/// The two sides of a header without `diff --git`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides {
    pub(super) old: Side,
    pub(super) new: Side,
}

impl Sides {
    /// Whether it cannot be told what they say.
    pub(super) const fn are_unknown(&self) -> bool {
        self.old.is_unknown || self.new.is_unknown
    }

    /// Whether the new name has no slash, so that from here on nothing is stripped from any name.
    pub(super) const fn are_bare(&self) -> bool {
        self.new.is_bare()
    }

    /// Whether there is a name for the file.
    pub(super) const fn are_named(&self, strip: Strip) -> bool {
        match (self.old.is_null, self.new.is_null) {
            (true, _) => self.new.is_named(strip),
            (false, true) => self.old.is_named(strip),
            (false, false) => self.new.is_named(strip) || self.old.is_named(strip),
        }
    }
}
