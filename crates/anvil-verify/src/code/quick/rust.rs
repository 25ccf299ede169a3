//! Rust, by rust-analyzer's parser, which forgives comments that document nothing; the language does not (The Rust Reference, "Comments").

use ra_ap_parser::{Edition, LexedStr, Step, TopEntryPoint};

use super::Reading;
use crate::code::language::Language;
use crate::code::lexis;

/// The most tokens that a text may have. Each can be a level of the descent, which takes up to 2 KB of the stack (`{`, measured).
const MOST_TOKENS: usize = 16 << 10;

const EDITION: Edition = Edition::Edition2024;

pub(super) fn read(code: &str) -> Reading {
    // A piece of a program may be statements.
    let reading = match file(code) {
        Reading::Refused => file(&format!("fn a() {{\n{code}\n}}")),
        reading => reading,
    };
    match undocumented(code) {
        Some(at) if reading == Reading::Right => Reading::Broken(at),
        _ => reading,
    }
}

fn file(code: &str) -> Reading {
    let lexed = LexedStr::new(EDITION, code);
    let tokens = (0..lexed.len()).filter(|&token| !lexed.kind(token).is_trivia()).count();
    if tokens > MOST_TOKENS {
        return Reading::Unknown;
    }
    if lexed.errors().next().is_some() {
        return Reading::Refused;
    }
    let steps = TopEntryPoint::SourceFile.parse(&lexed.to_input(EDITION));
    Reading::of(!steps.iter().any(|step| matches!(step, Step::Error { .. })))
}

/// The comment of documentation that the code ends with. A block that is little more than comments may be about them.
fn undocumented(code: &str) -> Option<usize> {
    let last = code.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let is_documentation = last.starts_with("///") && !last.starts_with("////");
    // Dots say that more follows.
    if !is_documentation || last.ends_with("...") || last.ends_with('…') {
        return None;
    }
    let bare = lexis::bare(Language::Rust, code);
    let text = std::str::from_utf8(&bare.text).ok()?;
    let is_code = lexis::written_lines(text).nth(2).is_some();
    is_code.then(|| code.trim_end().len() - last.len())
}
