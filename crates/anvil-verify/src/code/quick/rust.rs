//! Rust, by rust-analyzer's parser.

use ra_ap_parser::{Edition, LexedStr, Step, TopEntryPoint};

/// The most tokens that a text may have. Each can be a level of the descent, which takes up to 2 KB of the stack (`{`, measured).
const MOST_TOKENS: usize = 16 << 10;

const EDITION: Edition = Edition::Edition2024;

pub(super) fn accepts(code: &str) -> bool {
    // A piece of a program may be statements.
    is_file(code) || is_file(&format!("fn a() {{\n{code}\n}}"))
}

fn is_file(code: &str) -> bool {
    let lexed = LexedStr::new(EDITION, code);
    let tokens = (0..lexed.len()).filter(|&token| !lexed.kind(token).is_trivia()).count();
    if tokens > MOST_TOKENS || lexed.errors().next().is_some() {
        return false;
    }
    let steps = TopEntryPoint::SourceFile.parse(&lexed.to_input(EDITION));
    !steps.iter().any(|step| matches!(step, Step::Error { .. }))
}
