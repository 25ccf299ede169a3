//! Comments that document nothing.
//!
//! Rust demands an item after a comment of documentation (The Rust Reference, "Comments"); its grammars do not.

use super::language::Language;
use super::lexis;

/// The comment of documentation that the code ends with. A block that is little more than comments may be about them.
pub(super) fn fault(language: Language, code: &str) -> Option<usize> {
    if language != Language::Rust {
        return None;
    }
    let last = code.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let is_documentation = last.starts_with("///") && !last.starts_with("////");
    // Dots say that more follows.
    if !is_documentation || last.ends_with("...") || last.ends_with('…') {
        return None;
    }
    let bare = lexis::bare(language, code);
    let text = std::str::from_utf8(&bare.text).ok()?;
    let is_code = bare.open.is_none() && lexis::written_lines(text).nth(2).is_some();
    is_code.then(|| code.trim_end().len() - last.len())
}
