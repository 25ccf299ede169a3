//! Lines out of pieces.

use memchr::memchr;

use crate::span::Span;

/// The bytes of a line that are kept: twice the longest path of Linux. A longer line of a hunk needs no more than its first
/// byte; of a longer line of a header nothing is proven.
const MAX_KEPT_BYTES: usize = 8 << 10;

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its first bytes, [`MAX_KEPT_BYTES`] at most.
    pub(super) text: &'a [u8],
    /// Where it begins in the whole text.
    pub(super) start: usize,
    /// Its length without the line feed.
    pub(super) length: usize,
    /// Whether a line feed ends it; only the last line may lack one.
    pub(super) ended: bool,
}

impl Line<'_> {
    /// The bytes of the text up to the end of this line.
    pub(super) const fn end(&self) -> usize {
        self.start + self.size()
    }

    /// The bytes of this line with the line feed.
    pub(super) const fn size(&self) -> usize {
        self.length + self.ended as usize
    }

    /// Where the line lies, without the line feed.
    pub(super) const fn span(&self) -> Span {
        Span::new(self.start, self.start + self.length)
    }

    /// Whether only the beginning was kept.
    pub(super) const fn is_cut(&self) -> bool {
        self.text.len() < self.length
    }

    /// Whether the line begins as a hunk does: `@@ -`, and at least one byte more.
    pub(super) fn opens_hunk(&self) -> bool {
        self.text.starts_with(b"@@ -") && self.size() > 4
    }
}

/// Joins pieces and cuts them at line feeds. Holds no more than [`MAX_KEPT_BYTES`].
#[derive(Debug, Default)]
pub(super) struct Cutter {
    held: Vec<u8>,
    /// The length of the line that has begun, of which `held` is the beginning.
    begun: usize,
    /// Where the line that has begun, or is to begin, lies in the text.
    start: usize,
}

impl Cutter {
    /// Hands every line that ends in `piece` to `take`, until it fails.
    pub(super) fn feed<E>(&mut self, piece: &[u8], mut take: impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut rest = piece;
        while let Some(at) = memchr(b'\n', rest) {
            let (head, tail) = rest.split_at(at);
            rest = tail.get(1..).unwrap_or_default();
            let line = if self.begun == 0 {
                Line { text: kept(head), start: self.start, length: head.len(), ended: true }
            } else {
                self.hold(head);
                Line { text: &self.held, start: self.start, length: self.begun, ended: true }
            };
            self.start = line.end();
            let taken = take(line);
            self.held.clear();
            self.begun = 0;
            taken?;
        }
        self.hold(rest);
        Ok(())
    }

    /// The last line, where no line feed ends it.
    pub(super) fn last(&self) -> Option<Line<'_>> {
        (self.begun > 0).then_some(Line { text: &self.held, start: self.start, length: self.begun, ended: false })
    }

    /// The bytes of the whole text so far.
    pub(super) const fn total(&self) -> usize {
        self.start + self.begun
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = MAX_KEPT_BYTES - self.held.len();
        self.held.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.begun += bytes.len();
    }
}

fn kept(text: &[u8]) -> &[u8] {
    text.get(..MAX_KEPT_BYTES).unwrap_or(text)
}
