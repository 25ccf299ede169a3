//! Requests of the other dialects as Responses bodies.

use anvil_dialect::{Dialect, Overrides, translate};
use serde_json::{Value, json};

use crate::{decode, translate::with};

/// The Responses body and the warnings' labels with their paths.
fn said(from: Dialect, members: Value) -> (Value, Vec<String>) {
    let body = json!({"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "x"}]});
    let request = decode(from, with(body, members).to_string()).unwrap();
    let translated = translate(&request, Dialect::Responses, &Overrides::default()).unwrap();
    let warnings = translated.warnings.iter().map(ToString::to_string).collect();
    (serde_json::from_slice(&translated.body).unwrap(), warnings)
}

fn chat(members: Value) -> (Value, Vec<String>) {
    said(Dialect::Chat, members)
}

fn messages(members: Value) -> (Value, Vec<String>) {
    said(Dialect::Messages, members)
}

#[test]
fn settings() {
    let (body, warnings) =
        chat(json!({"temperature": 1.5, "top_p": 0.9, "user": "u1", "stream": true, "reasoning_effort": "minimal",
        "response_format": {"type": "json_object"}, "parallel_tool_calls": false}));
    assert_eq!(
        body,
        json!({"model": "m", "input": [{"role": "user", "content": "x"}], "max_output_tokens": 10, "temperature": 1.5, "top_p": 0.9,
            "safety_identifier": "u1", "text": {"format": {"type": "json_object"}}, "reasoning": {"effort": "minimal"},
            "stream": true, "store": false})
    );
    assert!(warnings.is_empty());
    let (body, warnings) =
        messages(json!({"top_k": 3, "stop_sequences": ["a"], "metadata": {"user_id": "x".repeat(65)},
        "thinking": {"type": "disabled"}}));
    assert_eq!((&body["reasoning"], body.get("safety_identifier")), (&json!({"effort": "none"}), None));
    assert_eq!(
        warnings,
        ["sampling_changed top_k", "sampling_changed stop_sequences", "member_dropped metadata.user_id"]
    );
    assert_eq!(messages(json!({"thinking": {"type": "adaptive"}})).0.get("reasoning"), None);
}

#[test]
fn instructions() {
    let header = "x-anthropic-billing-header: cc_version=2.1.197.2bb;";
    let system = json!([{"type": "text", "text": header}, {"type": "text", "text": "You are."}, {"type": "text", "text": "Be kind."}]);
    assert_eq!(messages(json!({"system": system})).0["instructions"], "You are.\n\nBe kind.");
    let history = json!([{"role": "system", "content": "a"}, {"role": "developer", "content": "b"}, {"role": "user", "content": "c"},
        {"role": "system", "content": "d"}]);
    let body = chat(json!({"messages": history})).0;
    assert_eq!(body["instructions"], "a\n\nb");
    assert_eq!(body["input"], json!([{"role": "user", "content": "c"}, {"role": "system", "content": "d"}]));
    let (body, warnings) = chat(json!({"messages": [{"role": "system", "content": "a"}]}));
    assert_eq!(body["input"], json!([{"role": "user", "content": "(The conversation begins.)"}]));
    assert_eq!(warnings, ["turn_inserted messages"]);
}

#[test]
fn turns_become_items() {
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    let file = json!({"type": "document", "title": "a.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "eA=="}});
    let remote = json!({"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}});
    let history = json!([
        {"role": "user", "content": [image, file, remote]},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "text", "text": "one "}, {"type": "text", "text": "two"},
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": 1.0}},
            {"type": "tool_use", "id": "b", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "a", "is_error": true, "content": [image]},
            {"type": "tool_result", "tool_use_id": "b", "is_error": true, "content": "no"},
            {"type": "text", "text": "go on"}]},
    ]);
    let (body, warnings) = messages(json!({"messages": history}));
    let image = json!({"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,iVBORw0KGgo="});
    assert_eq!(
        body["input"],
        json!([
            {"role": "user", "content": [image, {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,eA=="},
                {"type": "input_file", "file_url": "https://example.org/a.pdf"}]},
            {"role": "assistant", "content": "one two"},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{\"x\":1.0}"},
            {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": [{"type": "input_text", "text": "Error: "}, image]},
            {"type": "function_call_output", "call_id": "b", "output": "Error: no"},
            {"role": "user", "content": "go on"},
        ])
    );
    assert_eq!(warnings, ["reasoning_dropped messages"]);
}

#[test]
fn tools() {
    let tools = json!([{"name": "f", "description": "d", "input_schema": {"type": "object"}}, {"name": "g", "input_schema": {}, "strict": true}]);
    let (body, _) = messages(
        json!({"tools": tools, "tool_choice": {"type": "tool", "name": "g", "disable_parallel_tool_use": true}}),
    );
    assert_eq!(
        body["tools"],
        json!([{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": false},
            {"type": "function", "name": "g", "parameters": {"type": "object", "properties": {}}, "strict": true}])
    );
    assert_eq!(
        (&body["tool_choice"], &body["parallel_tool_calls"]),
        (&json!({"type": "function", "name": "g"}), &json!(false))
    );
    for (asked, told) in [("auto", "auto"), ("any", "required"), ("none", "none")] {
        assert_eq!(messages(json!({"tools": tools, "tool_choice": {"type": asked}})).0["tool_choice"], told);
    }
}

#[test]
fn the_cap_lowers_and_never_raises() {
    let overrides = Overrides::new(Some("served"), r#"{"seed":1}"#, "{}", Some(100)).unwrap();
    for (asked, sent) in [(101, 100), (99, 99)] {
        let request = decode(
            Dialect::Responses,
            json!({"model": "m", "input": "x", "store": false, "max_output_tokens": asked}).to_string(),
        )
        .unwrap();
        let body: Value = serde_json::from_slice(&request.encode(&overrides)).unwrap();
        assert_eq!(
            body,
            json!({"model": "served", "input": "x", "store": false, "max_output_tokens": sent, "seed": 1})
        );
        let request = decode(
            Dialect::Chat,
            json!({"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": asked}).to_string(),
        )
        .unwrap();
        let body: Value =
            serde_json::from_slice(&translate(&request, Dialect::Responses, &overrides).unwrap().body).unwrap();
        assert_eq!((&body["max_output_tokens"], &body["model"]), (&json!(sent), &json!("served")));
    }
}
