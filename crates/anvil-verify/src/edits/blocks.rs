//! Edits that stand in the text of an answer: SEARCH/REPLACE blocks and unified diffs.
//!
//! Only a harness that pastes files into the chat takes its edits from the text (Aider), so only pasted files are judged by: a
//! diff in an agent's closing words tells what was done. Markers, the search for a file's name and the leniency are as in
//! Aider 0.86.2 (`editblock_coder.py`, `udiff_coder.py`).

use std::collections::HashMap;

use super::hunk::Hunk;
use super::request::Change;
use super::{WORK, replace};
use crate::defect::Defect;
use crate::seen::Seen;
use crate::span::Span;
use crate::verdict::Passed;

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
    state: State,
    /// The file of the block before.
    name: Option<String>,
    /// Pasted files as the blocks so far have left them; `None` where that is not known.
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
    /// In the hunks of a diff of the file of that name.
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
        let bare = line.trim_end();
        match std::mem::take(&mut self.state) {
            State::Outside => self.outside(start, bare, seen),
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
                if is_marker(bare, '>', " REPLACE") {
                    self.replaced(&Change { old, new, all: false });
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
        self.recent.push(bare.to_owned());
        if self.recent.len() > 3 {
            self.recent.remove(0);
        }
        Ok(())
    }

    fn outside(&mut self, start: usize, line: &str, seen: &Seen) {
        if is_marker(line.strip_suffix('>').unwrap_or(line), '<', " SEARCH") {
            if !self
                .recent
                .iter()
                .rev()
                .find(|line| !line.is_empty())
                .is_some_and(|line| is_marker(line, '>', " REPLACE"))
            {
                self.name = self.named(seen);
            }
            self.state = State::Search { start, old: String::new() };
        } else if line.starts_with("+++ ") {
            let old = self.recent.last().and_then(|line| line.strip_prefix("--- "));
            let path = old.and_then(|path| known(path.strip_prefix("a/").unwrap_or(path), seen));
            // A second diff of a file goes on where the first has left it, which is not followed.
            if let Some(path) = path.filter(|path| !self.files.contains_key(path)) {
                self.state = State::Diff { path, hunk: None };
            }
        }
    }

    /// The pasted file whose name stands above the block, below at most fences.
    fn named(&self, seen: &Seen) -> Option<String> {
        let line = self.recent.iter().rev().find(|line| !line.starts_with("```"))?;
        let name = line.trim().trim_start_matches('#').trim().trim_end_matches(':').trim_matches(['`', '*']);
        known(name, seen)
    }

    /// The text of a block's SEARCH half is there.
    fn searched(&mut self, old: &str, seen: &Seen) -> Result<(), Defect> {
        let edit = self.edits;
        self.edits = self.edits.saturating_add(1);
        // Lines of dots stand for what is left out.
        let dotted = old.lines().any(|line| line.trim_start().starts_with("..."));
        if self.name.is_none() || dotted || old.trim().is_empty() {
            return Ok(());
        }
        for (path, text) in seen.pasted() {
            let text = match self.files.get(path) {
                Some(None) => return Ok(()),
                Some(Some(text)) => text,
                None => text,
            };
            self.worked = self.worked.saturating_add(text.len().saturating_add(old.len()).saturating_mul(4));
            if self.worked > WORK || replace::stands_loosely(text, old) {
                if let (Some(name), false) = (&self.name, self.files.contains_key(path)) {
                    self.files.insert(name.clone(), seen.whole(name).map(str::to_owned));
                }
                return Ok(());
            }
        }
        Err(Defect::EditTextMissing { edit })
    }

    /// A block has ended.
    fn replaced(&mut self, change: &Change) {
        let Some(name) = &self.name else { return };
        if let Some(file) = self.files.get_mut(name) {
            *file = file.take().and_then(|text| replace::applied(&text, change));
        }
    }

    fn diff_line(
        &mut self,
        path: String,
        hunk: Option<Hunk>,
        start: usize,
        line: &str,
        seen: &Seen,
    ) -> Result<(), Defect> {
        if line.starts_with("@@") {
            self.close(&path, hunk, seen)?;
            self.state = State::Diff { path, hunk: Some(Hunk::default()) };
            return Ok(());
        }
        match hunk {
            Some(mut hunk) if line.is_empty() || line.starts_with([' ', '+', '-', '\\']) => {
                hunk.push(line);
                self.blind = hunk.size() > MAX_BLOCK;
                self.state = State::Diff { path, hunk: Some(hunk) };
            }
            hunk => {
                self.close(&path, hunk, seen)?;
                self.files.insert(path, None);
                self.outside(start, line.trim_end(), seen);
            }
        }
        Ok(())
    }

    /// A hunk has ended.
    fn close(&mut self, path: &str, hunk: Option<Hunk>, seen: &Seen) -> Result<(), Defect> {
        let Some(hunk) = hunk else { return Ok(()) };
        let at = self.hunks;
        self.hunks = self.hunks.saturating_add(1);
        let Some(text) = seen.whole(path) else { return Ok(()) };
        self.worked = self.worked.saturating_add(text.len().saturating_mul(hunk.runs().saturating_add(2)));
        if self.worked > WORK || hunk.may_apply(text) {
            return Ok(());
        }
        Err(Defect::PatchContextMissing { hunk: at })
    }
}

/// The pasted file of that name, or the only one that ends with it.
fn known(name: &str, seen: &Seen) -> Option<String> {
    let name = name.trim();
    let is_it = |path: &str| path == name || path.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
    let mut found = seen.pasted().map(|(path, _)| path).filter(|path| !name.is_empty() && is_it(path));
    let (first, second) = (found.next()?, found.next());
    second.is_none().then(|| first.to_owned())
}

/// Whether the line is five to nine of the letter and then the word.
fn is_marker(line: &str, letter: char, word: &str) -> bool {
    let rest = line.trim_start_matches(letter);
    (5..=9).contains(&line.len().saturating_sub(rest.len())) && rest == word
}

/// The replacements of Cline's `diff` argument; `None` where they are not in its form.
pub(super) fn changes(diff: &str) -> Option<Vec<Change>> {
    let marked = |line: &str, letters: [char; 2], word: &str| {
        let rest = line.trim_start_matches(letters);
        line.len().saturating_sub(rest.len()) >= 3 && rest.strip_suffix('>').unwrap_or(rest) == word
    };
    let mut changes = Vec::new();
    let mut open: Option<(String, Option<String>)> = None;
    for line in diff.split_inclusive('\n') {
        let bare = line.trim_end();
        match &mut open {
            None if marked(bare, ['-', '<'], " SEARCH") => open = Some((String::new(), None)),
            None if bare.is_empty() => {}
            None => return None,
            Some((_, new @ None)) if bare.len() >= 3 && bare.bytes().all(|byte| byte == b'=') => {
                *new = Some(String::new());
            }
            Some((old, None)) => old.push_str(line),
            Some((old, Some(new))) if marked(bare, ['+', '>'], " REPLACE") => {
                changes.push(Change { old: std::mem::take(old), new: std::mem::take(new), all: false });
                open = None;
            }
            Some((_, Some(new))) => new.push_str(line),
        }
    }
    open.is_none().then_some(changes)
}
