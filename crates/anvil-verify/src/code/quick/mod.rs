//! Parsers of one language each, ten times as fast as a grammar's and asked first.
//!
//! They only accept. What one of them has is of its language; what it has not is asked of the grammar, which forgives more and
//! knows where it fails. So nothing is rejected for their sake, and what they cannot be trusted with (a text that is long, or
//! that nests) they are not asked.

mod python;
mod rust;

use std::panic::catch_unwind;

use super::language::Language;

/// The longest text that is asked here, in bytes: these parsers descend, and what a level of theirs takes of the stack is
/// bounded by what a byte can open.
const LONGEST: usize = 64 << 10;

/// Whether a quick parser has this text. `false` says nothing.
pub(super) fn accepts(language: Language, code: &str) -> bool {
    // A parser that panics has not accepted.
    parser(language, code).is_some_and(|accepts| catch_unwind(|| accepts(code)).unwrap_or(false))
}

/// Whether [`accepts`] asks a parser of this text.
pub(super) fn is_asked(language: Language, code: &str) -> bool {
    parser(language, code).is_some()
}

fn parser(language: Language, code: &str) -> Option<fn(&str) -> bool> {
    if code.len() > LONGEST {
        return None;
    }
    match language {
        Language::Python => Some(python::accepts),
        Language::Rust => Some(rust::accepts),
        _ => None,
    }
}
