//! Responses requests as bodies of the other dialects.

use anvil_dialect::{Dialect, Overrides, Translated, Untranslatable, translate};
use serde_json::{Value, json};

use crate::{decode, translate::with};

/// A Responses body with these members more.
fn responses(members: Value) -> Value {
    with(json!({"model": "m", "input": "x"}), members)
}

fn translated(to: Dialect, members: Value) -> Result<Translated, Untranslatable> {
    let request = decode(Dialect::Responses, responses(members).to_string()).unwrap();
    translate(&request, to, &Overrides::default())
}

/// The body in that dialect and the warnings' labels with their paths.
fn said(to: Dialect, members: Value) -> (Value, Vec<String>) {
    let translated = translated(to, members).unwrap();
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
    let members = json!({"instructions": "Be kind.", "max_output_tokens": 7, "temperature": 0.3, "top_p": 0.9,
        "safety_identifier": "u1", "stream": true, "reasoning": {"effort": "xhigh", "summary": "auto"}});
    let (body, warnings) = chat(members.clone());
    assert_eq!(
        body,
        json!({"model": "m", "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "x"}],
            "max_tokens": 7, "temperature": 0.3, "top_p": 0.9, "user": "u1", "reasoning_effort": "xhigh",
            "stream": true, "stream_options": {"include_usage": true}})
    );
    assert_eq!(warnings, [""; 0]);
    let (body, warnings) = messages(members);
    assert_eq!((&body["system"], &body["max_tokens"]), (&json!("Be kind."), &json!(7)));
    assert_eq!(body["output_config"], json!({"effort": "xhigh"}));
    assert_eq!(warnings, ["sampling_changed temperature", "sampling_changed top_p"]);
    assert_eq!(chat(json!({"user": "u2", "safety_identifier": "u1"})).0["user"], "u2");
    assert_eq!(chat(json!({"reasoning": {"effort": "none"}})).0["reasoning_effort"], "none");
}

#[test]
fn formats() {
    let schema = json!({"type": "object", "properties": {}});
    let format = json!({"format": {"type": "json_schema", "name": "n", "strict": true, "schema": schema}});
    assert_eq!(chat(json!({"text": format})).0["response_format"]["json_schema"]["schema"], schema);
    assert_eq!(messages(json!({"text": format})).0["output_config"]["format"]["schema"], schema);
    assert_eq!(chat(json!({"text": {"format": {"type": "text"}}})).0.get("response_format"), None);
    let (_, warnings) = messages(json!({"text": {"format": {"type": "json_object"}, "verbosity": "high"}}));
    assert_eq!(warnings, ["member_dropped text.verbosity", "format_unenforced text.format"]);
    assert!(chat(json!({"text": {"verbosity": "medium"}})).1.is_empty());
}

#[test]
fn members_that_change_nothing_go_without_a_word() {
    let members = json!({"store": false, "stream_options": {"include_obfuscation": false}, "metadata": {"a": "b"},
        "include": ["reasoning.encrypted_content", "web_search_call.action.sources"], "client_metadata": {"a": "b"},
        "prompt_cache_key": "k", "prompt_cache_retention": "24h", "truncation": "disabled", "service_tier": "auto",
        "max_tool_calls": 3, "top_logprobs": 0, "background": false, "anvil": {"intent": "x"}, "unknown": null});
    let (body, warnings) = chat(members);
    assert_eq!(warnings, [""; 0]);
    assert_eq!(body, json!({"model": "m", "messages": [{"role": "user", "content": "x"}]}));
}

#[test]
fn members_without_a_counterpart_are_named() {
    let members = json!({"top_logprobs": 3, "include": ["message.output_text.logprobs"], "truncation": "auto",
        "service_tier": "flex", "context_management": [{"type": "compaction"}], "moderation": {"model": "x"},
        "reasoning": {"effort": "huge", "mode": "pro"}});
    let mut warnings = chat(members).1;
    warnings.sort();
    assert_eq!(
        warnings,
        [
            "member_dropped context_management",
            "member_dropped include",
            "member_dropped moderation",
            "member_dropped reasoning.effort",
            "member_dropped reasoning.mode",
            "member_dropped service_tier",
            "member_dropped top_logprobs",
            "member_dropped truncation",
        ]
    );
}

#[test]
fn items_of_one_answer_are_one_turn() {
    let input = json!([
        {"role": "user", "content": "a"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "b"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "s"}],
            "content": [{"type": "reasoning_text", "text": "r1"}, {"type": "reasoning_text", "text": "r2"}]},
        {"type": "message", "role": "assistant", "phase": "commentary", "content": [{"type": "output_text", "text": "one"}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "two"}, {"type": "refusal", "refusal": "!"}]},
        {"type": "function_call", "call_id": "c2", "name": "f", "arguments": ""},
        {"type": "function_call_output", "call_id": "c2", "output": "r2"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "r1"}]},
        {"role": "developer", "content": "brief"},
        {"role": "assistant", "content": "done"},
        {"role": "user", "content": "c"},
    ]);
    let (body, warnings) = chat(json!({"input": input}));
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "one\n\ntwo!", "reasoning_content": "r1\n\nr2",
                "tool_calls": [call("c1", "{\"a\":1}"), call("c2", "")]},
            {"role": "tool", "tool_call_id": "c2", "content": "r2"},
            {"role": "tool", "tool_call_id": "c1", "content": "r1"},
            {"role": "system", "content": "brief"},
            {"role": "assistant", "content": "done"},
            {"role": "user", "content": "c"},
        ])
    );
    assert_eq!(warnings, ["block_dropped input.5"]);
    let body = messages(json!({"input": input})).0;
    let kinds: Vec<&Value> =
        body["messages"][1]["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, ["text", "text", "text", "tool_use", "tool_use"]);
    assert_eq!(body["messages"].as_array().unwrap().len(), 5);
}

#[test]
fn calls_and_results_that_do_not_meet() {
    let input = json!([
        {"role": "user", "content": "a"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"role": "user", "content": "b"},
        {"type": "custom_tool_call_output", "call_id": "c9", "output": "stale"},
    ]);
    let (body, warnings) = chat(json!({"input": input}));
    assert_eq!(body["messages"][2]["content"], "Error: No result of this tool call was recorded.");
    assert_eq!(warnings, ["orphan_result input.3", "orphan_call input.1"]);
}

#[test]
fn thoughts() {
    let reasoning = |members: Value| json!({"input": [with(json!({"type": "reasoning", "summary": []}), members), {"role": "user", "content": "x"}]});
    let summary =
        json!({"summary": [{"type": "summary_text", "text": "s"}], "content": null, "encrypted_content": "gA"});
    assert_eq!(chat(reasoning(summary)).0["messages"][0]["reasoning_content"], "s");
    assert_eq!(chat(reasoning(json!({"encrypted_content": "gA"}))).1, ["reasoning_dropped input.0"]);
    assert!(chat(reasoning(json!({"encrypted_content": null}))).1.is_empty());
    let said = json!({"content": [{"type": "reasoning_text", "text": "r"}]});
    assert_eq!(messages(reasoning(said)).1, ["reasoning_dropped input"]);
}

#[test]
fn namespaces_become_part_of_a_name() {
    let function = json!({"type": "function", "name": "spawn", "description": "Spawns.", "strict": false, "parameters": {"type": "object"}});
    let tools = json!([
        {"type": "namespace", "name": "agents", "description": "For agents.", "tools": [
            function, {"type": "custom", "name": "say", "format": {"type": "text"}}, {"type": "mcp"}]},
        {"type": "function", "name": "plain"},
    ]);
    let input = json!([
        {"type": "function_call", "call_id": "c1", "name": "spawn", "namespace": "agents", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "say", "namespace": "agents", "input": "a \"b\"\n"},
        {"type": "function_call", "call_id": "c3", "name": "gone", "namespace": "other", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "2"},
        {"type": "function_call_output", "call_id": "c3", "output": "3"},
    ]);
    let (body, warnings) = chat(
        json!({"tools": tools, "input": input, "tool_choice": {"type": "function", "namespace": "agents", "name": "spawn"}}),
    );
    let names: Vec<&Value> = body["tools"].as_array().unwrap().iter().map(|tool| &tool["function"]["name"]).collect();
    assert_eq!(names, ["agents__spawn", "agents__say", "plain"]);
    assert_eq!(body["tools"][0]["function"]["description"], "For agents.\n\nSpawns.");
    assert_eq!(
        (&body["tools"][0]["function"]["strict"], body["tools"][2]["function"].get("strict")),
        (&json!(false), None)
    );
    let calls: Vec<(&str, &str)> = body["messages"][0]["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| (call["function"]["name"].as_str().unwrap(), call["function"]["arguments"].as_str().unwrap()))
        .collect();
    assert_eq!(calls, [("agents__spawn", "{}"), ("agents__say", r#"{"input":"a \"b\"\n"}"#), ("other__gone", "{}")]);
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "agents__spawn"}}));
    assert_eq!(warnings, ["tool_dropped tools.0.tools.2"]);
}

#[test]
fn freeform_tools_take_one_string() {
    let tools = json!([{"type": "custom", "name": "patch", "description": "Patches.",
        "format": {"type": "grammar", "syntax": "lark", "definition": "start: \"a\"\n"}}]);
    let (body, warnings) = messages(json!({"tools": tools}));
    assert_eq!(
        body["tools"],
        json!([{"name": "patch",
            "description": "Patches.\n\nThe whole text goes, as it is, into the one argument `input`.\n\nIt must follow this grammar (lark):\nstart: \"a\"\n",
            "input_schema": {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"],
                "additionalProperties": false}}])
    );
    assert!(warnings.is_empty());
}

#[test]
fn choices() {
    let tools = json!([{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}, {"type": "web_search"}]);
    let choice = |choice: Value| translated(Dialect::Chat, json!({"tools": tools, "tool_choice": choice}));
    for (asked, told) in [
        (json!("auto"), json!("auto")),
        (json!("none"), json!("none")),
        (json!("required"), json!("required")),
        (json!({"type": "custom", "name": "g"}), json!({"type": "function", "function": {"name": "g"}})),
    ] {
        let body: Value = serde_json::from_slice(&choice(asked).unwrap().body).unwrap();
        assert_eq!((&body["tool_choice"], body["tools"].as_array().unwrap().len()), (&told, 2));
    }
    let allowed = |mode: &str, tools: Value| choice(json!({"type": "allowed_tools", "mode": mode, "tools": tools}));
    let body = allowed("required", json!([{"type": "custom", "name": "g"}, {"type": "web_search"}])).unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&body["tool_choice"], &body["tools"][0]["function"]["name"], body["tools"].get(1)),
        (&json!("required"), &json!("g"), None)
    );
    for (refused, path) in [
        (choice(json!({"type": "web_search"})), "tool_choice"),
        (choice(json!({"type": "function", "name": "h"})), "tool_choice"),
        (choice(json!({"type": "function"})), "tool_choice.name"),
        (choice(json!(7)), "tool_choice"),
        (allowed("required", json!([{"type": "web_search"}])), "tool_choice"),
        (allowed("auto", json!([{"type": "function", "name": "h"}])), "tool_choice.tools.0"),
        (allowed("some", json!([])), "tool_choice.mode"),
    ] {
        assert_eq!(refused.unwrap_err().path, path);
    }
}

#[test]
fn what_is_refused() {
    let part = |part: Value| json!({"input": [{"role": "user", "content": [part]}]});
    for (members, path) in [
        (json!({"background": true}), "background"),
        (json!({"conversation": "conv_1"}), "conversation"),
        (json!({"prompt": {"id": "pmpt_1"}}), "prompt"),
        (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"text": {"format": {"type": "grammar"}}}), "text.format"),
        (json!({"tools": [{"type": "function"}]}), "tools.0.name"),
        (
            json!({"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function"}]}]}),
            "tools.0.tools.0.name",
        ),
        (json!({"input": [{"type": "item_reference", "id": "msg_1"}]}), "input.0"),
        (json!({"input": [{"id": "msg_1"}]}), "input.0"),
        (json!({"input": [{"type": "compaction_trigger"}]}), "input.0"),
        (json!({"input": [{"role": "critic", "content": "x"}]}), "input.0.role"),
        (json!({"input": [{"type": "function_call", "name": "f"}]}), "input.0.call_id"),
        (json!({"input": [{"type": "function_call", "call_id": "c", "arguments": "{}"}]}), "input.0.name"),
        (
            json!({"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": 1}]}),
            "input.0.arguments",
        ),
        (json!({"input": [{"type": "function_call_output", "call_id": "c", "output": 1}]}), "input.0.output"),
        (
            json!({"input": [{"role": "assistant", "content": [{"type": "input_image", "image_url": "https://a"}]}]}),
            "input.0.content.0",
        ),
        (part(json!({"type": "input_audio", "input_audio": {}})), "input.0.content.0"),
        (part(json!({"type": "input_image", "file_id": "file_1"})), "input.0.content.0"),
        (part(json!({"type": "input_image", "image_url": "data:image/png,raw"})), "input.0.content.0"),
        (part(json!({"type": "input_file", "file_id": "file_1"})), "input.0.content.0"),
        (part(json!({"type": "input_file", "filename": "a.docx", "file_data": "eA=="})), "input.0.content.0"),
        (part(json!({"type": "input_video"})), "input.0.content.0"),
        (part(json!({"type": "input_text"})), "input.0.content.0.text"),
    ] {
        assert_eq!(translated(Dialect::Messages, members.clone()).unwrap_err().path, path, "{members}");
    }
    let url = part(json!({"type": "input_file", "file_url": "https://example.org/a.pdf"}));
    assert_eq!(translated(Dialect::Chat, url.clone()).unwrap_err().path, "input");
    assert_eq!(
        messages(url).0["messages"][0]["content"][0]["source"],
        json!({"type": "url", "url": "https://example.org/a.pdf"})
    );
    let bare = part(json!({"type": "input_file", "filename": "A.PDF", "file_data": "eA=="}));
    assert_eq!(messages(bare).0["messages"][0]["content"][0]["source"]["media_type"], "application/pdf");
}

#[test]
fn a_warning_of_one_kind_is_kept_for_a_whole_input() {
    let image =
        json!({"role": "user", "content": [{"type": "input_image", "image_url": "https://a", "detail": "high"}]});
    let translated = translated(Dialect::Messages, json!({"input": vec![image; 300]})).unwrap();
    assert_eq!(translated.warnings.len(), 1);
    assert_eq!((translated.warnings[0].path.as_str(), translated.warnings[0].count), ("input.0.content.0.detail", 300));
}

#[test]
fn what_sdks_add_to_items_is_not_worth_a_word() {
    let input = json!([
        {"type": "message", "id": "msg_1", "status": "completed", "phase": "final_answer", "role": "assistant",
            "content": [{"type": "output_text", "text": "x", "annotations": [], "logprobs": [], "parsed": null}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}", "parsed_arguments": {"a": 1}, "namespace": null},
        {"type": "function_call_output", "id": "fco_1", "call_id": "c", "output": "x", "caller": {"type": "program"}},
        {"role": "user", "content": "y"},
    ]);
    assert_eq!(chat(json!({"input": input})).1, ["member_dropped input.2.caller"]);
}

#[test]
fn calls_by_the_ten_thousand_take_their_time_once() {
    let count = 20_000;
    let mut input: Vec<Value> = (0..count)
        .map(|id| json!({"type": "function_call", "call_id": format!("c{id}"), "name": "f", "arguments": "{}"}))
        .collect();
    input.extend(
        (0..count).rev().map(|id| json!({"type": "function_call_output", "call_id": format!("c{id}"), "output": "x"})),
    );
    let (body, warnings) = chat(json!({"input": input}));
    assert_eq!((body["messages"].as_array().unwrap().len(), warnings.len()), (count + 1, 0));
}
