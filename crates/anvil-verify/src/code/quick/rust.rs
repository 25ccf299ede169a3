//! Rust, by rust-analyzer's parser, which forgives comments that document nothing; the language does not (The Rust Reference, "Comments").

use ra_ap_parser::{Edition, LexedStr, Step, TopEntryPoint};

use super::Reading;
use crate::code::language::Language;
use crate::code::lexis;

/// The most tokens that a text may have. Each can be a level of the descent, which takes up to 2 KB of the stack (`{`, measured).
const MOST_TOKENS: usize = 16 << 10;

/// The newest edition, and the one in which `try!` was a macro like others (The Rust Edition Guide, "Rust 2018").
const EDITION: Edition = Edition::Edition2024;
const FIRST_EDITION: Edition = Edition::Edition2015;

pub(super) fn read(code: &str) -> Reading {
    let reading = match of_edition(EDITION, code) {
        Reading::Refused if code.contains("try!") => of_edition(FIRST_EDITION, code),
        reading => reading,
    };
    match undocumented(code) {
        Some(at) if reading == Reading::Right => Reading::Broken(at),
        _ => reading,
    }
}

fn of_edition(edition: Edition, code: &str) -> Reading {
    match file(edition, code) {
        // A piece of a program may be statements.
        Reading::Refused => file(edition, &format!("fn a() {{\n{code}\n}}")),
        reading => reading,
    }
}

fn file(edition: Edition, code: &str) -> Reading {
    let lexed = LexedStr::new(edition, code);
    let tokens = (0..lexed.len()).filter(|&token| !lexed.kind(token).is_trivia()).count();
    if tokens > MOST_TOKENS {
        return Reading::Unknown;
    }
    if lexed.errors().next().is_some() {
        return Reading::Refused;
    }
    let steps = TopEntryPoint::SourceFile.parse(&lexed.to_input(edition));
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
