//! What an answer has to know of its request to be said as its client expects it.

use anvil_dialect::{Asked, Delta, DeltaWriter, Dialect, Head, Malformed, StopReason, Text, write_answer};
use serde_json::{Value, json};

use crate::decode;
use crate::deltas::head;
use crate::heard::{events, hear};

/// What a Responses client with these tools is told of a call, streamed (its `response.output_item.done`) and whole.
fn called(tools: &Value, name: &str, arguments: &[&str]) -> Result<(Value, Value, usize), Malformed> {
    let body = json!({"model": "m", "input": "x", "tools": tools});
    let asked = Asked::of(&decode(Dialect::Responses, body.to_string()).unwrap());
    let head = Head { asked: asked.into(), ..head() };
    let mut steps = vec![Delta::Start, Delta::Call { call: 0, id: Text::quote("a"), name: Text::quote(name) }];
    steps.extend(arguments.iter().map(|json| Delta::Arguments { call: 0, json: Text::quote(json) }));
    steps.push(Delta::Stop(StopReason::ToolUse));
    let (mut writer, mut out) = (DeltaWriter::new(Dialect::Responses, head.clone()), Vec::new());
    for step in &steps {
        writer.write(step, &mut out)?;
    }
    writer.end(&mut out)?;
    let events: Vec<Value> = events(&out).iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let done = events.iter().find(|event| event["type"] == "response.output_item.done").unwrap();
    let pieces = events.iter().filter(|event| event["delta"].is_string()).count();
    let mut whole = Vec::new();
    write_answer(Dialect::Responses, &head, &steps, &mut whole)?;
    let whole: Value = serde_json::from_slice(&whole).unwrap();
    Ok((done["item"].clone(), whole["output"][0].clone(), pieces))
}

#[test]
fn calls_come_back_as_the_caller_knows_its_tools() {
    let f = json!({"type": "function", "name": "f", "parameters": {}});
    let namespace = json!([{"type": "namespace", "name": "n", "tools": [f]}]);
    let freeform = json!([{"type": "custom", "name": "patch"}]);
    let search = json!([{"type": "tool_search", "execution": "client", "parameters": {}}]);
    for (tools, name, arguments, expected, pieces) in [
        (
            &namespace,
            "n__f",
            ["{\"a\"", ":1}"],
            json!({"type": "function_call", "id": "fc_01_0", "name": "f", "namespace": "n", "arguments": "{\"a\":1}"}),
            2,
        ),
        (
            &freeform,
            "patch",
            ["{\"input\":\"*** ", "x\\n\"}"],
            json!({"type": "custom_tool_call", "id": "ctc_01_0", "name": "patch", "input": "*** x\n"}),
            2,
        ),
        (
            &search,
            "tool_search",
            ["{\"query\":", "\"q\"}"],
            json!({"type": "tool_search_call", "id": "tsc_01_0", "execution": "client", "arguments": {"query": "q"}}),
            0,
        ),
    ] {
        let (streamed, whole, told) = called(tools, name, &arguments).unwrap();
        assert_eq!(streamed, whole);
        assert_eq!(told, pieces, "{name}");
        let mut item = expected;
        item["call_id"] = json!("a");
        item["status"] = json!("completed");
        assert_eq!(streamed, item);
    }
    for (tools, name) in [(&freeform, "patch"), (&search, "tool_search")] {
        assert!(called(tools, name, &["{\"input\":\"x"]).is_err(), "{name}: what breaks off is no call");
    }
}

#[test]
fn thoughts_only_for_those_who_asked() {
    let steps = [
        Delta::Start,
        Delta::Reasoning(Text::quote("hm")),
        Delta::Text(Text::quote("so")),
        Delta::Stop(StopReason::EndTurn),
    ];
    for (members, is_told) in [
        (json!({}), false),
        (json!({"thinking": {"type": "disabled"}}), false),
        (json!({"thinking": {"type": "adaptive"}}), true),
        (json!({"output_config": {"effort": "low"}}), true),
    ] {
        let mut body = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let asked = Asked::of(&decode(Dialect::Messages, body.to_string()).unwrap());
        let head = Head { asked: asked.into(), ..head() };
        let (mut writer, mut out) = (DeltaWriter::new(Dialect::Messages, head.clone()), Vec::new());
        for step in &steps {
            writer.write(step, &mut out).unwrap();
        }
        writer.end(&mut out).unwrap();
        assert_eq!(hear(Dialect::Messages, &out).1.is_empty(), !is_told, "{members}");
        // While it thinks in silence it gives a sign of life.
        assert_eq!(String::from_utf8(out).unwrap().contains("event: ping"), !is_told);
        let mut whole = Vec::new();
        write_answer(Dialect::Messages, &head, &steps, &mut whole).unwrap();
        assert_eq!(String::from_utf8(whole).unwrap().contains("thinking"), is_told);
    }
}
