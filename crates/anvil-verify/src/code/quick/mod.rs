//! Readers that are many times as fast as the grammars, asked before them.
//!
//! Those of JavaScript, TypeScript, Go and Java are ours and know what is ordinary in their language; the others are libraries. Each is at least as strict
//! as the language's own parser. What one of them does not have is asked of the grammar, which forgives more and knows where it fails:
//! so nothing is rejected for a reader's sake but for a few faults that a grammar forgives.

mod cursor;
mod go;
mod java;
mod json;
mod letters;
mod number;
mod python;
mod rust;
mod script;
#[cfg(test)]
mod tests;
mod tokens;
mod toml;
mod yaml;

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
        Language::Python if code.len() <= LONGEST => of_others(python::read, code),
        Language::Rust if code.len() <= LONGEST => of_others(rust::read, code),
        Language::Json => of_others(json::read, code),
        Language::Toml => of_others(toml::read, code),
        Language::Yaml => of_others(yaml::read, code),
        Language::JavaScript => script::read(script::Dialect::JAVASCRIPT, code),
        Language::TypeScript => script::read(script::Dialect::TYPESCRIPT, code),
        Language::Tsx => script::read(script::Dialect::TSX, code),
        _ => Reading::Unknown,
    }
}

/// The longest text that is given to a parser that descends without a bound of its own, in bytes: what a level takes of the stack is
/// bounded only by what a byte can open.
const LONGEST: usize = 64 << 10;

/// What a parser of others says. One that panics has said nothing.
fn of_others(read: fn(&str) -> Reading, code: &str) -> Reading {
    catch_unwind(|| read(code)).unwrap_or(Reading::Unknown)
}

impl Reading {
    /// What it means that a parser which knows all of the language has a text, or does not.
    fn of(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Refused }
    }
}
