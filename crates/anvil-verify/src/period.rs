//! Whether the end of a stream of bytes repeats the same bytes over and over.

use memchr::memmem;

/// How many bytes come between two looks.
const BLOCK: usize = 512;

/// The longest period that is found.
pub(crate) const PERIOD_LIMIT: usize = 1024;

/// How many bytes must repeat themselves before a period is believed.
const SEEN: usize = 2 * PERIOD_LIMIT;

/// How many bytes at the end must stand a little before it as well to be worth a closer look.
const NEEDLE: usize = 32;

/// How many of the last bytes are kept at least, and half of how many at most.
const KEPT: usize = 2 * SEEN;

/// A part of the stream in which every byte is the same as the one a period before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// How many bytes come again, at least 1.
    pub(crate) period: usize,
    /// Where it begins; where the first bytes are gone, a little later.
    pub(crate) start: usize,
    /// Where it has got to.
    pub(crate) end: usize,
}

/// Follows the end of a stream. It looks every [`BLOCK`] bytes of the stream, however that is cut.
#[derive(Debug, Default)]
pub(crate) struct Periods {
    window: Vec<u8>,
    /// How many bytes have arrived.
    end: usize,
    run: Option<Run>,
}

impl Periods {
    /// How many bytes may be taken at once.
    pub(crate) const fn room(&self) -> usize {
        BLOCK - self.end % BLOCK
    }

    /// Takes at most [`room`](Self::room) bytes. Tells the run that the stream ends in, when it is time to look.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Option<Run> {
        self.window.extend_from_slice(bytes);
        self.end += bytes.len();
        if !self.end.is_multiple_of(BLOCK) {
            return None;
        }
        self.run = self.run.and_then(|run| self.go_on(run)).or_else(|| self.begin());
        if self.window.len() >= 2 * KEPT {
            self.window.drain(..self.window.len() - KEPT);
        }
        self.run
    }

    /// The bytes of one period of the run, as it has got to now.
    pub(crate) fn repeated(&self, run: Run) -> &[u8] {
        &self.window[self.window.len() - run.period..]
    }

    /// Whether the last block goes on with the run.
    fn go_on(&self, run: Run) -> Option<Run> {
        let (length, period) = (self.window.len(), run.period);
        let goes_on = self.window[length - BLOCK..] == self.window[length - BLOCK - period..length - period];
        goes_on.then_some(Run { end: self.end, ..run })
    }

    fn begin(&self) -> Option<Run> {
        let length = self.window.len();
        let seen = &self.window[length.checked_sub(SEEN)?..];
        let (needle, before) = (&seen[SEEN - NEEDLE..], &seen[SEEN - NEEDLE - PERIOD_LIMIT..SEEN - 1]);
        memmem::find(before, needle)?;
        let period = period(seen).filter(|period| *period <= PERIOD_LIMIT)?;
        let backwards = self.window.iter().rev().zip(self.window.iter().rev().skip(period));
        let matched = backwards.take_while(|(byte, before)| byte == before).count();
        Some(Run { period, start: self.end - matched - period, end: self.end })
    }
}

/// The smallest period of the bytes: the length of them less that of their longest border (Knuth, Morris and Pratt 1977).
fn period(bytes: &[u8]) -> Option<usize> {
    let mut borders = vec![0; bytes.len()];
    let mut border = 0;
    for at in 1..bytes.len() {
        while border > 0 && bytes[at] != bytes[border] {
            border = borders[border - 1];
        }
        border += usize::from(bytes[at] == bytes[border]);
        borders[at] = border;
    }
    Some(bytes.len() - borders.last()?)
}
