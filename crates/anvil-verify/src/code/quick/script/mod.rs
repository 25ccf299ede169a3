//! JavaScript, with JSX and types or without: a recogniser by recursive descent, in one pass.
//!
//! The grammar is ECMA-262's, JSX's and that of TypeScript's parser, which has no other specification. What a text means is not asked:
//! names may be declared twice, and `await` may stand anywhere. Where it depends on what follows what a piece is, the piece is read as
//! all that it may be ([`shape::Shape`]); only type arguments and the parameters of generic arrow functions, which look like comparisons,
//! are tried and taken back, and all that is taken back of a text has a cap ([`reader::Reader::tries`]).
//! The recursion has one, too ([`reader::Reader::deeper`]).

mod classes;
mod declarations;
mod expressions;
mod functions;
mod groups;
mod kind;
mod lexer;
mod literals;
mod loops;
mod markup;
mod modules;
mod objects;
mod operands;
mod patterns;
mod reader;
mod shape;
mod signatures;
mod statements;
#[cfg(test)]
mod tests;
mod types;

use super::Reading;
use reader::Reader;

/// What a language adds to JavaScript.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    types: bool,
    markup: bool,
}

impl Dialect {
    pub(super) const JAVASCRIPT: Self = Self { types: false, markup: true };
    pub(super) const TYPESCRIPT: Self = Self { types: true, markup: false };
    pub(super) const TSX: Self = Self { types: true, markup: true };
}

/// What is to be said of `code`: that it is right, or nothing.
pub(super) fn read(dialect: Dialect, code: &str) -> Reading {
    if accepts(dialect, code) { Reading::Right } else { Reading::Unknown }
}

fn accepts(dialect: Dialect, code: &str) -> bool {
    Reader::new(dialect, code).program().is_some()
}
