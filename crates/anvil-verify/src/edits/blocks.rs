//! Edits that stand in the text of an answer: SEARCH/REPLACE blocks and unified diffs.
//!
//! Only a harness that pastes files into the chat takes its edits from the text (Aider), so only pasted files are judged by, and
//! only where its instructions ask for such edits: a diff in an agent's closing words tells what was done, and a block in an
//! answer to a question what could be done. Markers, the search for a file's name, the leniency and the order in which files
//! are tried are those of Aider 0.86.2 (`coders/editblock_coder.py`, `coders/udiff_coder.py`); its own verdicts on generated
//! edits are in `tests/verify/edits/oracle`.

mod place;

use std::collections::HashMap;

use super::hunk::Hunk;
use super::request::Change;
use super::{WORK, replace};
use crate::defect::Defect;
use crate::seen::{InText, Seen};
use crate::span::Span;
use crate::verdict::Passed;

use place::{Fences, is_marker, names, resolved, unwrapped};

/// Bytes of one line, and of one block, that are looked at; an answer with a longer one is not judged any further.
const MAX_BLOCK: usize = 1 << 20;

/// The verdict on the edits in a whole text.
///
/// # Errors
/// [`Defect::EditTextMissing`], [`Defect::MalformedPatch`], [`Defect::PatchContextMissing`].
pub fn text(text: &str, seen: &Seen) -> Result<Passed, Defect> {
    let mut blocks = Blocks::new();
    blocks.push(text, seen)?;
    blocks.finish(seen)
}

/// Follows the edits in a text that arrives in pieces, cut anywhere.
#[derive(Debug, Default)]
pub struct Blocks {
    /// The line that has not ended yet, and where it begins.
    line: String,
    at: usize,
    /// The last lines, the newest at the end.
    recent: Vec<String>,
    fences: Fences,
    state: State,
    /// The file of the last block, where it is one of the pasted ones.
    name: Option<String>,
    /// Pasted files as the edits so far have left them; `None` where that is not known.
    files: HashMap<String, Option<String>>,
    edits: usize,
    hunks: usize,
    worked: usize,
    /// Something was too long.
    blind: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Outside,
    Search {
        start: usize,
        old: String,
    },
    Replace {
        start: usize,
        old: String,
        new: String,
    },
    /// In the hunks of a diff of the pasted file of that name.
    Diff {
        path: String,
        hunk: Option<Hunk>,
    },
}

impl Blocks {
    /// Before the first piece.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next piece of the text.
    ///
    /// # Errors
    /// As [`text`], at the line that proves it.
    pub fn push(&mut self, piece: &str, seen: &Seen) -> Result<(), Defect> {
        if seen.in_text().is_none() {
            return Ok(());
        }
        for part in piece.split_inclusive('\n') {
            if self.blind {
                return Ok(());
            }
            self.line.push_str(part);
            self.blind = self.line.len() > MAX_BLOCK;
            if part.ends_with('\n') && !self.blind {
                self.end_line(seen)?;
            }
        }
        Ok(())
    }

    /// The text is over.
    ///
    /// # Errors
    /// As [`text`].
    pub fn finish(mut self, seen: &Seen) -> Result<Passed, Defect> {
        if !self.line.is_empty() && !self.blind {
            self.end_line(seen)?;
        }
        match std::mem::take(&mut self.state) {
            State::Search { start, .. } | State::Replace { start, .. } if !self.blind => {
                let span = Span::new(start, self.at);
                Err(Defect::MalformedPatch { reason: "a SEARCH/REPLACE block does not end", span })
            }
            State::Diff { path, hunk } if !self.blind => {
                self.close(&path, hunk, seen)?;
                Ok(Passed::new())
            }
            _ => Ok(Passed::new()),
        }
    }

    fn end_line(&mut self, seen: &Seen) -> Result<(), Defect> {
        let line = std::mem::take(&mut self.line);
        let start = self.at;
        self.at = self.at.saturating_add(line.len());
        let bare = line.trim();
        match std::mem::take(&mut self.state) {
            State::Outside => self.outside(start, line.trim_end(), seen),
            State::Search { start, mut old } => {
                if is_marker(bare, '=', "") {
                    self.searched(&old, seen)?;
                    self.state = State::Replace { start, old, new: String::new() };
                } else {
                    old.push_str(&line);
                    self.blind = old.len() > MAX_BLOCK;
                    self.state = State::Search { start, old };
                }
            }
            State::Replace { start, old, mut new } => {
                if is_marker(bare, '>', " REPLACE") || is_marker(bare, '=', "") {
                    self.replaced(&old, new, seen);
                } else {
                    new.push_str(&line);
                    self.blind = new.len() > MAX_BLOCK;
                    self.state = State::Replace { start, old, new };
                }
            }
            State::Diff { path, hunk } => {
                self.diff_line(path, hunk, start, line.trim_end_matches(['\n', '\r']), seen)?;
            }
        }
        self.recent.push(line.trim_end().to_owned());
        if self.recent.len() > 3 {
            self.recent.remove(0);
        }
        Ok(())
    }

    fn outside(&mut self, start: usize, line: &str, seen: &Seen) {
        self.fences.line(line);
        let bare = line.trim();
        let is_head = is_marker(bare.strip_suffix('>').unwrap_or(bare), '<', " SEARCH");
        if is_head && seen.in_text() == Some(InText::Blocks) && self.fences.begins_block() {
            let names = names(&self.recent);
            if !names.is_empty() {
                self.name = resolved(&names, seen);
            }
            self.state = State::Search { start, old: String::new() };
        } else if line.starts_with("+++ ") && seen.in_text() == Some(InText::Diffs) && self.fences.is_diff() {
            let has_old = self.recent.last().is_some_and(|line| line.starts_with("--- "));
            let path = line.trim_start_matches("+++ ").trim();
            let path = [path, path.strip_prefix("b/").unwrap_or(path)].map(|path| resolved(&[path], seen));
            if let Some(path) = path.into_iter().flatten().next().filter(|_| has_old) {
                self.state = State::Diff { path, hunk: None };
            }
        }
    }

    /// The text of a block's SEARCH half is there: it must stand in one of the pasted files.
    fn searched(&mut self, old: &str, seen: &Seen) -> Result<(), Defect> {
        let edit = self.edits;
        self.edits = self.edits.saturating_add(1);
        // Without a name among the pasted files, another file may be meant. Lines of dots stand for what is left out.
        if self.name.is_none() || is_dotted(old) || old.trim().is_empty() {
            return Ok(());
        }
        for (path, text) in seen.pasted() {
            let Some(text) = self.files.get(path).map_or(Some(text), |text| text.as_deref()) else { return Ok(()) };
            self.worked = self.worked.saturating_add(text.len().saturating_add(old.len()).saturating_mul(8));
            if self.worked > WORK || stands(text, old, path) {
                return Ok(());
            }
        }
        Err(Defect::EditTextMissing { edit })
    }

    /// A block has ended, and what it has made of the files is followed as far as it is plain.
    fn replaced(&mut self, old: &str, new: String, seen: &Seen) {
        let bytes: usize = seen.pasted().map(|(_, text)| text.len().saturating_add(old.len())).sum();
        self.worked = self.worked.saturating_add(bytes.saturating_mul(4));
        let change = Change { old: old.to_owned(), new, all: false };
        let named = self.name.as_deref().and_then(|name| seen.pasted().find(|(path, _)| *path == name));
        if let (Some((name, text)), false) = (named, is_dotted(old) || self.worked > WORK) {
            let text = self.files.get(name).map_or(Some(text), |text| text.as_deref());
            let is_bare = |text: &str| unwrapped(text, name) == text && !text.contains('\r') && !text.ends_with("\n\n");
            let is_plain = is_bare(old) && is_bare(&change.new);
            let after = text.filter(|_| is_plain).and_then(|text| first_replaced(text, &change));
            if after.is_some() {
                self.files.insert(name.to_owned(), after);
                return;
            }
        }
        let is_new = old.trim().is_empty();
        let touched = |path: &str, text: &str| {
            Some(path) == self.name.as_deref()
                || (!is_new && (self.worked > WORK || is_dotted(old) || stands(text, old, path)))
        };
        let touched: Vec<String> = seen
            .pasted()
            .filter(|(path, text)| match self.files.get(*path) {
                None => touched(path, text),
                Some(text) => text.as_ref().is_some_and(|text| touched(path, text)),
            })
            .map(|(path, _)| path.to_owned())
            .collect();
        self.files.extend(touched.into_iter().map(|path| (path, None)));
    }

    fn diff_line(
        &mut self,
        path: String,
        hunk: Option<Hunk>,
        start: usize,
        line: &str,
        seen: &Seen,
    ) -> Result<(), Defect> {
        // A line of three dashes takes one away, or begins the next file: the line below tells.
        let held = self.recent.last().filter(|line| line.starts_with("--- "));
        let is_next = line.starts_with("+++ ") && held.is_some();
        if line.starts_with("```") || is_next {
            self.close(&path, hunk, seen)?;
            self.outside(start, line, seen);
        } else if line.starts_with('@') {
            self.close(&path, hunk, seen)?;
            self.state = State::Diff { path, hunk: None };
        } else {
            let mut hunk = hunk.unwrap_or_default();
            if let Some(held) = held {
                hunk.push(held);
            }
            if !line.starts_with("--- ") {
                hunk.push(line);
            }
            self.blind = hunk.size() > MAX_BLOCK;
            self.state = State::Diff { path, hunk: Some(hunk) };
        }
        Ok(())
    }

    /// A hunk has ended. What it adds may be a place for the next.
    fn close(&mut self, path: &str, hunk: Option<Hunk>, seen: &Seen) -> Result<(), Defect> {
        let Some(hunk) = hunk else { return Ok(()) };
        let at = self.hunks;
        self.hunks = self.hunks.saturating_add(1);
        let Some(text) = seen.pasted().find(|(name, _)| *name == path).map(|(_, text)| text) else { return Ok(()) };
        let Some(text) = self.files.entry(path.to_owned()).or_insert_with(|| Some(text.to_owned())) else {
            return Ok(());
        };
        self.worked = self.worked.saturating_add(text.len().saturating_mul(hunk.lines().saturating_add(2)));
        if self.worked <= WORK && !hunk.may_apply(text) {
            return Err(Defect::PatchContextMissing { hunk: at });
        }
        text.push('\n');
        text.push_str(hunk.added());
        Ok(())
    }
}

fn is_dotted(old: &str) -> bool {
    old.lines().any(|line| line.trim_start().starts_with("..."))
}

/// Whether the text stands in the file of that name, as it is or taken out of a wrapping.
fn stands(text: &str, old: &str, path: &str) -> bool {
    replace::stands_in_lines(text, old) || {
        let inner = unwrapped(old, path);
        inner != old && replace::stands_in_lines(text, &inner)
    }
}

/// The file with the first run of whole lines replaced that is the old text to the letter.
fn first_replaced(text: &str, change: &Change) -> Option<String> {
    let ended =
        |text: &str| if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    let (text, old, new) = (format!("\n{}", ended(text)), format!("\n{}", ended(&change.old)), ended(&change.new));
    let at = text.find(&old).filter(|_| !change.old.trim().is_empty())?;
    let (before, after) = (text.get(1..at.saturating_add(1))?, text.get(at.saturating_add(old.len())..)?);
    Some(format!("{before}{new}{after}"))
}
