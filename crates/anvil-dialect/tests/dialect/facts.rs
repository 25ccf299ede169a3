//! The facts of requests as harnesses send them.

use anvil_dialect::{Dialect, Facts};

use crate::{decode, facts, wire};

/// The facts of a recorded request, but for the hash of how its conversation begins (`words.rs`).
fn of_file(dialect: Dialect, case: &str) -> Facts {
    let request = decode(dialect, wire(&format!("{}/{case}/request.json", dialect.name()))).unwrap();
    Facts { conversation: 0, ..request.facts().clone() }
}

#[test]
fn claude_code() {
    let mut facts = of_file(Dialect::Messages, "claude_code");
    assert!((200..1_000 + 1_600).contains(&(facts.prompt_tokens - 1_600)), "{}", facts.prompt_tokens);
    facts.prompt_tokens = 0;
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        stream: true,
        max_output_tokens: Some(32_000),
        prompt_tokens: 0,
        messages: 4,
        tools: vec!["Read".to_owned(), "Bash".to_owned()],
        tool_choice: false,
        images: 1,
        documents: 0,
        thinking: true,
        effort: Some("high".to_owned()),
        structured_output: false,
        session: Some("b2b1c1de-6f0e-4c53-9c1e-3d1a53a2a111".to_owned()),
        dimensions: Vec::new(),
        conversation: 0,
        user_turns: 1,
        last_user_text: "Fix the failing test in src/parse.rs".to_owned(),
        last_user_bytes: 36,
        open_tool_loop: true,
        signed_thinking: true,
        unsigned_thinking: false,
        system_turns: true,
        thread: false,
        tool_results: vec!["toolu_01".to_owned(), "toolu_02".to_owned()],
        failed_tool_calls: vec!["toolu_02".to_owned()],
        previous_response: None,
        item_references: Vec::new(),
        store: false,
    };
    assert_eq!(facts, expected);
}

#[test]
fn anthropic_py() {
    let facts = of_file(Dialect::Messages, "anthropic_py");
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        max_output_tokens: Some(1_000),
        // "Say hi" and "Be kind." with their quotes: 18 bytes.
        prompt_tokens: 6,
        messages: 1,
        user_turns: 1,
        last_user_text: "Say hi".to_owned(),
        last_user_bytes: 6,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
}

#[test]
fn openai_py_with_nulls() {
    let mut facts = of_file(Dialect::Chat, "openai_py");
    facts.prompt_tokens = 0;
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        stream: true,
        messages: 2,
        tools: vec!["read".to_owned()],
        user_turns: 1,
        last_user_text: "What is in a.py?".to_owned(),
        last_user_bytes: 16,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
}

#[test]
fn aider() {
    let mut facts = of_file(Dialect::Chat, "aider");
    facts.prompt_tokens = 0;
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        stream: true,
        messages: 4,
        user_turns: 2,
        last_user_text: "add a docstring — to `f`".to_owned(),
        last_user_bytes: 26,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
}

#[test]
fn opencode() {
    let mut facts = of_file(Dialect::Chat, "opencode");
    assert!(facts.prompt_tokens >= 1_600);
    facts.prompt_tokens = 0;
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        stream: true,
        max_output_tokens: Some(32_000),
        messages: 4,
        tools: vec!["read".to_owned()],
        images: 1,
        user_turns: 1,
        last_user_text: "\"create a.py\"".to_owned(),
        last_user_bytes: 13,
        tool_results: vec!["call_1".to_owned()],
        open_tool_loop: true,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
}

#[test]
fn pi() {
    let mut facts = of_file(Dialect::Chat, "pi");
    facts.prompt_tokens = 0;
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        stream: true,
        max_output_tokens: Some(32_000),
        messages: 2,
        tools: vec!["bash".to_owned(), "apply_patch".to_owned()],
        documents: 1,
        thinking: true,
        structured_output: true,
        session: Some("0193-abc".to_owned()),
        user_turns: 1,
        last_user_text: "hello".to_owned(),
        last_user_bytes: 5,
        effort: Some("medium".to_owned()),
        ..Facts::default()
    };
    assert_eq!(facts, expected);
}

/// A Messages body with `members` besides the required ones and `messages`.
fn messages(messages: &str, members: &str) -> Facts {
    facts(Dialect::Messages, &format!(r#"{{"model":"m","max_tokens":1,"messages":{messages}{members}}}"#))
}

fn chat(messages: &str, members: &str) -> Facts {
    facts(Dialect::Chat, &format!(r#"{{"model":"m","messages":{messages}{members}}}"#))
}

const USER: &str = r#"[{"role":"user","content":"x"}]"#;

#[test]
fn switches_of_messages() {
    for (members, thinking) in [
        (r#","thinking":{"type":"enabled","budget_tokens":31999}"#, true),
        (r#","thinking":{"type":"disabled"}"#, false),
        (r#","thinking":null"#, false),
        (r#","output_config":{"effort":"low"}"#, true),
        (r#","output_config":{"effort":null}"#, false),
        (r#","output_config":null"#, false),
    ] {
        assert_eq!(messages(USER, members).thinking, thinking, "{members}");
    }
    for (members, structured) in [
        (r#","output_config":{"format":{"type":"json_schema","schema":{}}}"#, true),
        (r#","output_format":{"type":"json_schema"}"#, true),
        (r#","output_format":null"#, false),
    ] {
        assert_eq!(messages(USER, members).structured_output, structured, "{members}");
    }
    for (members, choice) in [
        (r#","tool_choice":{"type":"auto"}"#, false),
        (r#","tool_choice":{"type":"any"}"#, true),
        (r#","tool_choice":{"type":"tool","name":"x"}"#, true),
        (r#","tool_choice":null"#, false),
    ] {
        assert_eq!(messages(USER, members).tool_choice, choice, "{members}");
    }
}

#[test]
fn thinking_asked_for_and_then_output_config_without_effort_stays() {
    // Whatever the order of the two members, one that asks is enough.
    assert!(messages(USER, r#","thinking":{"type":"adaptive"},"output_config":{}"#).thinking);
    assert!(messages(USER, r#","output_config":{"effort":"high"},"thinking":{"type":"adaptive"}"#).thinking);
}

#[test]
fn a_metadata_user_id_that_is_no_session() {
    for members in [
        r#","metadata":{"user_id":"user-17"}"#,
        r#","metadata":{"user_id":"{\"session_id\":7}"}"#,
        r#","metadata":{"user_id":"{\"session_id\""}"#,
        r#","metadata":{"user_id":""}"#,
        r#","metadata":{"user_id":null}"#,
        r#","metadata":null"#,
        r#","metadata":[]"#,
    ] {
        assert_eq!(messages(USER, members).session, None, "{members}");
    }
}

#[test]
fn switches_of_chat() {
    for (members, thinking) in [
        (r#","reasoning_effort":"none""#, false),
        (r#","reasoning_effort":"low""#, true),
        (r#","reasoning_effort":null"#, false),
    ] {
        assert_eq!(chat(USER, members).thinking, thinking, "{members}");
    }
    for (members, choice) in [
        (r#","tool_choice":"auto""#, false),
        (r#","tool_choice":"required""#, true),
        (r#","tool_choice":{"type":"function","function":{"name":"x"}}"#, true),
        (r#","tool_choice":null"#, false),
    ] {
        assert_eq!(chat(USER, members).tool_choice, choice, "{members}");
    }
    for (members, structured) in [
        (r#","response_format":{"type":"text"}"#, false),
        (r#","response_format":{"type":"json_object"}"#, true),
        (r#","response_format":null"#, false),
    ] {
        assert_eq!(chat(USER, members).structured_output, structured, "{members}");
    }
}

#[test]
fn of_two_caps_the_newer_spelling_counts_in_either_order() {
    assert_eq!(chat(USER, r#","max_tokens":5,"max_completion_tokens":9"#).max_output_tokens, Some(9));
    assert_eq!(chat(USER, r#","max_completion_tokens":9,"max_tokens":5"#).max_output_tokens, Some(9));
    assert_eq!(chat(USER, r#","max_completion_tokens":null,"max_tokens":5"#).max_output_tokens, Some(5));
}

#[test]
fn a_system_message_after_a_tool_result_leaves_the_loop_open() {
    let open = r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]},
        {"role":"system","content":"more skills"}]"#;
    assert!(messages(open, "").open_tool_loop);
    let open = r#"[{"role":"tool","tool_call_id":"t","content":"x"},{"role":"developer","content":"y"}]"#;
    assert!(chat(open, "").open_tool_loop);
    let closed = r#"[{"role":"tool","tool_call_id":"t","content":"x"},{"role":"user","content":"y"}]"#;
    assert!(!chat(closed, "").open_tool_loop);
}

#[test]
fn an_error_flag_before_or_after_the_type() {
    let body = r#"[{"role":"user","content":[
        {"is_error":true,"tool_use_id":"a","type":"tool_result"},
        {"type":"tool_result","tool_use_id":"b","is_error":false},
        {"type":"text","is_error":true,"tool_use_id":"c","text":"x"},
        {"type":"tool_result","is_error":true}]}]"#;
    assert_eq!(messages(body, "").failed_tool_calls, ["a"]);
}

#[test]
fn an_unsigned_thinking_block_is_not_signed() {
    let unsigned = r#"[{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":""}]}]"#;
    assert!(!messages(unsigned, "").signed_thinking);
}

#[test]
fn lone_surrogates_are_accepted_and_the_body_is_kept() {
    for text in [r"\ud83d", r"cut \uD83D", r"\udc00\ud83d", r"\ud83d\ud83d\ude00", r"\\\ud83d end"] {
        let body = format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"{text}"}}]}}"#);
        for dialect in [Dialect::Messages, Dialect::Chat] {
            let request = decode(dialect, body.clone()).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(request.encode(&anvil_dialect::Overrides::default()), body);
            assert!(request.facts().last_user_text.contains('\u{fffd}'), "{text}");
            let overrides = anvil_dialect::Overrides::new(Some("other"), "{}", "{}", None).unwrap();
            assert!(String::from_utf8(request.encode(&overrides).to_vec()).unwrap().contains(text));
        }
    }
}

#[test]
fn a_backslash_before_what_looks_like_half_a_pair() {
    let facts = messages(r#"[{"role":"user","content":"\\ud83d \ud83d"}]"#, "");
    assert_eq!(facts.last_user_text, "\\ud83d \u{fffd}");
}

#[test]
fn a_surrogate_escape_outside_a_string_is_still_an_error() {
    assert!(decode(Dialect::Chat, r#"{"model":"m","messages":[{"role":"user","content":\ud83d}]}"#).is_err());
}

#[test]
fn nul_escapes_and_pairs() {
    assert_eq!(messages(r#"[{"role":"user","content":"a\u0000b\ud83e\udd80"}]"#, "").last_user_text, "a\0b🦀");
}

#[test]
fn a_megabyte_of_text_is_cut_at_characters() {
    let text = "é".repeat(500_000);
    let facts = messages(&format!(r#"[{{"role":"user","content":"x{text}"}}]"#), "");
    let (head, tail) = ("é".repeat(2_559), "é".repeat(1_535));
    assert_eq!((facts.last_user_text, facts.last_user_bytes), (format!("x{head}\n{tail}"), 1_000_001));
    assert_eq!(facts.prompt_tokens, 1_000_003 / 3);
}

#[test]
fn blocks_nested_by_the_thousand_do_not_exhaust_the_stack() {
    let depth = 100_000;
    let nested = |open: &str, close: &str| {
        format!(r#"[{{"role":"user","content":[{}1{}]}}]"#, open.repeat(depth), close.repeat(depth))
    };
    let bodies = [
        nested("[", "]"),
        nested(r#"{"a":"#, "}"),
        nested(r#"{"type":"tool_result","content":["#, "]}"),
        nested(r#"{"input":["#, "]}"),
    ];
    for messages in bodies {
        for dialect in [Dialect::Messages, Dialect::Chat] {
            let body = format!(r#"{{"model":"m","max_tokens":1,"messages":{messages}}}"#);
            let error = decode(dialect, body).unwrap_err();
            assert!(error.to_string().contains("nested too deeply"), "{error}");
        }
        for input in [messages.clone(), messages.replace(r#""role":"user","content""#, r#""type":"x_output","output""#)]
        {
            let error = decode(Dialect::Responses, format!(r#"{{"model":"m","input":{input}}}"#)).unwrap_err();
            assert!(error.to_string().contains("nested too deeply"), "{error}");
        }
    }
    let system = format!(r#","system":[{}{}]"#, r#"{"content":["#.repeat(depth), "]}".repeat(depth));
    let body = format!(r#"{{"model":"m","max_tokens":1,"messages":{USER}{system}}}"#);
    assert!(decode(Dialect::Messages, body).is_err());
}

#[test]
fn images_inside_a_search_result_inside_a_tool_result_count() {
    let body = r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
        {"type":"search_result","content":[{"type":"text","text":"a"},{"type":"image","source":{}}]}]}]}]"#;
    assert_eq!(messages(body, "").images, 1);
}

#[test]
fn names_beyond_the_limit_are_dropped() {
    let tools: Vec<String> = (0..600).map(|n| format!(r#"{{"name":"t{n}"}}"#)).collect();
    let facts = messages(USER, &format!(r#","tools":[{}]"#, tools.join(",")));
    assert_eq!(facts.tools.len(), 512);
}
