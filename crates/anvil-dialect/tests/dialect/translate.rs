//! A request of one dialect as the body of another.

use std::fmt::Write;

use anvil_dialect::{Dialect, Overrides, Translated, Untranslatable, translate};
use serde_json::{Value, json};

use crate::{DIALECTS, decode, golden, wire};

pub(crate) fn other(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::Messages => Dialect::Chat,
        Dialect::Chat | Dialect::Responses => Dialect::Messages,
    }
}

/// The dialects that are not this one.
pub(crate) fn others(dialect: Dialect) -> impl Iterator<Item = Dialect> {
    DIALECTS.into_iter().filter(move |other| *other != dialect)
}

pub(crate) fn translated(dialect: Dialect, body: &str) -> Result<Translated, Untranslatable> {
    translate(&decode(dialect, body).unwrap(), other(dialect), &Overrides::default())
}

/// The body in the other dialect and the warnings' labels with their paths.
fn said(dialect: Dialect, body: &Value) -> (Value, Vec<String>) {
    let translated = translated(dialect, &body.to_string()).unwrap();
    let warnings = translated.warnings.iter().map(ToString::to_string).collect();
    (serde_json::from_slice(&translated.body).unwrap(), warnings)
}

fn refused(dialect: Dialect, body: &Value) -> String {
    translated(dialect, &body.to_string()).unwrap_err().path
}

/// A Messages body with these members more.
fn messages(members: Value) -> Value {
    with(json!({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "x"}]}), members)
}

/// A Chat Completions body with these members more.
fn chat(members: Value) -> Value {
    with(json!({"model": "m", "messages": [{"role": "user", "content": "x"}]}), members)
}

pub(crate) fn with(mut body: Value, members: Value) -> Value {
    let Value::Object(members) = members else { panic!("not an object") };
    body.as_object_mut().unwrap().extend(members);
    body
}

/// The cases of this dialect that hold a request.
fn requests(dialect: Dialect) -> impl Iterator<Item = String> {
    let folder = format!("{}/../../tests/wire/{}", env!("CARGO_MANIFEST_DIR"), dialect.name());
    let cases = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    cases
        .map(|case| case.unwrap())
        .filter(|case| case.path().join("request.json").is_file())
        .map(|case| case.file_name().into_string().unwrap())
}

#[test]
fn recorded_requests() {
    for (dialect, case) in DIALECTS.into_iter().flat_map(|dialect| requests(dialect).map(move |case| (dialect, case))) {
        let body = wire(&format!("{}/{case}/request.json", dialect.name()));
        let request = decode(dialect, body).unwrap();
        for to in others(dialect) {
            let mut out = String::new();
            match translate(&request, to, &Overrides::default()) {
                Ok(translated) => {
                    out.push_str(std::str::from_utf8(&translated.body).unwrap());
                    for warning in &translated.warnings {
                        write!(out, "\n{warning} {}", warning.count).unwrap();
                    }
                }
                Err(untranslatable) => write!(out, "untranslatable {untranslatable}").unwrap(),
            }
            golden(&format!("{}/{case}/request.{}.json", dialect.name(), to.name()), &out);
        }
    }
}

#[test]
fn the_same_dialect_is_spliced() {
    let request = decode(Dialect::Chat, r#"{ "model":"m","messages":[{"role":"x"}],"y":1.0 }"#).unwrap();
    let translated = translate(&request, Dialect::Chat, &Overrides::default()).unwrap();
    assert_eq!(translated.body, request.encode(&Overrides::default()));
    assert!(translated.warnings.is_empty());
}

#[test]
fn overrides_are_said_in_the_tiers_dialect() {
    let request = decode(Dialect::Chat, chat(json!({"anvil": {"x": 1}})).to_string()).unwrap();
    let overrides = Overrides::new(Some("served"), r#"{"top_k":5}"#, r#"{"max_tokens":700}"#, Some(600)).unwrap();
    let body: Value =
        serde_json::from_slice(&translate(&request, Dialect::Messages, &overrides).unwrap().body).unwrap();
    assert_eq!(body["model"], "served");
    assert_eq!(body["top_k"], 5);
    assert_eq!(body["max_tokens"], 600);
    assert!(body.get("anvil").is_none());
    // A tier whose settings use the newer spelling of the cap gets the cap so.
    let request = decode(Dialect::Messages, messages(json!({"max_tokens": 9000})).to_string()).unwrap();
    let overrides = Overrides::new(None, "{}", r#"{"max_completion_tokens":1}"#, Some(8000)).unwrap();
    let body: Value = serde_json::from_slice(&translate(&request, Dialect::Chat, &overrides).unwrap().body).unwrap();
    assert_eq!((&body["max_completion_tokens"], body.get("max_tokens")), (&json!(8000), None));
}

#[test]
fn a_cap_is_made_up_where_messages_needs_one() {
    assert_eq!(said(Dialect::Chat, &chat(json!({}))).0["max_tokens"], 32_000);
    assert_eq!(said(Dialect::Chat, &chat(json!({"max_tokens": 5, "max_completion_tokens": 7}))).0["max_tokens"], 7);
}

#[test]
fn reasoning() {
    for (asked, effort) in [
        (json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "high"}}), json!("none")),
        (json!({"thinking": {"type": "adaptive"}}), Value::Null),
        (json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}}), json!("xhigh")),
        (json!({"output_config": {"effort": "max"}}), json!("max")),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 4000}}), json!("low")),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 10000}}), json!("medium")),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 31999}}), json!("high")),
    ] {
        assert_eq!(said(Dialect::Messages, &messages(asked.clone())).0["reasoning_effort"], effort, "{asked}");
    }
    for (effort, thinking, said_effort) in [
        ("none", "disabled", Value::Null),
        ("minimal", "adaptive", json!("low")),
        ("medium", "adaptive", json!("medium")),
        ("max", "adaptive", json!("max")),
    ] {
        let (body, warnings) = said(Dialect::Chat, &chat(json!({"reasoning_effort": effort})));
        assert_eq!((&body["thinking"]["type"], &body["output_config"]["effort"]), (&json!(thinking), &said_effort));
        assert!(warnings.is_empty());
    }
    let sampling = json!({"reasoning_effort": "high", "temperature": 0.3, "top_p": 0.5, "top_k": 3});
    let (body, warnings) = said(Dialect::Chat, &chat(sampling));
    assert_eq!((&body["temperature"], body.get("top_p"), body.get("top_k")), (&json!(1), None, None));
    assert_eq!(warnings, ["sampling_changed temperature", "sampling_changed top_p", "sampling_changed top_k"]);
}

#[test]
fn a_forced_call_goes_without_thinking_in_messages() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let (body, warnings) =
        said(Dialect::Chat, &chat(json!({"reasoning_effort": "high", "tools": tools, "tool_choice": "required"})));
    assert_eq!(body["tool_choice"], json!({"type": "any"}));
    assert!(body.get("thinking").is_none() && body.get("output_config").is_none());
    assert_eq!(warnings, ["reasoning_dropped reasoning_effort"]);
}

#[test]
fn tool_choices() {
    let function = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    let tool = json!([{"name": "f", "input_schema": {"type": "object", "properties": {}}}]);
    for (in_chat, in_messages) in [
        (json!("auto"), json!({"type": "auto"})),
        (json!("required"), json!({"type": "any"})),
        (json!("none"), json!({"type": "none"})),
        (json!({"type": "function", "function": {"name": "f"}}), json!({"type": "tool", "name": "f"})),
    ] {
        let body = said(Dialect::Chat, &chat(json!({"tools": function, "tool_choice": in_chat}))).0;
        assert_eq!((&body["tool_choice"], &body["tools"]), (&in_messages, &tool));
        let body = said(Dialect::Messages, &messages(json!({"tools": tool, "tool_choice": in_messages}))).0;
        assert_eq!(body["tool_choice"], in_chat);
    }
    let body = said(Dialect::Chat, &chat(json!({"tools": function, "parallel_tool_calls": false}))).0;
    assert_eq!(body["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    let choice = json!({"type": "auto", "disable_parallel_tool_use": true});
    let body = said(Dialect::Messages, &messages(json!({"tools": tool, "tool_choice": choice}))).0;
    assert_eq!(body["parallel_tool_calls"], false);
}

#[test]
fn tools_of_the_vendor() {
    let search = json!([{"type": "web_search_20250305", "name": "web_search"}]);
    let (body, warnings) = said(Dialect::Messages, &messages(json!({"tools": search})));
    assert!(body.get("tools").is_none());
    assert_eq!(warnings, ["tool_dropped tools.0"]);
    for choice in [json!({"type": "any"}), json!({"type": "tool", "name": "web_search"})] {
        assert_eq!(
            refused(Dialect::Messages, &messages(json!({"tools": search, "tool_choice": choice}))),
            "tool_choice"
        );
    }
    let freeform = json!([{"type": "custom", "custom": {"name": "apply_patch"}}]);
    assert_eq!(said(Dialect::Chat, &chat(json!({"tools": freeform}))).1, ["tool_dropped tools.0"]);
}

#[test]
fn the_changing_block_of_the_system_prompt_is_left_out() {
    let header = "x-anthropic-billing-header: cc_version=2.1.197.2bb; cc_entrypoint=sdk-cli;";
    let blocks =
        |first: &str| json!({"system": [{"type": "text", "text": first}, {"type": "text", "text": "You are."}]});
    assert_eq!(said(Dialect::Messages, &messages(blocks(header))).0["messages"][0]["content"], "You are.");
    let longer = format!("{header}\nBe kind.");
    let body = said(Dialect::Messages, &messages(json!({"system": longer}))).0;
    assert_eq!(body["messages"][0], json!({"role": "system", "content": "Be kind."}));
    assert_eq!(said(Dialect::Messages, &messages(json!({"system": header}))).0["messages"][0]["role"], "user");
}

#[test]
fn results_follow_their_calls() {
    let body = json!({"messages": [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
        {"role": "system", "content": "s"},
        {"role": "user", "content": [
            {"type": "text", "text": "see"},
            {"type": "tool_result", "tool_use_id": "\u{61}", "is_error": true, "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]},
        ]},
    ]});
    let (body, warnings) = said(Dialect::Messages, &messages(body));
    let roles: Vec<&str> =
        body["messages"].as_array().unwrap().iter().map(|message| message["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "tool", "user", "system", "user"]);
    assert_eq!(body["messages"][2]["content"], "Error: [The tool's images and files are in the next message]");
    assert_eq!(body["messages"][3]["content"][0]["image_url"]["url"], "data:image/png;base64,iVBORw0KGgo=");
    assert!(warnings.is_empty());
}

#[test]
fn conversations_that_messages_would_refuse() {
    let call =
        |arguments: &str| json!([{"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}]);
    let body = json!({"messages": [
        {"role": "assistant", "content": " ", "tool_calls": call("{broken")},
        {"role": "assistant", "content": "more"},
        {"role": "user", "content": ""},
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": null},
    ]});
    let (body, warnings) = said(Dialect::Chat, &chat(body));
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "(The conversation begins.)"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "a", "name": "f", "input": {"arguments": "{broken"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a",
                "content": "No result of this tool call was recorded.", "is_error": true}]},
            {"role": "assistant", "content": "more"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        ])
    );
    assert_eq!(warnings, ["orphan_call messages.0", "arguments_wrapped messages", "turn_inserted messages"]);
}

#[test]
fn what_is_refused() {
    for (members, path) in [
        (json!({"n": 2}), "n"),
        (json!({"functions": [{}]}), "functions"),
        (json!({"modalities": ["text", "audio"]}), "modalities"),
        (json!({"audio": {"voice": "x"}}), "audio"),
        (json!({"tool_choice": {"type": "allowed_tools"}}), "tool_choice"),
        (json!({"response_format": {"type": "grammar"}}), "response_format"),
        (json!({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}), "messages.0.content.0"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}),
            "messages.0.content.0",
        ),
        (json!({"messages": [{"role": "function", "content": "x"}]}), "messages.0.role"),
        (json!({"messages": [{"role": "tool", "content": "x"}]}), "messages.0.tool_call_id"),
    ] {
        assert_eq!(refused(Dialect::Chat, &chat(members)), path);
    }
    let block = |block: Value| json!({"messages": [{"role": "user", "content": [block]}]});
    for (members, path) in [
        (block(json!({"type": "image", "source": {"type": "file", "file_id": "f"}})), "messages.0.content.0.source"),
        (block(json!({"type": "container_upload", "file_id": "f"})), "messages.0.content.0"),
        (block(json!({"type": "thinking", "thinking": "x"})), "messages.0.content.0"),
        (json!({"tool_choice": {"type": "tool", "name": "f"}}), "tool_choice"),
        (json!({"output_format": {"type": "regex"}}), "output_format"),
    ] {
        assert_eq!(refused(Dialect::Messages, &messages(members)), path);
    }
}

#[test]
fn members_without_a_counterpart_are_named_once() {
    let members = json!({"context_management": {"edits": [{}]}, "container": null, "mcp_servers": [], "speed": "fast",
        "metadata": {"user_id": "x".repeat(65), "other": 1}});
    let (_, warnings) = said(Dialect::Messages, &messages(members));
    let mut sorted = warnings.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "member_dropped context_management",
            "member_dropped metadata.other",
            "member_dropped metadata.user_id",
            "member_dropped speed"
        ]
    );
    let history: Vec<Value> = (0..300).map(|_| json!({"role": "user", "name": "n", "content": "x"})).collect();
    let request = decode(Dialect::Chat, chat(json!({"messages": history})).to_string()).unwrap();
    let warnings = translate(&request, Dialect::Messages, &Overrides::default()).unwrap().warnings;
    assert_eq!((warnings.len(), warnings[0].count), (1, 300));
    let many: serde_json::Map<String, Value> = (0..500).map(|index| (format!("x{index}"), json!(1))).collect();
    assert_eq!(said(Dialect::Chat, &chat(Value::Object(many))).1.len(), 32);
}

#[test]
fn half_a_surrogate_pair_is_carried_as_it_is() {
    let body =
        r#"{"model":"m","messages":[{"role":"user","content":"a\ud83d"},{"role":"assistant","content":"x\ud83d"}]}"#;
    let translated = translated(Dialect::Chat, body).unwrap();
    assert!(std::str::from_utf8(&translated.body).unwrap().contains(r"a\ud83d"));
}

#[test]
fn the_dialects_that_can_say_so_keep_a_schemas_name_and_strictness() {
    let schema = json!({"type": "object", "properties": {}, "additionalProperties": false});
    let shape = json!({"name": "made", "description": "What was made.", "strict": true, "schema": schema});
    let body = chat(json!({"response_format": {"type": "json_schema", "json_schema": shape}}));
    let request = decode(Dialect::Chat, body.to_string()).unwrap();
    let responses = translate(&request, Dialect::Responses, &Overrides::default()).unwrap();
    assert!(responses.warnings.is_empty());
    let said_so: Value = serde_json::from_slice(&responses.body).unwrap();
    assert_eq!(said_so["text"]["format"], with(shape.clone(), json!({"type": "json_schema"})));

    let request = decode(Dialect::Responses, responses.body).unwrap();
    let again = translate(&request, Dialect::Chat, &Overrides::default()).unwrap();
    assert!(again.warnings.is_empty());
    let again: Value = serde_json::from_slice(&again.body).unwrap();
    assert_eq!(again["response_format"]["json_schema"], shape);

    // Messages always keeps to the letter of a schema, and has no place for words about it.
    let (body, warnings) = said(Dialect::Chat, &body);
    assert_eq!(body["output_config"]["format"], json!({"type": "json_schema", "schema": schema}));
    assert_eq!(warnings, ["member_dropped response_format.json_schema.description"]);
}
