//! The fault of a block of CSS: a bracket without its other half, a string or a comment without its end.
//!
//! CSS says of every text how it is read and passes over what it does not know (CSS Syntax Module Level 3, section 2.2), so nothing else
//! can be proven, and no grammar is asked.

use super::language::Language;
use super::lexis;
use super::parse::Place;
use super::{proof, sketch};

/// Where the code is broken.
pub(super) fn fault(code: &str) -> Option<usize> {
    let mut bare = lexis::bare(Language::Css, code);
    let at = proof::uneven(code, &bare)?;
    without_line_comments(&mut bare.text);
    proof::uneven(code, &bare)?;
    if bare.open.is_none() && is_inside(code, &bare.text, at) {
        return None;
    }
    // A bracket that is never closed is missed at the end.
    let is_open = matches!(code.as_bytes().get(at), Some(b'(' | b'[' | b'{'));
    let missed = if is_open { code.len() } else { at };
    (!sketch::is_sketch(Language::Css, code, Place { after: missed, before: missed })).then_some(at)
}

/// Whether the text begins in the rule that the bracket at `at` ends: its first line is further in, or it ends in a rule too.
fn is_inside(code: &str, bare: &[u8], at: usize) -> bool {
    let first = lexis::written_lines(code).next().map_or(0, lexis::column);
    let here = code.get(..at).and_then(|before| before.rsplit('\n').next()).map_or(0, lexis::column);
    (bare.get(at) == Some(&b'}') && here < first) || lexis::unbalanced(&[b"{", bare, b"}"].concat()).is_none()
}

/// Covers what is a comment to Sass and Less, and to CSS is not.
fn without_line_comments(bare: &mut [u8]) {
    for line in bare.split_mut(|&byte| byte == b'\n') {
        if let Some(at) = memchr::memmem::find(line, b"//") {
            line.iter_mut().skip(at).for_each(|byte| *byte = b' ');
        }
    }
}
