//! A request to another dialect and back, and whatever else may come.

use anvil_dialect::{Asked, Dialect, Overrides, Request, translate};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::translate::others;
use crate::{DIALECTS, invalid};

/// What the user asks, what the assistant says and calls, whether a call fails, and whether the user shows something.
type Exchange = (String, String, usize, bool, bool);

/// The messages of one exchange.
fn exchange(index: usize, (question, answer, calls, is_error, has_image): Exchange) -> Vec<Value> {
    let mut history = Vec::new();
    let mut user = vec![json!({"type": "text", "text": question})];
    if has_image {
        user.push(
            json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}),
        );
    }
    history.push(json!({"role": "user", "content": user}));
    let mut said = vec![json!({"type": "text", "text": answer})];
    let ids: Vec<String> = (0..calls).map(|call| format!("toolu_{index}_{call}")).collect();
    said.extend(ids.iter().map(|id| json!({"type": "tool_use", "id": id, "name": "f", "input": {"a": [1.5, answer]}})));
    history.push(json!({"role": "assistant", "content": said}));
    if calls > 0 {
        // The failure's mark becomes text and stays text.
        let content = if is_error { "Error: no".to_owned() } else { question.clone() };
        let results = ids.iter().map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": content}));
        history.push(json!({"role": "user", "content": results.collect::<Vec<_>>()}));
        history.push(json!({"role": "assistant", "content": [{"type": "text", "text": "ok"}]}));
    }
    history
}

/// A request that every dialect can say but for its stop sequences, as Messages says it.
fn sayable() -> impl Strategy<Value = Value> {
    let text = "[a-z\"\\\\é🦀]{1,12}";
    let turn = (text, text, 0_usize..3, any::<bool>(), any::<bool>());
    let settings = (
        proptest::option::of(1_u64..100_000),
        proptest::option::of(prop_oneof![Just("0.5"), Just("1.0"), Just("0")]),
        proptest::collection::vec("[a-z]{1,4}", 0..3),
        proptest::option::of(prop_oneof![Just("low"), Just("medium"), Just("high"), Just("xhigh"), Just("max")]),
        prop_oneof![Just("auto"), Just("any"), Just("none"), Just("tool")],
        any::<[bool; 6]>(),
    );
    (proptest::collection::vec(turn, 0..4), text, text, settings).prop_map(|(turns, system, last, settings)| {
        let (cap, temperature, stop, effort, choice, flags) = settings;
        let mut history: Vec<Value> = turns.into_iter().enumerate().flat_map(|(index, turn)| exchange(index, turn)).collect();
        history.push(json!({"role": "user", "content": [{"type": "text", "text": last}]}));
        let mut body = json!({"model": "m", "max_tokens": cap.unwrap_or(64), "messages": history});
        let object = body.as_object_mut().unwrap();
        let mut set = |name: &str, value: Value, is_set: bool| {
            if is_set {
                object.insert(name.to_owned(), value);
            }
        };
        set("system", json!(system), flags[0]);
        let choice = match choice {
            "tool" => json!({"type": "tool", "name": "f"}),
            choice => json!({"type": choice}),
        };
        let is_forced = flags[1] && matches!(choice["type"].as_str(), Some("any" | "tool"));
        set("tools", json!([{"name": "f", "description": system, "input_schema": {"type": "object", "properties": {"z": {}, "a": {}}}, "strict": flags[5]}]), flags[1]);
        set("tool_choice", choice, flags[1]);
        set("metadata", json!({"user_id": last}), flags[2]);
        let schema = json!({"type": "json_schema", "schema": {"type": "object", "properties": {}, "additionalProperties": false}});
        let effort = effort.filter(|_| !is_forced);
        set("thinking", json!({"type": "adaptive"}), effort.is_some());
        match (effort, flags[3]) {
            (None, false) => {}
            (Some(effort), false) => set("output_config", json!({"effort": effort}), true),
            (None, true) => set("output_config", json!({"format": schema}), true),
            (Some(effort), true) => set("output_config", json!({"effort": effort, "format": schema}), true),
        }
        let temperature = temperature.filter(|_| effort.is_none());
        set("temperature", json!(temperature.and_then(|number| number.parse::<f64>().ok())), temperature.is_some());
        set("stop_sequences", json!(stop), !stop.is_empty());
        set("stream", json!(flags[4]), true);
        body
    })
}

/// A body in which a content of one text is a string, as the encoders spell it.
fn spelt(mut body: Value) -> Value {
    for message in body["messages"].as_array_mut().unwrap() {
        let content = &message["content"];
        if content.as_array().is_some_and(|blocks| blocks.len() == 1 && blocks[0]["type"] == "text") {
            message["content"] = content[0]["text"].clone();
        }
    }
    body
}

/// The request in that dialect; nothing of it may be lost.
fn translated(from: Dialect, to: Dialect, body: &Value) -> Value {
    let request = Request::decode(from, Bytes::from(body.to_string())).unwrap();
    let translated = translate(&request, to, &Overrides::default()).unwrap();
    assert!(translated.warnings.is_empty(), "{:?}", translated.warnings);
    serde_json::from_slice(&translated.body).unwrap()
}

/// Every dialect with every other.
fn pairs() -> impl Iterator<Item = (Dialect, Dialect)> {
    DIALECTS.into_iter().flat_map(|from| others(from).map(move |to| (from, to)))
}

/// JSON of the words that requests are made of, in no order.
fn babble() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("type"),
        Just("text"),
        Just("role"),
        Just("user"),
        Just("assistant"),
        Just("system"),
        Just("tool"),
        Just("content"),
        Just("tool_use"),
        Just("tool_result"),
        Just("tool_use_id"),
        Just("id"),
        Just("name"),
        Just("input"),
        Just("image"),
        Just("image_url"),
        Just("url"),
        Just("source"),
        Just("base64"),
        Just("data"),
        Just("media_type"),
        Just("document"),
        Just("thinking"),
        Just("function"),
        Just("arguments"),
        Just("file"),
        Just("tool_calls"),
        Just("tool_call_id"),
        Just("file_data"),
        Just("data:a;base64,eA=="),
        Just("is_error"),
        Just("reasoning_content"),
        Just("parameters"),
        Just("format"),
        Just("json_schema"),
        Just("schema"),
        Just("effort"),
        Just("definition"),
        Just("grammar"),
        Just("custom"),
        Just("namespace"),
        Just("input_file"),
        Just("input_image"),
        Just("input_text"),
    ];
    let leaf = prop_oneof![
        3 => word.clone().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            3 => proptest::collection::vec((word.clone(), inner), 0..7)
                .prop_map(|members| Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

/// Bodies made of this, for each dialect where it may hold it.
fn bodies(dialect: Dialect, role: &str, kind: &str, name: &str, [content, member, block]: [&Value; 3]) -> Vec<Value> {
    let contents = [content.clone(), json!([block, content])];
    let body = |content: Value| match dialect {
        Dialect::Messages | Dialect::Chat => json!({"model": "m", "max_tokens": 5, name: member,
            "messages": [{"role": role, "content": content, "tool_calls": block}, {"role": "user", "content": "x"}]}),
        Dialect::Responses => json!({"model": "m", name: member, "input": [
            {"type": kind, "role": role, "content": content, "call_id": "c", "name": "f", "output": content, "arguments": block,
                "summary": block},
            {"type": "function_call", "call_id": content, "name": "f", "input": "y"}, {"role": "user", "content": "x"}]}),
    };
    contents.map(body).to_vec()
}

proptest! {
    #[test]
    fn what_both_can_say_survives_there_and_back(body in sayable()) {
        for (from, to) in pairs() {
            let mut body = spelt(body.clone());
            if [from, to].contains(&Dialect::Responses) {
                body.as_object_mut().unwrap().remove("stop_sequences");
            }
            let said = if from == Dialect::Messages { body } else { translated(Dialect::Messages, from, &body) };
            let there = translated(from, to, &said);
            prop_assert_eq!(translated(to, from, &there), said, "{:?} {:?}", from, to);
        }
    }

    #[test]
    fn what_is_emitted_is_a_request_whatever_came(
        role in prop_oneof![Just("user"), Just("assistant"), Just("system"), Just("tool")],
        kind in prop_oneof![Just("message"), Just("reasoning"), Just("function_call"), Just("custom_tool_call"),
            Just("function_call_output"), Just("tool_search_output"), Just("item_reference")],
        content in babble(), member in babble(), block in babble(), any_json in invalid::json(),
        name in prop_oneof![Just("system"), Just("tools"), Just("tool_choice"), Just("thinking"), Just("output_config"),
            Just("stop"), Just("stop_sequences"), Just("metadata"), Just("response_format"), Just("instructions"),
            Just("text"), Just("reasoning"), Just("x")],
        is_local in any::<bool>(),
    ) {
        let overrides = Overrides::default();
        let overrides = if is_local { overrides.for_local_tier() } else { overrides };
        for (from, to) in pairs() {
            for body in bodies(from, role, kind, name, [&content, &member, &block]) {
                let Ok(request) = Request::decode(from, Bytes::from(body.to_string())) else { continue };
                Asked::of(&request);
                prop_assert!(Request::decode(from, request.encode(&overrides)).is_ok());
                if let Ok(translated) = translate(&request, to, &overrides) {
                    prop_assert!(Request::decode(to, translated.body.clone()).is_ok());
                    prop_assert!(serde_json::from_slice::<Value>(&translated.body).is_ok());
                }
            }
            if let Ok(request) = Request::decode(from, Bytes::from(any_json.clone())) {
                let _ = translate(&request, to, &overrides);
            }
        }
    }
}
