//! Python, by ruff's parser. It takes more stack by itself where a text nests.

use memchr::memchr2_iter;

use super::Reading;

/// The most strings that may have expressions in them: one within the other, each is gone through again for all around it.
const MOST_FORMATTED: usize = 1_000;

pub(super) fn read(code: &str) -> Reading {
    if formatted(code.as_bytes()) > MOST_FORMATTED {
        return Reading::Unknown;
    }
    Reading::of(ruff_python_parser::parse_module(code).is_ok())
}

/// At least as many as the strings that may have expressions in them: quotation marks with a letter before them.
fn formatted(code: &[u8]) -> usize {
    let before = |at: usize| at.checked_sub(1).and_then(|at| code.get(at));
    memchr2_iter(b'"', b'\'', code).filter(|&at| before(at).is_some_and(u8::is_ascii_alphabetic)).count()
}
