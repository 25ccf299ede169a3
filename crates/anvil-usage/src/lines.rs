//! Pieces of bytes to whole lines.

/// Bytes of a line at most; a longer one is passed over and counted. A log's longest lines hold pictures.
pub const LINE_CAP: usize = 64 * 1024 * 1024;

/// One line, without its end.
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than [`LINE_CAP`].
    TooLong,
}

/// Cuts pieces at line ends. What is kept between pieces is the beginning of one line.
#[derive(Default)]
pub(crate) struct Lines {
    begun: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    /// Calls `take` for every line that ends in `piece`.
    pub(crate) fn feed(&mut self, piece: &[u8], mut take: impl FnMut(Line<'_>)) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', piece) {
            let part = &piece[start..end];
            if self.begun.is_empty() && !self.is_too_long {
                take(if part.len() > LINE_CAP { Line::TooLong } else { Line::Whole(part) });
            } else {
                self.keep(part);
                self.finish(&mut take);
            }
            start = end + 1;
        }
        self.keep(&piece[start..]);
    }

    /// Calls `take` for a last line that nothing ends, where there is one.
    pub(crate) fn finish(&mut self, mut take: impl FnMut(Line<'_>)) {
        if self.is_too_long {
            take(Line::TooLong);
        } else if !self.begun.is_empty() {
            take(Line::Whole(&self.begun));
        }
        self.is_too_long = false;
        self.begun.clear();
    }

    fn keep(&mut self, part: &[u8]) {
        if self.is_too_long || self.begun.len() + part.len() > LINE_CAP {
            self.is_too_long = true;
            self.begun = Vec::new();
        } else {
            self.begun.extend_from_slice(part);
        }
    }
}
