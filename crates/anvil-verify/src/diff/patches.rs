//! The patches of one text, line after line.

use super::binary::{Binary, Heard as BinaryHeard};
use super::elision::is_elision;
use super::header::{self, GitHeader, Heard};
use super::hunk::{self, Counts, Hunk};
use super::line::Line;
use super::name::{self, Strip};
use super::reading::Reading;
use super::search::Candidate;
use crate::defect::Defect;
use crate::span::Span;

const NO_PATCH: &str = "there is no patch in it";
const BAD_HUNK: &str = "the first line of a hunk has not the form @@ -n,n +n,n @@";
const ORPHAN: &str = "a hunk has no header before it";
const NO_NAME: &str = "a header names no file";
const NOTHING: &str = "a git header changes nothing, and no hunk follows it";
const NEW_WITH_OLD: &str = "a new file has old lines";
const DELETED_WITH_NEW: &str = "a deleted file has new lines";

/// `git apply` reads no header after whose first line fewer bytes follow.
const MIN_BYTES_AFTER: usize = 6;
/// `git apply` takes a line `\ ` after a hunk as a part of it where so many bytes remain.
const MIN_MARKER_REST: usize = 13;

/// Follows the patches of a text. The text may not be over: what depends on how many bytes follow waits for them.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "what git keeps of what came before, one by one")]
pub(super) struct Patches {
    reading: Reading,
    state: State,
    strip: Strip,
    /// What the last header said of the file.
    creates: bool,
    deletes: bool,
    /// The name of a git header without lines, which git holds against the next one.
    carried: Option<Vec<u8>>,
    /// A defect that is one if the text is at least so long.
    pending: Option<(usize, Defect)>,
    /// Whether the text claims to be a patch; without a claim nothing in a block is a defect.
    claimed: bool,
    /// Whether there was a patch.
    complete: bool,
}

#[derive(Debug, Clone)]
enum State {
    /// Between patches.
    Search(Option<Candidate>),
    /// After a line `diff --git`, which ended here.
    Header(Box<GitHeader>, usize),
    /// Within a hunk whose first line lies here.
    Hunk(Hunk, Span),
    /// After a hunk; a line `\ ` has followed it, which began here.
    AfterHunk(Option<usize>),
    Binary(Binary, Span),
    /// Nothing can be proven any more.
    Unknown,
}

impl Patches {
    pub(super) const fn new(reading: Reading) -> Self {
        Self {
            reading,
            state: State::Search(None),
            strip: Strip::One,
            creates: false,
            deletes: false,
            carried: None,
            pending: None,
            claimed: matches!(reading, Reading::Patch),
            complete: false,
        }
    }

    /// Takes the next line.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), Defect> {
        if self.is_illustrated_by(line) {
            self.state = State::Unknown;
            return Ok(());
        }
        if let State::Hunk(hunk, _) = &mut self.state {
            hunk.line(line).map_err(|reason| malformed(reason, line.span()))?;
            return self.close_hunk(line.span());
        }
        self.settle(line.end())?;
        match std::mem::replace(&mut self.state, State::Search(None)) {
            State::Header(header, end) => self.header(header, end, line),
            State::AfterHunk(marker) => self.after_hunk(marker, line),
            State::Binary(binary, span) => self.binary(binary, span, line),
            State::Search(candidate) => self.search(candidate, line),
            State::Hunk(..) | State::Unknown => {
                self.state = State::Unknown;
                Ok(())
            }
        }
    }

    /// The verdict, when the last line was taken.
    pub(super) fn end(&mut self, whole: Span) -> Result<(), Defect> {
        self.settle(whole.end)?;
        match std::mem::replace(&mut self.state, State::Unknown) {
            State::Unknown => return Ok(()),
            State::Hunk(_, span) => return Err(malformed(hunk::CUT, span)),
            State::Binary(binary, span) => binary.end().map_err(|reason| malformed(reason, span))?,
            State::Header(header, end) => {
                let changes = header.changes();
                if self.close_header(*header, end, whole)? && whole.end >= end + MIN_BYTES_AFTER {
                    self.close_bare(changes, whole)?;
                }
            }
            State::Search(_) | State::AfterHunk(_) => {}
        }
        if self.claimed && !self.complete { Err(malformed(NO_PATCH, whole)) } else { Ok(()) }
    }

    /// Whether a block leaves something out here, so that it is no patch to be applied.
    fn is_illustrated_by(&self, line: Line<'_>) -> bool {
        self.reading == Reading::Block && (is_elision(line.text) || hunk::is_placeholder(line.text))
    }

    /// Takes a line after `diff --git`, which ended at `end`.
    fn header(&mut self, mut header: Box<GitHeader>, end: usize, line: Line<'_>) -> Result<(), Defect> {
        if line.is_cut() || header::is_left_open(line.text) {
            self.state = State::Unknown;
            return Ok(());
        }
        match header.line(line, self.strip) {
            Err(reason) => self.prove(end + MIN_BYTES_AFTER, line.end(), malformed(reason, line.span())),
            Ok(Heard::Part) => {
                self.state = State::Header(header, end);
                Ok(())
            }
            Ok(Heard::Unknown) => {
                self.state = State::Unknown;
                Ok(())
            }
            Ok(Heard::Other) => {
                let changes = header.changes();
                if self.close_header(*header, end, Span::new(end, line.end()))? {
                    self.after_header(changes, line)
                } else {
                    self.search(None, line)
                }
            }
        }
    }

    /// Ends a git header; whether it had lines of its own, so that the next line is its patch. `rest` lies after its first line.
    fn close_header(&mut self, mut header: GitHeader, end: usize, rest: Span) -> Result<bool, Defect> {
        // Names without `a/` and `b/` are for `git apply -p0`; that they are is not said in a block.
        if let Err(reason) = header.finish()
            && self.reading == Reading::Patch
        {
            self.prove(end + MIN_BYTES_AFTER, rest.end, malformed(reason, Span::new(end, rest.end)))?;
            return Ok(false);
        }
        let has_lines = header.lines > 0;
        (self.creates, self.deletes) = (header.creates, header.deletes);
        self.carried = header.into_carried().filter(|_| !has_lines);
        Ok(has_lines)
    }

    /// Takes the line after a git header.
    fn after_header(&mut self, changes: bool, line: Line<'_>) -> Result<(), Defect> {
        if line.opens_hunk() {
            return self.open_hunk(line);
        }
        if line.ended && line.text == b"GIT binary patch" {
            self.state = State::Binary(Binary::Announced, line.span());
            return Ok(());
        }
        let is_note = line.text.starts_with(b"Binary files ") || line.text.starts_with(b"Files ");
        if is_note && line.ended && line.text.ends_with(b" differ") {
            self.complete = true;
            return Ok(());
        }
        self.close_bare(changes, line.span())?;
        self.search(None, line)
    }

    /// Ends a git header that nothing follows.
    fn close_bare(&mut self, changes: bool, span: Span) -> Result<(), Defect> {
        self.complete = true;
        if changes { Ok(()) } else { Err(malformed(NOTHING, span)) }
    }

    /// Takes the first line of a hunk.
    fn open_hunk(&mut self, line: Line<'_>) -> Result<(), Defect> {
        let Some(counts) = Counts::read(line.text).filter(|_| line.ended) else {
            if line.is_cut() {
                self.state = State::Unknown;
                return Ok(());
            }
            return Err(malformed(BAD_HUNK, line.span()));
        };
        if self.creates && counts.old > 0 {
            return Err(malformed(NEW_WITH_OLD, line.span()));
        }
        if self.deletes && counts.new > 0 {
            return Err(malformed(DELETED_WITH_NEW, line.span()));
        }
        self.state = State::Hunk(Hunk::new(counts), line.span());
        self.close_hunk(line.span())
    }

    fn close_hunk(&mut self, span: Span) -> Result<(), Defect> {
        if let State::Hunk(hunk, _) = &self.state
            && hunk.is_over().map_err(|reason| malformed(reason, span))?
        {
            self.complete = true;
            self.state = State::AfterHunk(None);
        }
        Ok(())
    }

    fn after_hunk(&mut self, marker: Option<usize>, line: Line<'_>) -> Result<(), Defect> {
        if marker.is_none() && line.text.starts_with(b"\\ ") {
            self.state = State::AfterHunk(Some(line.start));
            return Ok(());
        }
        if !line.opens_hunk() {
            return self.search(None, line);
        }
        let needed = marker.map_or(0, |start| start + MIN_MARKER_REST);
        self.open_hunk(line).or_else(|defect| self.prove(needed, line.end(), defect))
    }

    fn binary(&mut self, mut binary: Binary, span: Span, line: Line<'_>) -> Result<(), Defect> {
        let heard = binary.line(line).map_err(|reason| malformed(reason, line.span()))?;
        self.complete |= binary == Binary::Turned;
        match heard {
            BinaryHeard::Part => self.state = State::Binary(binary, span),
            BinaryHeard::Last => {}
            BinaryHeard::Other => return self.search(None, line),
        }
        Ok(())
    }

    /// Looks for a header.
    fn search(&mut self, candidate: Option<Candidate>, line: Line<'_>) -> Result<(), Defect> {
        if let Some(candidate) = candidate {
            if let Some(grown) = candidate.second(line) {
                self.state = State::Search(Some(grown));
                return Ok(());
            }
            if line.text.starts_with(b"@@ -") && candidate.new.is_some() {
                return self.plain(candidate, line);
            }
        }
        if line.text.starts_with(b"@@ -") {
            let is_orphan = self.claimed && line.ended && Counts::read(line.text).is_some();
            return if is_orphan { Err(malformed(ORPHAN, line.span())) } else { Ok(()) };
        }
        self.state = if let Some(text) = line.text.strip_prefix(b"diff --git ").filter(|_| line.ended) {
            self.claimed = true;
            if line.is_cut() || name::is_left_open(text) {
                State::Unknown
            } else {
                State::Header(Box::new(GitHeader::new(text, self.strip, self.carried.take())), line.end())
            }
        } else if line.text.starts_with(b"diff --cc ") || line.text.starts_with(b"diff --combined ") {
            State::Unknown
        } else {
            State::Search(Candidate::first(line))
        };
        Ok(())
    }

    /// Takes the first line of a hunk after `---` and `+++`.
    fn plain(&mut self, candidate: Candidate, line: Line<'_>) -> Result<(), Defect> {
        let Some((sides, needed)) = candidate.sides() else {
            return Ok(());
        };
        if sides.are_unknown() {
            self.state = State::Unknown;
            return Ok(());
        }
        if !self.claimed && Counts::read(line.text).is_none() {
            return Ok(());
        }
        if !line.opens_hunk() {
            // The text ends after `@@ -`, and git sees a patch without hunks.
            self.complete |= line.end() >= needed;
            return Ok(());
        }
        self.claimed = true;
        if sides.are_bare() {
            self.strip = Strip::Nothing;
        }
        if !sides.are_named(self.strip) && (self.reading == Reading::Patch || !sides.are_named(Strip::Nothing)) {
            return self.prove(needed, line.end(), malformed(NO_NAME, Span::new(candidate.start, line.start)));
        }
        (self.creates, self.deletes) = (sides.old.is_null, sides.new.is_null && !sides.old.is_null);
        self.carried = None;
        self.open_hunk(line).or_else(|defect| self.prove(needed, line.end(), defect))
    }

    /// A defect, if the text is at least `needed` bytes long; `known` are there.
    fn prove(&mut self, needed: usize, known: usize, defect: Defect) -> Result<(), Defect> {
        if known >= needed {
            return Err(defect);
        }
        self.pending.get_or_insert((needed, defect));
        Ok(())
    }

    /// The pending defect, if so many bytes prove it.
    fn settle(&mut self, known: usize) -> Result<(), Defect> {
        self.pending.take_if(|(needed, _)| known >= *needed).map_or(Ok(()), |(_, defect)| Err(defect))
    }
}

const fn malformed(reason: &'static str, span: Span) -> Defect {
    Defect::MalformedPatch { reason, span }
}
