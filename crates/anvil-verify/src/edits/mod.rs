//! Whether the edits of an answer apply.
//!
//! Where the conversation holds the file, certainly and whole, the text that an edit replaces must stand in it, by the rules of
//! the harness's own tool ([`Seen`] says what the conversation holds). Where it does not, the edit passes.

mod blocks;
mod cline;
mod fold;
mod hunk;
pub(crate) mod patch;
pub(crate) mod replace;
pub(crate) mod request;

pub use blocks::{Blocks, text};

use request::Request;

use crate::defect::Defect;
use crate::seen::Seen;
use crate::verdict::Passed;

/// Bytes of files that the check of one call, or of one answer's text, searches at most; what is beyond passes.
const WORK: usize = 64 << 20;

/// What a byte of a file takes at most, about, in nanoseconds, where a text is looked for in it under every reading.
pub(crate) const SEARCHED: u64 = 40;

/// Whether a call may edit files in a way that [`call`] understands.
pub fn may_edit(name: &str, arguments: &str) -> bool {
    request::is_edit(name) || name == "apply_patch" || arguments.contains("*** Begin Patch")
}

/// The verdict on a tool call of the answer; a call of a tool that does not edit passes.
///
/// An answer of several calls is checked in order, and each is shown to [`Seen::call`] before the next is checked: a file that an
/// earlier call changes is then no longer certain.
///
/// # Errors
/// [`Defect::EditTextMissing`], [`Defect::EditTextAmbiguous`], [`Defect::EditWithoutEffect`], [`Defect::MalformedPatch`],
/// [`Defect::PatchContextMissing`].
pub fn call(name: &str, arguments: &str, seen: &Seen) -> Result<Passed, Defect> {
    match Request::of(name, arguments).or_else(|| crate::seen::shell_patch(name, arguments)) {
        Some(Request::Replace { tool, path, changes }) => replace::check(tool, &changes, seen.file(&path))?,
        Some(Request::Patch { text, holder }) => patch::check(&text, holder, seen)?,
        Some(Request::Write { .. }) | None => {}
    }
    Ok(Passed::new())
}
