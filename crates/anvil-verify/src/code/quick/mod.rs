//! Readers that are many times as fast as the grammars, asked before them.
//!
//! Those of Go and Java are ours and know what is ordinary in their language; those of Python and Rust are of ruff and
//! rust-analyzer. Each is at least as strict as the language's own. What one of them does not have is asked of the grammar, which
//! forgives more and knows where it fails: so nothing is rejected for a reader's sake but for a few faults that a grammar forgives.

mod cursor;
mod go;
mod java;
mod number;
mod python;
mod rust;
#[cfg(test)]
mod tests;
mod tokens;

use std::panic::catch_unwind;

use super::language::Language;

/// What a reader says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It is surely right.
    Right,
    /// It is surely broken at this byte.
    Broken(usize),
    /// All of it was read, and it is not right as a whole; as a piece it may be.
    Refused,
    /// It may be anything.
    Unknown,
}

/// Whether `code` is surely right.
pub(super) fn accepts(language: Language, code: &str) -> bool {
    read(language, code) == Reading::Right
}

/// Whether a reader that knows all of the language does not have `code`.
pub(super) fn refuses(language: Language, code: &str) -> bool {
    read(language, code) == Reading::Refused
}

/// Where code is broken that its grammar has: a grammar is wider than its language.
pub(super) fn fault(language: Language, code: &str) -> Option<usize> {
    match read(language, code) {
        Reading::Broken(at) => Some(at),
        Reading::Right | Reading::Refused | Reading::Unknown => None,
    }
}

fn read(language: Language, code: &str) -> Reading {
    match language {
        Language::Go => go::read(code),
        Language::Java => java::read(code),
        Language::Python => of_others(python::read, code),
        Language::Rust => of_others(rust::read, code),
        _ => Reading::Unknown,
    }
}

/// The longest text that is given to a parser of others, in bytes: they descend, and what a level of theirs takes of the stack is bounded
/// only by what a byte can open.
const LONGEST: usize = 64 << 10;

/// What a parser of others says, where it can be trusted with the text.
fn of_others(read: fn(&str) -> Reading, code: &str) -> Reading {
    if code.len() > LONGEST {
        return Reading::Unknown;
    }
    // One that panics has said nothing.
    catch_unwind(|| read(code)).unwrap_or(Reading::Unknown)
}
