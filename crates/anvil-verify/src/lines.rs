//! A streamed text, cut into its lines.

use memchr::memchr;

/// The most bytes of a line that are held; a longer line is told in parts.
pub(crate) const LINE_LIMIT: usize = 4096;

/// How far before the limit a long line is cut at a space, so that the cut falls into no word.
const CUT_REACH: usize = 256;

/// Puts the pieces of a stream together to lines. However the stream is cut, the lines are the same.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pending: String,
    /// Where `pending` begins in the text.
    start: usize,
    /// Whether `pending` goes on with a line of which a part has been told.
    is_part: bool,
}

/// A line, or a part of a very long one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    /// With the line's end, where it has one.
    pub(crate) text: &'a str,
    /// Where it begins in the whole text.
    pub(crate) start: usize,
    /// Whether the line begins here.
    pub(crate) is_first: bool,
    /// Whether the line ends here.
    pub(crate) is_last: bool,
}

impl Lines {
    /// Takes the next piece and tells the lines that it completes.
    pub(crate) fn feed(&mut self, piece: &str, mut told: impl FnMut(Segment<'_>)) {
        let mut rest = piece;
        while !rest.is_empty() {
            let room = LINE_LIMIT - self.pending.len();
            let window = &rest[..boundary_before(rest, room)];
            match memchr(b'\n', window.as_bytes()) {
                Some(at) if self.pending.is_empty() => {
                    self.tell(&rest[..=at], true, &mut told);
                    rest = &rest[at + 1..];
                }
                Some(at) => {
                    self.pending.push_str(&rest[..=at]);
                    rest = &rest[at + 1..];
                    self.tell_pending(true, &mut told);
                }
                None if rest.len() < room => {
                    self.pending.push_str(rest);
                    return;
                }
                None => {
                    self.pending.push_str(window);
                    rest = &rest[window.len()..];
                    self.tell_part(&mut told);
                }
            }
        }
    }

    /// Tells what is left when the text is over.
    pub(crate) fn end(&mut self, mut told: impl FnMut(Segment<'_>)) {
        if !self.pending.is_empty() || self.is_part {
            self.tell_pending(true, &mut told);
        }
    }

    /// The beginning of the line that is not complete yet; `None` where the line is a very long one of which a part is gone.
    pub(crate) fn begun(&self) -> Option<&str> {
        (!self.is_part).then_some(&self.pending)
    }

    fn tell_pending(&mut self, is_last: bool, told: &mut impl FnMut(Segment<'_>)) {
        let mut line = std::mem::take(&mut self.pending);
        self.tell(&line, is_last, told);
        line.clear();
        self.pending = line;
    }

    fn tell_part(&mut self, told: &mut impl FnMut(Segment<'_>)) {
        let near = &self.pending.as_bytes()[self.pending.len().saturating_sub(CUT_REACH)..];
        let back = near.iter().rposition(|byte| matches!(byte, b' ' | b'\t')).map_or(0, |at| near.len() - at - 1);
        let kept = self.pending.split_off(self.pending.len() - back);
        self.tell_pending(false, told);
        self.pending.push_str(&kept);
    }

    fn tell(&mut self, text: &str, is_last: bool, told: &mut impl FnMut(Segment<'_>)) {
        told(Segment { text, start: self.start, is_first: !self.is_part, is_last });
        self.start += text.len();
        self.is_part = !is_last;
    }
}

/// The last place at or before `at` that lies in no character.
fn boundary_before(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
