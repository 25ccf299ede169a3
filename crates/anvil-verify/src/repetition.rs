//! An answer that says the same thing over and over.
//!
//! Code and data repeat themselves as well, so the limits are far above what real files do: of 61,000 files of source, data and
//! documents (677 MB: the Go and Rust sources, Python's and Node's packages, `/usr/share`), 64 places in 20 files repeat a period
//! of up to 1,024 bytes over more than 2 KiB, the longest over 7.9 KiB, and none of them is in Markdown.

use crate::defect::Defect;
use crate::fence::{FenceEvent, Fences, TextKind};
use crate::period::{Periods, Run};
use crate::span::Span;

/// The shortest line that counts as said again, in bytes, and the longest.
const LINE_LENGTHS: std::ops::RangeInclusive<usize> = 20..=1024;

/// Of the last 64 lines outside of code so many must be the same.
const SAME_LINES: u32 = 48;

/// How much has to repeat itself.
#[derive(Debug, Clone, Copy)]
struct Limit {
    bytes: usize,
    times: usize,
}

/// Notices an answer that has got into a loop.
#[derive(Debug, Default)]
pub struct Repetition {
    periods: Periods,
    fences: Fences,
    reader: Reader,
    found: Option<Span>,
}

/// What is known of the text besides its periods.
#[derive(Debug, Default)]
struct Reader {
    lines: Lines,
    /// Whether the text begins as JSON or XML does.
    is_data: Option<bool>,
    /// Where the fence that is open begins.
    code_start: Option<usize>,
    /// The line that came again and again.
    same: Option<Span>,
}

/// The line that most of the last lines are, if any is.
#[derive(Debug, Default)]
struct Lines {
    /// The candidate of a majority vote (Boyer and Moore 1981).
    line: String,
    votes: u32,
    /// Which of the last 64 lines are the candidate; the last one is the lowest bit.
    recent: u64,
}

impl Repetition {
    /// Takes the next piece of the text. Time in proportion to its length, and memory of some 30 KiB whatever comes.
    ///
    /// # Errors
    /// [`Defect::Repetition`], at most half a KiB or a line after it is proven.
    pub fn feed(&mut self, piece: &str) -> Result<(), Defect> {
        if self.reader.is_data.is_none() {
            self.reader.is_data = piece.trim_start().chars().next().map(|first| matches!(first, '{' | '[' | '<'));
        }
        let (bytes, mut taken, mut told) = (piece.as_bytes(), 0, 0);
        while taken < bytes.len() && self.found.is_none() {
            let next = bytes.len().min(taken + self.periods.room());
            let run = self.periods.take(&bytes[taken..next]);
            taken = next;
            if let Some(run) = run {
                let known = (told..=taken).rev().find(|at| piece.is_char_boundary(*at)).unwrap_or(told);
                self.read(&piece[told..known]);
                told = known;
                self.judge(run);
            }
        }
        if self.found.is_none() {
            self.read(&piece[told..]);
        }
        self.found.map_or(Ok(()), |span| Err(Defect::Repetition { span }))
    }

    fn read(&mut self, piece: &str) {
        let reader = &mut self.reader;
        self.fences.feed(piece, |event| reader.see(&event));
        self.found = self.found.or(reader.same);
    }

    fn judge(&mut self, run: Run) {
        if self.found.is_some() {
            return;
        }
        let repeated = self.periods.repeated(run);
        let is_code =
            self.reader.is_data == Some(true) || self.reader.code_start.is_some_and(|start| start <= run.start);
        let limit = Limit::of(repeated, is_code);
        if run.end - run.start >= limit.bytes && (run.end - run.start) / run.period >= limit.times {
            self.found = Some(span(run, repeated));
        }
    }
}

impl Limit {
    /// For a period with these bytes. Words are not said over and over by anything but a loop; numbers, rules, padding and
    /// encoded zeros are.
    fn of(repeated: &[u8], is_code: bool) -> Self {
        let is_short = repeated.len() < 16;
        let (kibibytes, times) = match (is_code, has_words(repeated)) {
            (false, true) if is_short => (4, 32),
            (false, true) => (3, 8),
            (false, false) if is_symbol(repeated) => (8, 32),
            (false, false) => (16, 32),
            (true, true) if is_short => (32, 32),
            (true, true) => (8, 16),
            (true, false) => (64, 32),
        };
        Self { bytes: kibibytes * 1024, times }
    }
}

/// Whether there are two different letters, besides those of hexadecimal numbers.
fn has_words(repeated: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() && !matches!(byte, b'a'..=b'f' | b'A'..=b'F' | b'x' | b'X');
    let mut letters = repeated.iter().filter(|byte| is_letter(byte));
    let first = letters.next();
    let are_ascii = first.is_some_and(|first| letters.any(|letter| letter != first));
    are_ascii || has_foreign_words(repeated)
}

/// Whether there are two different letters outside of ASCII. The period may begin within a character.
fn has_foreign_words(repeated: &[u8]) -> bool {
    if repeated.is_ascii() {
        return false;
    }
    let twice = String::from_utf8_lossy(repeated).into_owned() + &String::from_utf8_lossy(repeated);
    let mut letters = twice.chars().filter(|character| !character.is_ascii() && character.is_alphabetic());
    let first = letters.next();
    first.is_some_and(|first| letters.any(|letter| letter != first))
}

/// Whether it is one character that no ruler, border, padding or number is made of: what a model says whose numbers overflowed.
fn is_symbol(repeated: &[u8]) -> bool {
    let of_data = |byte: u8| {
        matches!(byte, b' ' | b'-' | b'=' | b'_' | b'*' | b'#' | b'~' | b'.' | b'+' | b'|' | b'A')
            || byte.is_ascii_digit()
    };
    matches!(repeated, [byte] if byte.is_ascii_graphic() && !of_data(*byte))
}

/// The first whole period of the run, from the first character that begins in it.
fn span(run: Run, repeated: &[u8]) -> Span {
    let phase = run.period - (run.end - run.start) % run.period;
    let is_boundary = |at: &usize| repeated[(phase + at) % run.period] & 0xc0 != 0x80;
    let start = run.start + (0..run.period).find(is_boundary).unwrap_or(0);
    Span::new(start, start + run.period)
}

impl Reader {
    fn see(&mut self, event: &FenceEvent<'_>) {
        match event {
            FenceEvent::Text { text, start, kind: TextKind::Prose, .. } => {
                if self.is_data != Some(true) && self.lines.note(text.trim()) {
                    self.same = self.same.or(Some(Span::new(*start, start + text.len())));
                }
            }
            FenceEvent::Text { .. } | FenceEvent::Content(_) => {}
            FenceEvent::Opened { span, .. } => {
                self.code_start = Some(span.start);
            }
            FenceEvent::Closed(_) => self.code_start = None,
        }
    }
}

impl Lines {
    /// Takes the next line that is not blank. Whether most of the last ones are the same.
    fn note(&mut self, line: &str) -> bool {
        let counts = LINE_LENGTHS.contains(&line.len());
        let is_same = counts && line == self.line;
        if !is_same && self.votes == 0 && counts {
            line.clone_into(&mut self.line);
            (self.votes, self.recent) = (1, 1);
            return false;
        }
        self.votes = if is_same { self.votes.saturating_add(1).min(64) } else { self.votes.saturating_sub(1) };
        self.recent = self.recent << 1 | u64::from(is_same);
        is_same && self.recent.count_ones() >= SAME_LINES && has_words(line.as_bytes())
    }
}
