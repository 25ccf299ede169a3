//! What a whole answer is.

use anvil_dialect::answer::{self, Answer};
use anvil_dialect::{Dialect, FinishReason, Usage};
use proptest::prelude::*;

use crate::{invalid::json, wire};

fn whole(dialect: Dialect, case: &str) -> (String, Option<FinishReason>, Usage) {
    let body = wire(&format!("{}/{case}/answer.json", dialect.name()));
    match answer::read(dialect, &body).unwrap() {
        Answer::Whole { spans, finish, usage, .. } => {
            (String::from_utf8(body[spans.model.unwrap()].to_vec()).unwrap(), finish, usage)
        }
        Answer::Error(error) => panic!("{error:?}"),
    }
}

#[test]
fn whole_answers() {
    let usage =
        Usage { input: Some(4_112), output: Some(57), cached: Some(4_000), written: Some(100), reasoning: None };
    let expected = ("\"qwen3-coder\"".to_owned(), Some(FinishReason::ToolCalls), usage);
    assert_eq!(whole(Dialect::Messages, "claude_code"), expected);
    assert_eq!(whole(Dialect::Messages, "refusal").1, Some(FinishReason::Refusal));
    let usage = Usage { input: Some(30), output: Some(12), cached: Some(16), written: None, reasoning: Some(4) };
    assert_eq!(whole(Dialect::Chat, "openai_py"), ("\"qwen\"".to_owned(), Some(FinishReason::ToolCalls), usage));
    assert_eq!(whole(Dialect::Chat, "pi").1, Some(FinishReason::Length));
}

#[test]
fn errors_under_a_status_of_success() {
    for (dialect, body) in [
        (Dialect::Messages, r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#),
        (Dialect::Chat, r#"{"error":{"type":"api_error","message":"no"}}"#),
        (Dialect::Chat, r#"{"choices":[],"error":{"type":"api_error","message":"no"}}"#),
    ] {
        match answer::read(dialect, body.as_bytes()).unwrap() {
            Answer::Error(error) => assert_eq!((error.kind.as_str(), error.message.as_str()), ("api_error", "no")),
            other @ Answer::Whole { .. } => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_no_answer() {
    for body in ["", "{", "[]", "{}", "<html>", r#"{"content":"x"}"#, r#"{"content":[]} x"#, r#"{"error":null}"#] {
        assert!(answer::read(Dialect::Messages, body.as_bytes()).is_err(), "{body}");
    }
    for body in [
        "",
        "{}",
        "null",
        r#"{"choices":[]}"#,
        r#"{"choices":null}"#,
        r#"{"choices":[{"delta":{}}]}"#,
        r#"{"choices":[{"message":null}]}"#,
        r#"{"choices":[{"message":{}},{}]}"#,
    ] {
        assert!(answer::read(Dialect::Chat, body.as_bytes()).is_err(), "{body}");
    }
    assert!(answer::read(Dialect::Chat, b"\xff").is_err());
}

#[test]
fn half_a_surrogate_pair() {
    let body = br#"{"content":[{"type":"text","text":"\ud83d"}],"stop_reason":"end_turn"}"#;
    assert!(answer::read(Dialect::Messages, body).is_ok());
    assert!(answer::read_document(br#"{"data":["\udc00"]}"#).is_ok());
}

#[test]
fn documents_are_any_json() {
    for body in ["{}", "[]", "1", r#"{"data":[{"id":"m"}]}"#] {
        assert!(answer::read_document(body.as_bytes()).is_ok(), "{body}");
    }
    for body in ["", "{", "<html>", "{} {}"] {
        assert!(answer::read_document(body.as_bytes()).is_err(), "{body}");
    }
}

proptest! {
    #[test]
    fn any_json_is_an_answer_or_an_error(body in json(), cut in 0_usize..200) {
        for dialect in [Dialect::Messages, Dialect::Chat] {
            let _ = answer::read(dialect, body.as_bytes());
            let _ = answer::read(dialect, &body.as_bytes()[..cut.min(body.len())]);
        }
    }
}

#[test]
fn a_document_may_name_its_model_its_cost_and_its_failure() {
    let body = r#"{"object":"list","data":[{"embedding":[0.1,-2e-9]}],"model":"bge","usage":{"prompt_tokens":7,"total_tokens":7}}"#;
    let Ok(Answer::Whole { spans, finish: None, usage, .. }) = answer::read_document(body.as_bytes()) else { panic!() };
    assert_eq!((&body[spans.model.unwrap()], usage.input), ("\"bge\"", Some(7)));
    for plain in [r#"{"model":7,"usage":null,"error":null}"#, r#"[{"score":0.5}]"#, "0"] {
        let read = answer::read_document(plain.as_bytes());
        assert!(matches!(read, Ok(Answer::Whole { spans, .. }) if spans.model.is_none()), "{plain}");
    }
    let failed = answer::read_document(br#"{"error":{"message":"no room","type":"server_error"}}"#);
    assert!(matches!(failed, Ok(Answer::Error(error)) if error.message == "no room"));
}
