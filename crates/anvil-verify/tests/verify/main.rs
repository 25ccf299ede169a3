//! The crate from outside: verdicts, and what is said of defects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets an error has failed")]

mod c;
mod calls;
mod code;
mod content;
mod diff;
mod edits;
mod fence;
mod format;
mod git;
mod hostile;
mod leaked_call;
mod odd_code;
mod refusal;
mod repair;
mod repetition;
mod replay;
mod schema;
mod schema_suite;
mod shell;
mod strict_json;
mod template;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anvil_verify::{Completeness, Defect, Span, form};

fn every_defect() -> Vec<Defect> {
    vec![
        Defect::StreamCut,
        Defect::NoAnswer,
        Defect::MalformedEvent { reason: "r".to_owned() },
        Defect::MalformedAnswer { reason: "r".to_owned() },
        Defect::WrongContentType { expected: "text/event-stream" },
        Defect::TooLarge { limit: 7 },
        Defect::TierError { kind: "k".to_owned(), words: "http://10.0.0.7 secret".to_owned() },
        Defect::Empty,
        Defect::Blank,
        Defect::ReasoningOnly,
        Defect::CutShort,
        Defect::TemplateToken { span: SPAN },
        Defect::CallAsText { span: SPAN },
        Defect::Repetition { span: SPAN },
        Defect::Refusal { span: SPAN },
        Defect::LowConfidence,
        Defect::PromptTruncated { counted: 1, expected: 9 },
        Defect::UnknownTool,
        Defect::MalformedArguments { reason: "r", span: SPAN },
        Defect::SchemaMismatch { keyword: "type".to_owned() },
        Defect::ToolChoiceIgnored,
        Defect::ParallelCalls,
        Defect::DuplicateCallId,
        Defect::EditTextMissing { edit: 0 },
        Defect::EditTextAmbiguous { edit: 0 },
        Defect::EditWithoutEffect { edit: 0 },
        Defect::MalformedPatch { reason: "r", span: SPAN },
        Defect::PatchContextMissing { hunk: 0 },
        Defect::BrokenCode { language: "python", line: 1, span: SPAN },
        Defect::OpenFence { span: SPAN },
        Defect::NotJson { reason: "r", span: SPAN },
        Defect::FormatMismatch { keyword: "type".to_owned() },
    ]
}

const SPAN: Span = Span { start: 0, end: 1 };

#[test]
fn labels_are_of_one_kind_and_differ() {
    let labels: BTreeSet<&str> = every_defect().iter().map(Defect::label).collect();
    assert_eq!(labels.len(), every_defect().len());
    let source = include_str!("../../src/defect.rs");
    assert_eq!(source.matches("=> \"").count(), labels.len(), "one is missing above");
    assert!(labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
}

#[test]
fn the_tiers_words_are_not_displayed() {
    for defect in every_defect() {
        assert!(!defect.to_string().contains("secret"), "{defect}");
    }
}

#[test]
fn what_could_be_read_passes_and_what_could_not_is_a_defect() {
    assert_eq!(form::event(Ok::<_, &str>(7)).unwrap().0, 7);
    assert_eq!(form::event(Err::<(), _>("r")).unwrap_err(), Defect::MalformedEvent { reason: "r".to_owned() });
    assert_eq!(form::answer(Ok::<_, &str>(7)).unwrap().0, 7);
    assert_eq!(form::answer(Err::<(), _>("r")).unwrap_err(), Defect::MalformedAnswer { reason: "r".to_owned() });
}

#[test]
fn a_finish_without_a_beginning_is_no_answer() {
    let mut completeness = Completeness::default();
    completeness.note(0, 1);
    assert!(!completeness.is_complete());
    assert_eq!(completeness.verdict().unwrap_err(), Defect::NoAnswer);
}

#[test]
fn the_last_of_128_choices_counts() {
    let mut completeness = Completeness::default();
    completeness.note(u128::MAX, u128::MAX >> 1);
    assert_eq!(completeness.verdict().unwrap_err(), Defect::StreamCut);
    completeness.note(0, 1 << 127);
    assert!(completeness.verdict().is_ok());
}

/// The text in pieces of at most so many bytes, none cut within a character.
pub(crate) fn pieces(text: &str, size: usize) -> Vec<&str> {
    let (mut rest, mut pieces) = (text, Vec::new());
    while !rest.is_empty() {
        let ends = (1..=rest.len()).filter(|at| rest.is_char_boundary(*at));
        let end = ends.clone().take_while(|at| *at <= size).last().or_else(|| ends.clone().next()).unwrap();
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The files below a folder whose names end so.
pub(crate) fn files_under(root: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && path.extension().is_some_and(|found| extensions.iter().any(|named| found == *named))
            {
                files.push(path);
            }
        }
    }
    files
}
