//! The checks on an answer's text, where it is text for a person or a harness and not one JSON document.

use std::sync::Arc;

use crate::checks::Check;
use crate::code::{self, Language};
use crate::defect::Defect;
use crate::diff;
use crate::edits;
use crate::expected::Expected;
use crate::fence::{FenceEvent, FencedBlock, Fences, Place};
use crate::leaked_call::LeakedCall;
use crate::open_line::OpenLine;
use crate::refusal::Refusal;
use crate::repetition::Repetition;
use crate::template::Template;
use crate::token::Tokens;

/// How much of a text is kept for the checks that look back. What comes after is not held against files or the request.
const KEPT_BYTES: usize = 2 * 1024 * 1024;
const SEARCH: &str = "<<<<<<< SEARCH";
const REPLACE: &str = ">>>>>>> REPLACE";
/// What a text with edits in it has somewhere.
const EDITS: [&str; 2] = [" SEARCH", "\n@@"];
/// What a byte of an open block may take, in nanoseconds, when it ends: a parse, and what a broken one is asked then. Nearly all take a
/// hundredth of that.
const PARSED: u64 = 6_000;

/// What fences of diffs say of themselves.
const DIFFS: [&str; 3] = ["diff", "patch", "udiff"];

/// The text of one answer under its checks.
#[derive(Debug)]
pub(crate) struct Prose {
    expected: Arc<Expected>,
    /// The text so far, up to a limit.
    kept: String,
    is_kept_whole: bool,
    template: Option<Template>,
    leaked: Option<LeakedCall>,
    said: Option<Repetition>,
    thought: Option<Repetition>,
    refusal: Option<Refusal>,
    fences: Fences,
    /// Whether a SEARCH block is open, in a fence or outside.
    is_in_search: bool,
    line: OpenLine,
    /// Bytes since the fence opened that is open.
    fenced: usize,
    /// The edits in the text, held against the files of the conversation.
    edits: edits::Blocks,
    has_edits: bool,
    /// Up to where the text has been looked through for edits, and up to where it has been held against files.
    searched: usize,
    applied: usize,
}

/// What the lines of a piece of text brought to an end.
#[derive(Default)]
struct Ended {
    blocks: Vec<FencedBlock>,
    has_search: bool,
}

impl Prose {
    pub(crate) fn new(expected: Arc<Expected>) -> Self {
        let checks = expected.checks();
        let looks_for_calls = checks.has(Check::LeakedCall) && !expected.tools().is_empty();
        let repeats = || checks.has(Check::Repetition).then(Repetition::default);
        Self {
            kept: String::new(),
            is_kept_whole: true,
            template: checks.has(Check::Template).then(|| Template::new(Tokens::default())),
            leaked: looks_for_calls.then(|| LeakedCall::new(expected.tools())),
            said: repeats(),
            thought: repeats(),
            refusal: checks.has(Check::Refusal).then(Refusal::default),
            fences: Fences::default(),
            is_in_search: false,
            line: OpenLine::default(),
            fenced: 0,
            edits: edits::Blocks::new(),
            has_edits: false,
            searched: 0,
            applied: 0,
            expected,
        }
    }

    /// More of the text.
    ///
    /// # Errors
    /// The first defect that is proven.
    pub(crate) fn feed(&mut self, piece: &str) -> Result<(), Defect> {
        self.keep(piece);
        self.line.feed(piece, self.expected.tools());
        let found = self.template.as_mut().map_or(Ok(()), |template| template.feed(piece));
        self.unless_named(found, false)?;
        if let Some(leaked) = &mut self.leaked {
            leaked.feed(piece)?;
        }
        if let Some(said) = &mut self.said {
            said.feed(piece)?;
        }
        if let Some(refusal) = &mut self.refusal {
            refusal.feed(piece);
        }
        let mut ended = Ended::default();
        let is_in_search = &mut self.is_in_search;
        self.fences.feed(piece, |event| take(event, is_in_search, &mut ended));
        self.fenced = if self.fences.place() == Place::Fence { self.fenced.saturating_add(piece.len()) } else { 0 };
        self.check(&ended)
    }

    /// What the checks of the next piece may take at most, about, in nanoseconds, for what has come before it.
    pub(crate) fn outstanding(&self) -> u64 {
        let parsed = PARSED.saturating_mul(self.fenced.min(code::CAP) as u64);
        // Only what is known already: where the request has not been read, reading it counts for more.
        let searched = if self.has_edits { self.expected.pasted_bytes() } else { 0 };
        parsed.saturating_add(edits::SEARCHED.saturating_mul(searched as u64))
    }

    /// More of what the model thinks, which may say anything, but not for ever.
    ///
    /// # Errors
    /// [`Defect::Repetition`].
    pub(crate) fn reason(&mut self, piece: &str) -> Result<(), Defect> {
        self.thought.as_mut().map_or(Ok(()), |thought| thought.feed(piece))
    }

    /// A tool is called.
    pub(crate) fn called(&mut self) {
        if let Some(refusal) = &mut self.refusal {
            refusal.called();
        }
    }

    /// Whether nothing is open that may yet turn out to be a defect: no block, and no marker half come.
    pub(crate) fn is_clear(&self) -> bool {
        self.fences.place() == Place::Text
            && !self.is_in_search
            && self.leaked.as_ref().is_none_or(LeakedCall::is_clear)
            && !self.may_become_marker()
    }

    /// Whether the line that is not complete may yet turn out to hold a token or a call: that is told when it is complete.
    fn may_become_marker(&self) -> bool {
        (self.leaked.is_some() && self.line.begins_call())
            || ((self.leaked.is_some() || self.template.is_some()) && self.line.has_mark())
    }

    /// The text is over; `is_cut` says that a cap ended it, so that nothing is held against what is missing.
    ///
    /// # Errors
    /// The first defect that is proven.
    pub(crate) fn end(&mut self, is_cut: bool) -> Result<(), Defect> {
        let found = self.template.as_mut().map_or(Ok(()), Template::end);
        self.unless_named(found, true)?;
        if let Some(leaked) = &mut self.leaked {
            leaked.end()?;
        }
        if let Some(refusal) = self.refusal.as_ref().and_then(Refusal::end) {
            return Err(refusal);
        }
        let mut ended = Ended::default();
        let is_in_search = &mut self.is_in_search;
        self.fences.end(|event| take(event, is_in_search, &mut ended));
        if is_cut {
            return Ok(());
        }
        self.check(&ended)?;
        self.apply(self.kept.len())?;
        self.end_edits()?;
        match self.fences.open_fence() {
            // CommonMark ends it with the text: what is in it is all there where it can be read.
            Some(_) if ended.blocks.last().is_some_and(is_readable) => Ok(()),
            Some(defect) if self.expected.checks().has(Check::Code) => Err(defect),
            _ => Ok(()),
        }
    }

    fn keep(&mut self, piece: &str) {
        if self.is_kept_whole && self.kept.len() + piece.len() <= KEPT_BYTES {
            self.kept.push_str(piece);
        } else {
            self.is_kept_whole = false;
        }
    }

    /// The defect, unless the request names the token itself, so that an answer may speak of it. The request is only looked
    /// through when a token has been found, and then the text once more.
    fn unless_named(&mut self, found: Result<(), Defect>, is_over: bool) -> Result<(), Defect> {
        let Err(defect) = found else { return Ok(()) };
        let named = self.expected.named_tokens();
        if named == Tokens::default() {
            return Err(defect);
        }
        if !self.is_kept_whole {
            self.template = None;
            return Ok(());
        }
        let mut template = Template::new(named);
        template.feed(&self.kept)?;
        if is_over {
            template.end()?;
        }
        self.template = Some(template);
        Ok(())
    }

    fn check(&mut self, ended: &Ended) -> Result<(), Defect> {
        for block in &ended.blocks {
            self.check_block(block)?;
            self.apply(block.span.end)?;
        }
        if ended.has_search { self.apply(self.kept.len()) } else { Ok(()) }
    }

    /// Whether a block can be read, as far as its language is known.
    fn check_block(&self, block: &FencedBlock) -> Result<(), Defect> {
        let checks = self.expected.checks();
        // A block that is not closed ends with the text, and may lack its end.
        if !block.is_whole || block.is_doubtful {
            return Ok(());
        }
        let language = block.info.split_ascii_whitespace().next().unwrap_or_default();
        if DIFFS.iter().any(|diff| language.eq_ignore_ascii_case(diff)) {
            return if checks.has(Check::Diff) { diff::check_block(&block.content).map(drop) } else { Ok(()) };
        }
        match Language::from_info(&block.info) {
            Some(language) if checks.has(Check::Code) && !block.content.contains(SEARCH) => {
                code::check(language, &block.content).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Holds what has come since the last time, up to `end`, against the files of the conversation. Where a text has no edits, the
    /// conversation is not read for it.
    fn apply(&mut self, end: usize) -> Result<(), Defect> {
        if !self.expected.checks().has(Check::Edits) {
            return Ok(());
        }
        let end = end.min(self.kept.len());
        if !self.has_edits {
            let reach = self.searched.saturating_sub(SEARCH.len());
            let from = (0..=reach).rev().find(|&at| self.kept.is_char_boundary(at)).unwrap_or(0);
            let text = self.kept.get(from..end).unwrap_or_default();
            self.has_edits = self.kept.starts_with("@@") || EDITS.iter().any(|mark| text.contains(mark));
            self.searched = end.max(self.searched);
        }
        if !self.has_edits {
            return Ok(());
        }
        let from = self.applied;
        self.applied = end.max(from);
        // One reading of all of the text: a block may change what a block before it has made of the file.
        self.kept.get(from..end).map_or(Ok(()), |text| self.edits.push(text, self.expected.seen()))
    }

    /// What is open of the edits is not ended by more text.
    fn end_edits(&mut self) -> Result<(), Defect> {
        let edits = std::mem::take(&mut self.edits);
        if self.has_edits && self.is_kept_whole { edits.finish(self.expected.seen()).map(drop) } else { Ok(()) }
    }
}

/// Notes what a line begins and ends.
fn take(event: FenceEvent<'_>, is_in_search: &mut bool, ended: &mut Ended) {
    match event {
        FenceEvent::Text { text, .. } | FenceEvent::Content(text) => {
            let line = text.trim_start();
            if line.starts_with(SEARCH) {
                *is_in_search = true;
            } else if *is_in_search && line.starts_with(REPLACE) {
                *is_in_search = false;
                ended.has_search = true;
            }
        }
        FenceEvent::Opened { .. } => {}
        FenceEvent::Closed(block) => {
            *is_in_search = false;
            ended.blocks.push(block);
        }
    }
}

/// Whether a block is of a language that is known, and all of it can be read.
fn is_readable(block: &FencedBlock) -> bool {
    let language = Language::from_info(&block.info);
    !block.content.trim().is_empty() && language.is_some_and(|language| code::check(language, &block.content).is_ok())
}
