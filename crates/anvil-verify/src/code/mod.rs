//! Whether a block of code can be code.
//!
//! An answer holds whole programs, and it holds pieces of them: a method without its class, a `case` without its `switch`,
//! three lines with an ellipsis, a session at a prompt. No piece is a defect. So a block is read in the order of
//! [`check`]: as a whole, as a fragment ([`reading`]), as something that was never meant to run ([`sketch`]), and only then
//! it is asked what can be proven against it ([`proof`]). Every text is of HTML and of CSS, so of those it is only asked what
//! they leave open ([`html`], [`css`]).
//!
//! To read is to ask a reader of the language ([`quick`], [`shell`], [`c`]), and a grammar where that does not know (ADR 22).
//!
//! What is not proven passes: a block over [`CAP`], a text that nests too deeply, a parse that takes more steps than are granted
//! ([`parse::Budget`]).

mod c;
mod clock;
mod css;
mod dated;
mod html;
mod indentation;
mod language;
mod lexis;
mod parse;
mod proof;
mod quick;
mod reading;
mod shell;
mod sketch;
mod words;

pub use language::Language;

use crate::defect::Defect;
use crate::span::Span;
use crate::verdict::Passed;
use parse::{Budget, Outcome, Place};

/// The largest block that is checked, in bytes. A larger one passes.
pub const CAP: usize = 256 * 1024;

/// The stack, in bytes, that a thread needs for [`check`]. tree-sitter lets go of the ways to read a text that it has given up one
/// within the other: a frame of about 100 bytes for each token, of which a block has [`CAP`] at most. The parser of Rust takes up to
/// 2 KB for each of 16,384 tokens, and what ruff's has read is let go one within the other too.
pub const STACK: usize = 64 << 20;

/// The verdict on the code of one fenced block, without its fences.
///
/// # Errors
/// [`Defect::BrokenCode`] when no reading of the block is a program or a piece of one, and that is proven.
pub fn check(language: Language, code: &str) -> Result<Passed, Defect> {
    // A NUL is in no code.
    if code.len() > CAP || code.trim().is_empty() || code.contains('\0') {
        return Ok(Passed::new());
    }
    let place = match language {
        Language::Html => html::fault(code),
        Language::Css => css::fault(code),
        _ => fault(language, code),
    };
    place.map_or_else(|| Ok(Passed::new()), |at| Err(broken(language, code, at)))
}

/// Where code is broken in a language that has a grammar.
fn fault(language: Language, code: &str) -> Option<usize> {
    let mut budget = Budget::new();
    match parse::parse(language, code, &mut budget) {
        Outcome::Right | Outcome::Undecided => None,
        Outcome::Clean => forgiven(language, code),
        Outcome::Broken(place) => {
            let dated = dated::dated(language, code);
            match dated.as_deref().map(|code| (code, parse::parse(language, code, &mut budget))) {
                None => judge(language, code, place, &mut budget),
                Some((code, Outcome::Broken(place))) => judge(language, code, place, &mut budget),
                Some((code, Outcome::Clean)) => forgiven(language, code),
                Some((_, Outcome::Right | Outcome::Undecided)) => None,
            }
        }
    }
}

/// Where code is broken that the grammar has.
fn forgiven(language: Language, code: &str) -> Option<usize> {
    indentation::fault(language, code).or_else(|| quick::fault(language, code))
}

/// Where code is broken that the grammar does not have, in which it fails at `place`; `None` where that is not proven.
fn judge(language: Language, code: &str, place: Place, budget: &mut Budget) -> Option<usize> {
    if reading::is_fragment(language, code, budget) {
        return None;
    }
    // What a comment says is no sign of a sketch, where only its beginning is missing.
    if let Some(end) = proof::comment_end(language, code) {
        return Some(end);
    }
    if sketch::is_sketch(language, code, place) {
        return None;
    }
    proof::find(language, code, place, budget)
}

/// The defect that begins at byte `at`; its span is the rest of that line.
fn broken(language: Language, code: &str, at: usize) -> Defect {
    let at = at.min(code.len());
    let bytes = code.as_bytes();
    let before = bytes.iter().take(at).filter(|&&byte| byte == b'\n').count();
    let length = bytes.iter().skip(at).position(|&byte| byte == b'\n').unwrap_or(code.len() - at);
    Defect::BrokenCode { language: language.name(), line: before + 1, span: Span::new(at, at + length) }
}
