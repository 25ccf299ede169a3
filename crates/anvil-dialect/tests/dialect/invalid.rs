//! Bodies that are no request: which error, and whom it names.

use anvil_dialect::{Dialect, Invalid, Overrides, Request, translate};
use bytes::Bytes;
use proptest::prelude::*;

use crate::{DIALECTS, decode};

#[test]
fn not_utf8_says_where() {
    for dialect in DIALECTS {
        let body = b"{\"model\":\"\xff\"}".to_vec();
        assert_eq!(decode(dialect, body).unwrap_err(), Invalid::NotUtf8 { offset: 10 });
    }
}

#[test]
fn not_json_says_where() {
    for (body, offset) in
        [("", 0), ("{", 1), ("{\"model\":", 9), ("{\"model\":\"m\",}", 13), ("nope", 1), ("{'a':1}", 1)]
    {
        for dialect in DIALECTS {
            match decode(dialect, body).unwrap_err() {
                Invalid::NotJson { offset: at, .. } => assert_eq!(at, offset, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}

#[test]
fn trailing_text_is_refused() {
    let body = r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]} {}"#;
    for dialect in DIALECTS {
        assert!(matches!(decode(dialect, body), Err(Invalid::NotJson { .. })));
    }
}

#[test]
fn raw_control_characters_and_non_finite_numbers_are_not_json() {
    for value in ["\"a\nb\"", "\"\0\"", "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x1", r#""\x""#] {
        let body =
            format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],"x":{value}}}"#);
        for dialect in DIALECTS {
            assert!(matches!(decode(dialect, body.clone()), Err(Invalid::NotJson { .. })), "{value:?}");
        }
    }
}

#[test]
fn other_json_is_not_an_object() {
    for body in ["[]", "1", "\"x\"", "null", "true", " [1, {}] "] {
        for dialect in DIALECTS {
            assert_eq!(decode(dialect, body).unwrap_err(), Invalid::NotAnObject, "{body}");
        }
    }
}

#[test]
fn ten_thousand_levels_are_refused() {
    for dialect in DIALECTS {
        for body in [
            "[".repeat(10_000),
            r#"{"a":"#.repeat(10_000),
            format!(r#"{{"x":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000)),
        ] {
            assert!(matches!(decode(dialect, body), Err(Invalid::NotJson { .. })));
        }
    }
}

#[test]
fn a_member_twice_is_refused_however_it_is_spelt() {
    for body in [
        r#"{"model":"a","model":"b","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#,
        r#"{"model":"a","mod\u0065l":"b","max_tokens":1,"messages":[{"role":"user","content":"x"}]}"#,
    ] {
        for dialect in DIALECTS {
            let error = decode(dialect, body).unwrap_err();
            assert_eq!(error, Invalid::Duplicate { path: "model".to_owned() });
            assert_eq!(error.param(), Some("model"));
        }
    }
}

#[test]
fn too_many_members_are_refused() {
    let members: Vec<String> = (0..1_025).map(|n| format!("\"m{n}\":0")).collect();
    assert!(matches!(decode(Dialect::Chat, format!("{{{}}}", members.join(","))), Err(Invalid::WrongType { .. })));
}

#[test]
fn a_question_about_a_prompt_needs_no_cap() {
    let prompt = |body: &str| Request::decode_prompt(Dialect::Messages, Bytes::copy_from_slice(body.as_bytes()));
    let user = r#""messages":[{"role":"user","content":"Say it."}]"#;
    let request = prompt(&format!(r#"{{"model":"m",{user}}}"#)).unwrap();
    assert_eq!((request.facts().messages, request.facts().max_output_tokens), (1, None));
    let chat = translate(&request, Dialect::Chat, &Overrides::default()).unwrap();
    assert_eq!(chat.body, format!(r#"{{"model":"m",{user}}}"#));
    assert_eq!(prompt(&format!("{{{user}}}")).unwrap_err().param(), Some("model"));
    assert_eq!(prompt(r#"{"model":"m"}"#).unwrap_err().param(), Some("messages"));
}

#[test]
fn each_missing_and_mistyped_member_is_named() {
    use Dialect::{Chat, Messages};
    let user = r#""messages":[{"role":"user","content":"x"}]"#;
    let cases: Vec<(Dialect, String, &str)> = vec![
        (Messages, format!(r#"{{"max_tokens":1,{user}}}"#), "model"),
        (Messages, format!(r#"{{"model":"m",{user}}}"#), "max_tokens"),
        (Messages, r#"{"model":"m","max_tokens":1}"#.to_owned(), "messages"),
        (Messages, format!(r#"{{"model":"","max_tokens":1,{user}}}"#), "model"),
        (Messages, format!(r#"{{"model":null,"max_tokens":1,{user}}}"#), "model"),
        (Messages, format!(r#"{{"model":"m","max_tokens":0,{user}}}"#), "max_tokens"),
        (Messages, format!(r#"{{"model":"m","max_tokens":-1,{user}}}"#), "max_tokens"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1.5,{user}}}"#), "max_tokens"),
        (Messages, format!(r#"{{"model":"m","max_tokens":"1",{user}}}"#), "max_tokens"),
        (Messages, format!(r#"{{"model":"m","max_tokens":null,{user}}}"#), "max_tokens"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1{},{user}}}"#, "0".repeat(4_000)), "max_tokens"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1,"stream":"yes",{user}}}"#), "stream"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1,"system":7,{user}}}"#), "system"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1,"tools":{{}},{user}}}"#), "tools"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1,"tools":[1],{user}}}"#), "tools.0"),
        (Messages, format!(r#"{{"model":"m","max_tokens":1,"tools":[{{"name":"a"}},{{}}],{user}}}"#), "tools.1.name"),
        (Messages, r#"{"model":"m","max_tokens":1,"messages":{}}"#.to_owned(), "messages"),
        (Messages, r#"{"model":"m","max_tokens":1,"messages":[]}"#.to_owned(), "messages"),
        (Messages, r#"{"model":"m","max_tokens":1,"messages":["x"]}"#.to_owned(), "messages.0"),
        (Messages, r#"{"model":"m","max_tokens":1,"messages":[{"content":"x"}]}"#.to_owned(), "messages.0.role"),
        (
            Messages,
            r#"{"model":"m","max_tokens":1,"messages":[{"role":1,"content":"x"}]}"#.to_owned(),
            "messages.0.role",
        ),
        (Messages, r#"{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}"#.to_owned(), "messages.0.content"),
        (
            Messages,
            r#"{"model":"m","max_tokens":1,"messages":[{"role":"user","content":null}]}"#.to_owned(),
            "messages.0.content",
        ),
        (Chat, format!("{{{user}}}"), "model"),
        (Chat, r#"{"model":"m"}"#.to_owned(), "messages"),
        (Chat, format!(r#"{{"model":7,{user}}}"#), "model"),
        (Chat, r#"{"model":"m","messages":null}"#.to_owned(), "messages"),
        (Chat, r#"{"model":"m","messages":[]}"#.to_owned(), "messages"),
        (Chat, r#"{"model":"m","messages":[{}]}"#.to_owned(), "messages.0.role"),
        (Chat, r#"{"model":"m","messages":[{"role":"user","content":7}]}"#.to_owned(), "messages.0.content"),
        (Chat, format!(r#"{{"model":"m","max_completion_tokens":0,{user}}}"#), "max_completion_tokens"),
        (Chat, format!(r#"{{"model":"m","max_tokens":1e3,{user}}}"#), "max_tokens"),
        (Chat, format!(r#"{{"model":"m","stream":1,{user}}}"#), "stream"),
        (Chat, format!(r#"{{"model":"m","tools":"x",{user}}}"#), "tools"),
        (Chat, format!(r#"{{"model":"m","tools":[null],{user}}}"#), "tools.0"),
    ];
    for (dialect, body, path) in cases {
        assert_blames(dialect, &body, path);
    }
}

fn assert_blames(dialect: Dialect, body: &str, path: &str) {
    let error = decode(dialect, body).expect_err(body);
    assert_eq!(error.param(), Some(path), "{body}: {error}");
    assert!(error.to_string().starts_with(&format!("{path}: ")), "{error}");
}

#[test]
fn each_missing_and_mistyped_member_of_responses_is_named() {
    for (body, path) in [
        (r#"{"input":"x"}"#, "model"),
        (r#"{"model":"","input":"x"}"#, "model"),
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":null}"#, "input"),
        (r#"{"model":"m","input":[]}"#, "input"),
        (r#"{"model":"m","input":{}}"#, "input"),
        (r#"{"model":"m","input":["x"]}"#, "input.0"),
        (r#"{"model":"m","input":[{}]}"#, "input.0.role"),
        (r#"{"model":"m","input":[{"role":1,"content":"x"}]}"#, "input.0.role"),
        (r#"{"model":"m","input":[{"role":"user"}]}"#, "input.0.content"),
        (r#"{"model":"m","input":[{"type":"message","role":"user","content":null}]}"#, "input.0.content"),
        (r#"{"model":"m","input":[{"content":7,"role":"user"}]}"#, "input.0.content"),
        (r#"{"model":"m","input":[{"type":"item_reference"}]}"#, "input.0.id"),
        (r#"{"model":"m","input":"x","instructions":[]}"#, "instructions"),
        (r#"{"model":"m","input":"x","max_output_tokens":0}"#, "max_output_tokens"),
        (r#"{"model":"m","input":"x","stream":1}"#, "stream"),
        (r#"{"model":"m","input":"x","store":"no"}"#, "store"),
        (r#"{"model":"m","input":"x","tools":{}}"#, "tools"),
        (r#"{"model":"m","input":"x","tools":[1]}"#, "tools.0"),
        (r#"{"model":"m","previous_response_id":""}"#, "previous_response_id"),
    ] {
        assert_blames(Dialect::Responses, body, path);
    }
}

#[test]
fn null_is_absence_in_chat() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":null}],"max_tokens":null,"max_completion_tokens":null,
        "stream":null,"tools":null,"tool_choice":null,"reasoning_effort":null,"response_format":null,"prompt_cache_key":null}"#;
    let facts = decode(Dialect::Chat, body).unwrap().facts().clone();
    let expected = anvil_dialect::Facts { model: "m".to_owned(), messages: 1, ..anvil_dialect::Facts::default() };
    assert_eq!(facts, expected);
}

#[test]
fn null_is_absence_in_responses() {
    let names = [
        "instructions",
        "max_output_tokens",
        "stream",
        "store",
        "tools",
        "tool_choice",
        "reasoning",
        "text",
        "prompt_cache_key",
        "previous_response_id",
        "conversation",
        "prompt",
    ];
    let nulls: Vec<String> = names.iter().map(|name| format!(r#""{name}":null"#)).collect();
    let facts = decode(Dialect::Responses, format!(r#"{{"model":"m","input":"",{}}}"#, nulls.join(",")))
        .unwrap()
        .facts()
        .clone();
    let expected =
        anvil_dialect::Facts { model: "m".to_owned(), messages: 1, store: true, ..anvil_dialect::Facts::default() };
    assert_eq!(facts, expected);
}

#[test]
fn references_without_end_are_refused() {
    let reference = r#"{"type":"item_reference","id":"msg_1"}"#;
    let input = |count: usize| format!(r#"{{"model":"m","input":[{}]}}"#, vec![reference; count].join(","));
    assert_eq!(decode(Dialect::Responses, input(4_096)).unwrap().facts().item_references.len(), 4_096);
    assert_eq!(decode(Dialect::Responses, input(4_097)).unwrap_err().param(), Some("input.4096"));
}

#[test]
fn errors_do_not_repeat_the_callers_text() {
    let error = decode(Dialect::Chat, r#"{"model":"m","messages":"a secret"}"#).unwrap_err();
    assert!(!error.to_string().contains("secret"));
}

/// JSON of any shape, with the names that the readers look for.
#[expect(clippy::too_many_lines, reason = "two tables of words")]
pub(crate) fn json() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        proptest::sample::select(vec![
            "model",
            "messages",
            "role",
            "content",
            "type",
            "text",
            "tools",
            "name",
            "function",
            "max_tokens",
            "stream",
            "system",
            "metadata",
            "user_id",
            "thinking",
            "output_config",
            "choices",
            "delta",
            "index",
            "finish_reason",
            "usage",
            "error",
            "message",
            "detail",
            "prompt_tokens",
            "image_url",
            "is_error",
            "tool_use_id",
            "anvil",
            "input",
            "output",
            "id",
            "instructions",
            "format",
            "effort",
        ])
        .prop_map(str::to_owned),
        "[a-z]{0,4}",
    ];
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        proptest::sample::select(vec![
            "1.0",
            "1e5",
            "-0",
            "123456789012345678901234567890",
            "\"\\ud83d\"",
            "\"\\u0000\""
        ])
        .prop_map(str::to_owned),
        proptest::sample::select(vec![
            "user",
            "assistant",
            "system",
            "tool",
            "tool_result",
            "text",
            "image",
            "message_start",
            "message_delta",
            "message_stop",
            "stop",
            "error",
            "ping",
            "item_reference",
            "namespace",
            "input_image",
        ])
        .prop_map(anvil_dialect::quoted),
        ".{0,8}".prop_map(|text| anvil_dialect::quoted(&text)),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|values| format!("[{}]", values.join(","))),
            proptest::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("{}:{value}", anvil_dialect::quoted(name))).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_a_request_or_an_error(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        for dialect in DIALECTS {
            let _ = decode(dialect, body.clone());
        }
    }

    #[test]
    fn any_json_is_a_request_or_an_error(body in json()) {
        for dialect in DIALECTS {
            if let Ok(request) = decode(dialect, body.clone()) {
                prop_assert!(request.facts().messages > 0 || dialect == Dialect::Responses);
            }
        }
    }

    #[test]
    fn any_json_as_messages_is_a_request_or_an_error(messages in json(), other in json()) {
        let body = format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":{messages}}}],"system":{other}}}"#);
        for dialect in DIALECTS {
            let _ = decode(dialect, body.clone());
        }
        for body in [
            format!(r#"{{"model":"m","input":{messages},"tools":{other}}}"#),
            format!(r#"{{"model":"m","input":[{messages}],"text":{other}}}"#),
            format!(r#"{{"model":"m","input":[{{"role":"user","content":{messages}}}],"reasoning":{other}}}"#),
            format!(r#"{{"model":"m","input":[{{"type":"x_output","output":{messages}}}],"tools":[{other}]}}"#),
        ] {
            let _ = decode(Dialect::Responses, body);
        }
    }
}
