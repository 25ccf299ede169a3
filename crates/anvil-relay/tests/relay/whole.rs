//! What a client gets of a whole answer.

use anvil_dialect::{Dialect, FinishReason};
use anvil_relay::{Defect, Ending, Form, Step};

use crate::{run, setup, text, wire};

#[test]
fn the_answer_is_the_tiers_with_the_callers_model() {
    for (dialect, case, model) in [(Dialect::Messages, "claude_code", "qwen3-coder"), (Dialect::Chat, "aider", "qwen")]
    {
        let body = wire(dialect, &format!("{case}/answer.json"));
        for length in [1, 7, body.len()] {
            let (out, step) = run(setup(dialect, Form::Whole), body.chunks(length), Ending::Clean);
            let expected = text(&body).replace(&format!("\"model\":\"{model}\""), "\"model\":\"planning\"");
            assert_eq!(text(&out), expected);
            let Step::Done(report) = step else { panic!("{step:?}") };
            assert!(report.finish.is_some());
        }
    }
}

#[test]
fn nothing_leaves_before_the_end() {
    let body = wire(Dialect::Chat, "aider/answer.json");
    for length in 0..body.len() {
        for ending in [Ending::Clean, Ending::Cut] {
            let (out, step) = run(setup(Dialect::Chat, Form::Whole), [&body[..length]], ending);
            assert!(out.is_empty() && matches!(step, Step::Reject(_)), "{length}: {step:?}");
        }
    }
    let (out, step) = run(setup(Dialect::Chat, Form::Whole), [&body[..]], Ending::Cut);
    assert!(out.is_empty());
    assert_eq!(step, Step::Reject(Defect::StreamCut));
}

#[test]
fn an_answer_at_the_cap_passes_and_one_byte_more_does_not() {
    let body = wire(Dialect::Chat, "aider/answer.json");
    for length in [1, body.len()] {
        let mut setup = setup(Dialect::Chat, Form::Whole);
        setup.max_answer_bytes = body.len();
        assert!(matches!(run(setup.clone(), body.chunks(length), Ending::Clean).1, Step::Done(_)));
        setup.max_answer_bytes -= 1;
        let limit = body.len() - 1;
        assert_eq!(run(setup, body.chunks(length), Ending::Clean).1, Step::Reject(Defect::TooLarge { limit }));
    }
}

#[test]
fn an_error_under_a_status_of_success_rejects() {
    let body = br#"{"error":{"type":"server_error","message":"no memory"}}"#;
    let (out, step) = run(setup(Dialect::Chat, Form::Whole), [&body[..]], Ending::Clean);
    assert!(out.is_empty());
    assert_eq!(
        step,
        Step::Reject(Defect::TierError { kind: "server_error".to_owned(), words: "no memory".to_owned() })
    );
}

#[test]
fn a_document_passes_as_it_came() {
    let body = br#" {"object":"list","data":[{"id":"m"}]} "#;
    let (out, step) = run(setup(Dialect::Chat, Form::Document), [&body[..]], Ending::Clean);
    assert_eq!(out, body);
    assert!(matches!(step, Step::Done(report) if report.finish.is_none()));
    let (out, step) = run(setup(Dialect::Chat, Form::Document), [&b"<html>"[..]], Ending::Clean);
    assert!(out.is_empty() && matches!(step, Step::Reject(Defect::MalformedAnswer { .. })));
}

#[test]
fn why_it_stopped_is_reported() {
    let body = wire(Dialect::Messages, "refusal/answer.json");
    let (_, step) = run(setup(Dialect::Messages, Form::Whole), [&body[..]], Ending::Clean);
    assert!(matches!(step, Step::Done(report) if report.finish == Some(FinishReason::Refusal)));
}
