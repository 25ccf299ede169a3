//! Nothing, white space, reasoning only, and what a cap excuses.

use anvil_verify::{Content, Defect, Finish};

const FINISHES: [Finish; 6] =
    [Finish::Stop, Finish::Length, Finish::ToolCalls, Finish::Refusal, Finish::Other, Finish::Unknown];

fn content(text: &[&str], reasoning: &[&str]) -> Content {
    let mut content = Content::default();
    for piece in text {
        content.feed_text(piece);
    }
    for piece in reasoning {
        content.feed_reasoning(piece);
    }
    content
}

#[test]
fn an_answer_that_ends_by_itself_says_something() {
    for finish in [Finish::Stop, Finish::ToolCalls, Finish::Unknown] {
        let end = |text: &[&str], reasoning: &[&str]| content(text, reasoning).end(finish, Some(9), Some(9)).err();
        assert_eq!(end(&[], &[]), Some(Defect::Empty));
        assert_eq!(end(&["", ""], &[""]), Some(Defect::Empty));
        assert_eq!(end(&[" ", "\n\t"], &[]), Some(Defect::Blank));
        assert_eq!(end(&["\u{200b}\u{feff}"], &[" "]), Some(Defect::Blank));
        assert_eq!(end(&[], &["Hm."]), Some(Defect::ReasoningOnly));
        assert_eq!(end(&["\n\n"], &["Hm", "."]), Some(Defect::ReasoningOnly));
        assert_eq!(end(&["", ".", " "], &[]), None);
    }
}

#[test]
fn a_reason_for_nothing_is_believed() {
    for finish in [Finish::Refusal, Finish::Other] {
        assert!(content(&[], &["Hm."]).end(finish, None, None).is_ok());
    }
}

#[test]
fn a_call_is_an_answer() {
    for finish in FINISHES {
        let mut content = content(&[], &["Hm."]);
        content.called();
        let is_whole = content.end(finish, None, None).is_ok();
        assert_eq!(is_whole, finish != Finish::Length, "{finish:?}");
    }
}

#[test]
fn the_callers_own_cap_excuses_everything() {
    for (text, reasoning) in [(&[][..], &[][..]), (&[" "], &[]), (&[], &["Hm"]), (&["Half an ans"], &[])] {
        for (tokens, cap) in
            [(Some(1), 1), (Some(4096), 4096), (Some(4090), 4096), (Some(5000), 4096), (None, 4096), (Some(0), 9)]
        {
            assert!(content(text, reasoning).end(Finish::Length, tokens, Some(cap)).is_ok(), "{tokens:?} of {cap}");
        }
    }
}

#[test]
fn a_cap_that_is_not_the_callers_cuts_short() {
    for (tokens, cap) in [(Some(2048), Some(32_000)), (Some(2048), None), (None, None), (Some(1000), Some(1017))] {
        let verdict = content(&["Half an ans"], &[]).end(Finish::Length, tokens, cap);
        assert_eq!(verdict.unwrap_err(), Defect::CutShort, "{tokens:?} of {cap:?}");
    }
}
