//! How an error looks, and how a tier's is read.

use anvil_dialect::envelope::{self, ErrorKind, TierError};
use anvil_dialect::{DeltaWriter, Dialect, Head};
use proptest::prelude::*;
use serde_json::{Value, json};

const KINDS: [&str; 11] = [
    "invalid_request",
    "context_overflow",
    "authentication",
    "permission",
    "not_found",
    "method_not_allowed",
    "timeout",
    "too_large",
    "rate_limited",
    "overloaded",
    "internal",
];

fn parsed(dialect: Dialect, kind: &str, message: &str, param: Option<&str>) -> Value {
    serde_json::from_slice(&envelope::body(dialect, ErrorKind::from_name(kind), message, param, "req_1")).unwrap()
}

#[test]
fn the_vendors_shapes() {
    assert_eq!(
        parsed(Dialect::Messages, "overloaded", "Overloaded", Some("x")),
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"})
    );
    assert_eq!(
        parsed(Dialect::Chat, "authentication", "No key", None),
        json!({"error": {"message": "No key", "type": "invalid_request_error", "param": null, "code": "invalid_api_key"}})
    );
    assert_eq!(parsed(Dialect::Chat, "invalid_request", "m", Some("a.0"))["error"]["param"], "a.0");
}

#[test]
fn a_prompt_that_is_too_long_has_a_code_of_its_own_where_there_are_codes() {
    let error =
        &parsed(Dialect::Messages, "context_overflow", "prompt is too long: 2 tokens > 1 maximum", None)["error"];
    assert_eq!(*error, json!({"type": "invalid_request_error", "message": "prompt is too long: 2 tokens > 1 maximum"}));
    for dialect in [Dialect::Chat, Dialect::Responses] {
        let error = &parsed(dialect, "context_overflow", "m", Some("input"))["error"];
        assert_eq!(error["code"], "context_length_exceeded");
        assert_eq!((&error["type"], &error["param"]), (&json!("invalid_request_error"), &json!("input")));
    }
    let mut event = Vec::new();
    let kind = ErrorKind::from_name("context_overflow");
    DeltaWriter::new(Dialect::Responses, Head::default()).fail(kind, "m", "req_1", &mut event);
    assert!(String::from_utf8(event).unwrap().contains(r#""code":"context_length_exceeded""#));
}

#[test]
fn codex_is_never_told_that_the_server_is_overloaded() {
    for kind in KINDS {
        assert!(!parsed(Dialect::Chat, kind, "", None).to_string().contains("server_is_overloaded"));
    }
}

proptest! {
    #[test]
    fn any_words_make_json_and_one_event(message in any::<String>(), id in any::<String>(), kind in 0..KINDS.len()) {
        let kind = ErrorKind::from_name(KINDS[kind]);
        for dialect in [Dialect::Messages, Dialect::Chat, Dialect::Responses] {
            let body = envelope::body(dialect, kind, &message, Some(&message), &id);
            let value: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(value["error"]["message"].as_str(), Some(message.as_str()));
            let mut event = Vec::new();
            DeltaWriter::new(dialect, Head::default()).fail(kind, &message, &id, &mut event);
            // JSON text has no raw line end, so the event has one line of data and its blank line is its end.
            prop_assert_eq!(memchr_count(&event, b"\n\n"), 1);
            prop_assert!(event.ends_with(b"\n\n"));
        }
    }

    #[test]
    fn any_body_reads_as_an_error(body in proptest::collection::vec(any::<u8>(), 0..100)) {
        let _ = TierError::from_body(&body);
    }

    #[test]
    fn any_json_reads_as_an_error(body in crate::invalid::json()) {
        let error = TierError::from_body(body.as_bytes());
        prop_assert!(error.message.len() <= 8_000 && error.kind.len() <= 8_000);
    }
}

fn memchr_count(haystack: &[u8], needle: &[u8]) -> usize {
    haystack.windows(needle.len()).filter(|window| *window == needle).count()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_bodies_that_engines_send() {
    for (body, kind, message, param) in [
        // OpenAI
        (
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"model","code":null}}"#,
            "invalid_request_error",
            "m",
            Some("model"),
        ),
        (
            r#"{"error":{"message":"m","type":null,"param":null,"code":"context_length_exceeded"}}"#,
            "context_length_exceeded",
            "m",
            None,
        ),
        // Anthropic
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"m"},"request_id":"r"}"#,
            "overloaded_error",
            "m",
            None,
        ),
        // vLLM, before and after 0.10; SGLang
        (
            r#"{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}"#,
            "BadRequestError",
            "m",
            None,
        ),
        (
            r#"{"error":{"message":"m","type":"NotFoundError","param":"model","code":404}}"#,
            "NotFoundError",
            "m",
            Some("model"),
        ),
        // llama.cpp
        (
            r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            "unavailable_error",
            "Loading model",
            None,
        ),
        // Ollama, TGI
        (r#"{"error":"m"}"#, "", "m", None),
        (r#"{"error":"m","error_type":"overloaded"}"#, "", "m", None),
        // FastAPI
        (r#"{"detail":"Not Found"}"#, "", "Not Found", None),
        (
            r#"{"detail":[{"loc":["body","n"],"msg":"Field required","type":"missing"},{"msg":"second"}]}"#,
            "",
            "Field required",
            None,
        ),
        (r#"{"detail":[]}"#, "", "", None),
        (r#"{"detail":{"a":1}}"#, "", "", None),
        // Gateways
        (r#"{"message":"m","detail":null}"#, "", "m", None),
        (r#"{"error":null,"message":"m"}"#, "", "m", None),
        (r#"{"message":"\ud83d m"}"#, "", "\u{fffd} m", None),
        // None of them
        ("<html><body>502 Bad Gateway</body></html>", "", "", None),
        ("", "", "", None),
        ("null", "", "", None),
        ("[]", "", "", None),
        (r#"{"error":{"message":"cut of"#, "", "", None),
    ] {
        let error = TierError::from_body(body.as_bytes());
        assert_eq!(
            (error.kind.as_str(), error.message.as_str(), error.param.as_deref()),
            (kind, message, param),
            "{body}"
        );
    }
    assert_eq!(TierError::from_body(b"\xff\xfe"), TierError::default());
}

#[test]
fn words_are_cut_at_a_character() {
    let long = "é".repeat(5_000);
    let body = format!(r#"{{"error":{{"message":"x{long}","type":"{long}","param":"{long}"}}}}"#);
    let error = TierError::from_body(body.as_bytes());
    assert_eq!(error.message.len(), 7_999);
    assert_eq!(error.kind.len(), 8_000);
    assert_eq!(error.param.unwrap().len(), 8_000);
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for part in [r#"{"error":"#, r#"{"detail":["#] {
        assert_eq!(TierError::from_body(part.repeat(50_000).as_bytes()), TierError::default());
    }
}
