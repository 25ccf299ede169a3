//! What declines, and what only sounds like it.

use anvil_verify::{Defect, Refusal};

fn refusal(text: &str, size: usize) -> Option<Defect> {
    let mut refusal = Refusal::default();
    for piece in crate::pieces(text, size) {
        refusal.feed(piece);
    }
    refusal.end()
}

#[test]
fn a_short_answer_that_declines_is_a_refusal() {
    for (text, phrase) in [
        ("I'm sorry, but I can't assist with that.", "I can't assist with"),
        ("I’m sorry, I CAN’T HELP WITH THAT request.", "I CAN’T HELP WITH THAT"),
        ("As an AI language model, I do not have access to files.", "As an AI language model, I"),
        ("Es tut mir leid, dabei kann ich dir nicht helfen.", "dabei kann ich dir nicht helfen"),
        ("Désolé, je ne peux pas vous aider avec cette demande.", "je ne peux pas vous aider avec"),
        ("К сожалению, я не могу помочь с этим.", "я не могу помочь с эт"),
        ("很抱歉，我无法协助处理该请求。", "我无法协助"),
        ("申し訳ありませんが、お手伝いできません。", "お手伝いできません"),
    ] {
        for size in [1, 7, usize::MAX] {
            let span = refusal(text, size).and_then(|defect| defect.span()).unwrap();
            assert_eq!(&text[span.start..span.end], phrase);
        }
    }
}

#[test]
fn an_answer_that_says_something_is_none() {
    let goes_on =
        format!("I'm sorry, but I can't assist with that part. {}", "What I did instead is this. ".repeat(30));
    let late = format!("{} I cannot assist with that.", "The tests pass now. ".repeat(12));
    for text in [
        "",
        "I'm sorry, but I can't find `src/main.rs`. Which file do you mean?",
        "I'm sorry, but I can't find the file. Which one do you mean?",
        "I cannot reproduce the failure on this machine.",
        "I can't assist with that, but `git revert HEAD` will.",
        &goes_on,
        &late,
    ] {
        for size in [1, 64, usize::MAX] {
            assert_eq!(refusal(text, size), None, "{text}");
        }
    }
}

#[test]
fn who_calls_a_tool_does_not_decline() {
    let mut refusal = Refusal::default();
    refusal.feed("I can't help with that.");
    refusal.called();
    assert_eq!(refusal.end(), None);
}
