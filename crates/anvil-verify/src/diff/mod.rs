//! Whether a unified or git diff can be read: the form of patches, as `git apply --check` has it.
//!
//! [`check`] reads a whole patch, [`check_block`] what stands in a fence, and [`Diff`] either as it arrives. Whether the lines
//! of a patch stand in the files that it changes is another question, which needs the files.
//!
//! The rules are those of git 2.39, found by asking it (`tests/verify/diff.rs` asks it again, thousands of times). Where its
//! word is not followed, the text passes:
//!
//! | git says no, and here it passes | why |
//! |---|---|
//! | a combined diff (`diff --cc`) | it is read by people, and nobody applies it |
//! | a binary patch whose data do not inflate to the length that it says | only base 85 and the lengths of lines are checked |
//! | a side that is dated 1970-01-01 00:00 and has lines | only `/dev/null` says that there is no file |
//! | a header whose file name has no closing quotation mark, or is longer than 8 KiB | nothing is kept that long |
//! | a line `old mode` and its like without a mode | git looks for it on the next line |
//! | `diff --git a/dir /x b/dir /x` without names in the lines that follow | newer gits read it |

mod binary;
mod elision;
mod header;
mod hunk;
mod line;
mod name;
mod patches;
mod reading;
mod search;

pub use reading::Reading;

use crate::defect::Defect;
use crate::span::Span;
use crate::verdict::Passed;
use line::{Cutter, Line};
use patches::Patches;

/// Reads a patch as it arrives. Holds one line of a header at most, and takes time linear in the text.
#[derive(Debug)]
pub struct Diff {
    cutter: Cutter,
    patches: Patches,
    reading: Reading,
    found: Option<Defect>,
}

impl Diff {
    /// Before the first byte.
    pub fn new(reading: Reading) -> Self {
        Self { cutter: Cutter::default(), patches: Patches::new(reading), reading, found: None }
    }

    /// Takes the next piece, cut anywhere.
    ///
    /// # Errors
    /// [`Defect::MalformedPatch`] at the end of the first line that proves it, and for every piece after it.
    pub fn feed(&mut self, piece: &str) -> Result<(), Defect> {
        let Self { cutter, patches, found, .. } = self;
        if let Some(defect) = found {
            return Err(defect.clone());
        }
        cutter.feed(piece.as_bytes(), |line| patches.line(line)).map_err(|defect| found.insert(defect).clone())
    }

    /// The verdict, when the text is over.
    ///
    /// # Errors
    /// [`Defect::MalformedPatch`] when it was proven already, when the text ends within a patch, or when there is none in it.
    pub fn end(self) -> Result<Passed, Defect> {
        let Self { cutter, patches, reading, found } = self;
        if let Some(defect) = found {
            return Err(defect);
        }
        let whole = Span::new(0, cutter.total());
        let Some(last) = cutter.last() else {
            return finish(patches, None, whole);
        };
        match reading {
            Reading::Patch => finish(patches, Some(last), whole),
            // A fence ends the last line of its block; what cut the block out of the answer may have taken that end away.
            Reading::Block => finish(patches.clone(), Some(Line { ended: true, ..last }), whole)
                .or_else(|defect| finish(patches, Some(last), whole).map_err(|_| defect)),
        }
    }
}

fn finish(mut patches: Patches, last: Option<Line<'_>>, whole: Span) -> Result<Passed, Defect> {
    if let Some(line) = last {
        patches.line(line)?;
    }
    patches.end(whole)?;
    Ok(Passed::new())
}

/// The verdict on a whole patch.
///
/// # Errors
/// [`Defect::MalformedPatch`] where `git apply` could not read it.
pub fn check(text: &str) -> Result<Passed, Defect> {
    read(text, Reading::Patch)
}

/// The verdict on a fenced block: it passes unless it claims to be a patch and is none.
///
/// # Errors
/// [`Defect::MalformedPatch`] where the block claims to be a patch and `git apply` could not read it.
pub fn check_block(text: &str) -> Result<Passed, Defect> {
    read(text, Reading::Block)
}

fn read(text: &str, reading: Reading) -> Result<Passed, Defect> {
    let mut diff = Diff::new(reading);
    diff.feed(text)?;
    diff.end()
}
