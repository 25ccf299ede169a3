//! Events of a tier in any order, as no engine should send them: what comes out is the client's grammar, or nothing goes on.

use anvil_dialect::{Asked, Delta, DeltaReader, DeltaWriter, Dialect, Head, Malformed, StopReason, Text};
use proptest::prelude::*;

use crate::heard::{complete, hear};
use crate::{DIALECTS, decode};

/// The beginning and the pieces of answers; `@` stands for a place, which a tier may mistake.
const MESSAGES: [&str; 18] = [
    r#"{"type":"message_start","message":{"usage":{"input_tokens":3}}}"#,
    r#"{"type":"content_block_start","index":@,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"content_block_start","index":@,"content_block":{"type":"text","text":"t"}}"#,
    r#"{"type":"content_block_start","index":@,"content_block":{"type":"thinking","thinking":"h"}}"#,
    r#"{"type":"content_block_start","index":@,"content_block":{"type":"tool_use","id":"a","name":"f","input":{}}}"#,
    r#"{"type":"content_block_start","index":@,"content_block":{"type":"tool_use","id":"b","name":"patch","input":{"input":"x"}}}"#,
    r#"{"type":"content_block_start","index":@,"content_block":{"type":"server_tool_use","id":"s","name":"search","input":{}}}"#,
    r#"{"type":"content_block_delta","index":@,"delta":{"type":"text_delta","text":" "}}"#,
    r#"{"type":"content_block_delta","index":@,"delta":{"type":"text_delta","text":"w"}}"#,
    r#"{"type":"content_block_delta","index":@,"delta":{"type":"thinking_delta","thinking":"h"}}"#,
    r#"{"type":"content_block_delta","index":@,"delta":{"type":"signature_delta","signature":"s"}}"#,
    r#"{"type":"content_block_delta","index":@,"delta":{"type":"input_json_delta","partial_json":"{\"input\":"}}"#,
    r#"{"type":"content_block_delta","index":@,"delta":{"type":"input_json_delta","partial_json":"\"y\"}"}}"#,
    r#"{"type":"content_block_stop","index":@}"#,
    r#"{"type":"content_block_stop","index":@}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":1}}"#,
    r#"{"type":"of_tomorrow"}"#,
];
const CHAT: [&str; 13] = [
    r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":" "}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"w"}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"w","reasoning":"h","refusal":"r"}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"reasoning_content":"h"}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":@,"id":"a@","function":{"name":"f","arguments":""}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":@,"id":"b@","function":{"name":"patch","arguments":"{\"input\":"}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":@,"function":{"name":"f","arguments":"{}"}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":@,"function":{"arguments":"\"y\"}"}}]}}]}"#,
    r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
    r#"{"choices":[{"index":0,"delta":{"content":"z"},"finish_reason":"length"}]}"#,
    r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
    r#"{"choices":[{"index":0}]}"#,
];
const RESPONSES: [&str; 22] = [
    r#"{"type":"response.created","response":{"id":"r","model":"m","output":[]}}"#,
    r#"{"type":"response.in_progress","response":{"id":"r"}}"#,
    r#"{"type":"response.output_item.added","output_index":@,"item":{"type":"message","content":[]}}"#,
    r#"{"type":"response.output_item.added","output_index":@,"item":{"type":"reasoning"}}"#,
    r#"{"type":"response.output_item.added","output_index":@,"item":{"type":"function_call","call_id":"a@","name":"f","arguments":""}}"#,
    r#"{"type":"response.output_item.added","output_index":@,"item":{"type":"function_call","call_id":"b@","name":"patch","arguments":""}}"#,
    r#"{"type":"response.output_item.added","output_index":@,"item":{"type":"web_search_call"}}"#,
    r#"{"type":"response.output_text.delta","output_index":@,"delta":"w"}"#,
    r#"{"type":"response.output_text.done","output_index":@,"text":"w"}"#,
    r#"{"type":"response.refusal.delta","output_index":@,"delta":"no"}"#,
    r#"{"type":"response.reasoning_text.delta","output_index":@,"delta":"h"}"#,
    r#"{"type":"response.reasoning_summary_part.added","output_index":@}"#,
    r#"{"type":"response.reasoning_summary_text.delta","output_index":@,"delta":"s"}"#,
    r#"{"type":"response.function_call_arguments.delta","output_index":@,"delta":"{\"input\":"}"#,
    r#"{"type":"response.function_call_arguments.delta","output_index":@,"delta":"\"y\"}"}"#,
    r#"{"type":"response.function_call_arguments.done","output_index":@,"arguments":"{\"input\":\"y\"}"}"#,
    r#"{"type":"response.output_item.done","output_index":@,"item":{"type":"message","content":[{"type":"output_text","text":"w"}]}}"#,
    r#"{"type":"response.output_item.done","output_index":@,"item":{"type":"reasoning","summary":[{"text":"s"}]}}"#,
    r#"{"type":"response.output_item.done","output_index":@,"item":{"type":"function_call","call_id":"a@","name":"f","arguments":"{}"}}"#,
    r#"{"type":"response.output_item.done","output_index":@,"item":{"type":"function_call","call_id":"b@","name":"patch","arguments":"{\"input\":\"y\"}"}}"#,
    r#"{"type":"keepalive"}"#,
    r#"{"type":"response.of_tomorrow"}"#,
];

fn pieces(dialect: Dialect) -> (&'static [&'static str], &'static [&'static str]) {
    match dialect {
        Dialect::Messages => (
            &MESSAGES,
            &[
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#,
                r#"{"type":"message_stop"}"#,
            ],
        ),
        Dialect::Chat => (&CHAT, &[r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#, "[DONE]"]),
        Dialect::Responses => (
            &RESPONSES,
            &[
                r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":3,"output_tokens":1}}}"#,
            ],
        ),
    }
}

/// What the answer speaks of: usage, and a tool that takes text where the dialect has such.
fn head(client: Dialect) -> Head {
    let asked = if client == Dialect::Responses {
        let body = r#"{"model":"m","input":"x","tools":[{"type":"custom","name":"patch"}]}"#;
        Asked::of(&decode(client, body).unwrap())
    } else {
        Asked::chat(true)
    };
    Head { id: "01".to_owned(), model: "m".to_owned(), created: 1, asked: asked.into() }
}

/// Says the events anew, after so many signs of life; nothing where none of them says why the answer stopped, which is a cut one.
fn said(tier: Dialect, client: Dialect, events: &[String], beats: &[bool]) -> Result<Option<Vec<u8>>, Malformed> {
    let (mut reader, mut writer, mut out) =
        (DeltaReader::new(tier), DeltaWriter::new(client, head(client)), Vec::new());
    for is_late in beats {
        writer.beat(*is_late, &mut out);
    }
    let mut has_stopped = false;
    for event in events {
        let mut deltas = Vec::new();
        reader.read(event.as_bytes(), &mut deltas)?;
        for delta in deltas.iter().take_while(|delta| **delta != Delta::End) {
            has_stopped |= matches!(delta, Delta::Stop(_));
            writer.write(delta, &mut out)?;
        }
    }
    writer.end(&mut out)?;
    Ok(has_stopped.then_some(out))
}

/// What each of the events says.
fn read<'e>(tier: Dialect, events: &[&'e str]) -> Vec<Vec<Delta<'e>>> {
    let mut reader = DeltaReader::new(tier);
    let read = |event: &&'e str| {
        let mut deltas = Vec::new();
        reader.read(event.as_bytes(), &mut deltas).unwrap();
        deltas
    };
    events.iter().map(read).collect()
}

#[test]
fn a_block_that_begins_anew_ends_the_one_before() {
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"f"}}"#;
    let steps = read(Dialect::Messages, &[start; 3]).concat();
    let calls = |delta: &&Delta<'_>| matches!(delta, Delta::Call { .. });
    let ends = |delta: &&Delta<'_>| matches!(delta, Delta::CallEnd { .. });
    assert_eq!((steps.iter().filter(calls).count(), steps.iter().filter(ends).count()), (3, 2));
}

#[test]
fn an_item_that_is_done_twice_is_said_once() {
    for item in [
        r#"{"type":"message","id":"m","content":[{"type":"output_text","text":"w"}]}"#,
        r#"{"type":"function_call","call_id":"c","name":"f","arguments":"{\"x\":1}"}"#,
    ] {
        let done = format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{item}}}"#);
        let said = read(Dialect::Responses, &[&done, &done]);
        assert!(said[0].len() > 1 && said[1].is_empty(), "{said:?}");
    }
}

#[test]
fn items_that_come_only_with_the_last_event_are_said() {
    let output = r#"[{"type":"message","content":[{"type":"output_text","text":"w"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]"#;
    let last = format!(r#"{{"type":"response.completed","response":{{"output":{output}}}}}"#);
    let count = |events: &[&str]| {
        let is_said = |delta: &&Delta<'_>| matches!(delta, Delta::Text(_) | Delta::Call { .. });
        read(Dialect::Responses, events).concat().iter().filter(is_said).count()
    };
    assert_eq!(count(&[&last]), 2);
    let item = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"w"}]}}"#;
    assert_eq!(count(&[item, &last]), 1, "what was streamed is not said once more");
}

#[test]
fn calls_whose_arguments_alternate_stay_apart_or_are_no_answer() {
    let step =
        |kind: &str, call: usize, more: &str| format!(r#"{{"type":"response.{kind}","output_index":{call},{more}}}"#);
    let item = |call: usize| format!(r#""item":{{"type":"function_call","call_id":"c{call}","name":"f"}}"#);
    let arguments =
        |call: usize| step("function_call_arguments.delta", call, &format!(r#""delta":"{{\"x\":{call}}}""#));
    let mut events: Vec<String> = (0..3).map(|call| step("output_item.added", call, &item(call))).collect();
    events.extend([arguments(1), arguments(0)]);
    events.extend((0..3).map(|call| step("output_item.done", call, &item(call))));
    events.push(r#"{"type":"response.completed","response":{}}"#.to_owned());
    for client in DIALECTS {
        match said(Dialect::Responses, client, &events, &[]) {
            Ok(out) => {
                let calls = hear(client, &out.unwrap()).2;
                let given: Vec<&str> = calls.iter().map(|(_, _, arguments)| arguments.as_str()).collect();
                assert_eq!(given, [r#"{"x":0}"#, r#"{"x":1}"#, "{}"], "{client:?}");
            }
            // They have been told of the first that it is over, or has no arguments.
            Err(_) => assert_ne!(client, Dialect::Responses),
        }
    }
}

#[test]
fn a_sign_of_life_does_not_grow_with_the_answer() {
    let (mut writer, mut out) = (DeltaWriter::new(Dialect::Responses, head(Dialect::Responses)), Vec::new());
    let long = Text::quote(&"word ".repeat(10_000));
    for delta in [Delta::Start, Delta::Text(long), Delta::Reasoning(Text::quote("h"))] {
        writer.write(&delta, &mut out).unwrap();
    }
    out.clear();
    writer.write(&Delta::Ping, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.len() < 2_000 && text.contains("response.in_progress") && text.contains("\"output\":[]"), "{text}");
}

#[test]
fn a_call_after_the_reason_to_stop_is_ended_or_no_answer() {
    let answer = |json: &'static str| {
        let (mut writer, mut out) = (DeltaWriter::new(Dialect::Responses, head(Dialect::Responses)), Vec::new());
        for delta in [
            Delta::Stop(StopReason::ToolUse),
            Delta::Call { call: 0, id: Text::quote("a"), name: Text::quote("patch") },
            Delta::Arguments { call: 0, json: Text::quote(json) },
        ] {
            writer.write(&delta, &mut out).unwrap();
        }
        writer.end(&mut out).map(|()| out)
    };
    assert_eq!(hear(Dialect::Responses, &answer(r#"{"input":"x"}"#).unwrap()).2[0].2, "x");
    assert!(answer(r#"{"input":"x"#).is_err());
}

/// A tier's dialect, and an answer in it as no engine should give it.
fn answers() -> impl Strategy<Value = (Dialect, Vec<String>)> {
    let dialects = proptest::sample::select(DIALECTS.to_vec());
    (dialects, 0..2_usize).prop_flat_map(|(tier, skipped)| {
        let (alphabet, end) = pieces(tier);
        let piece = (proptest::sample::select(alphabet), 0..3_u8);
        let event = piece.prop_map(|(piece, place)| piece.replace('@', &place.to_string()));
        proptest::collection::vec(event, 0..14).prop_map(move |mut events| {
            // Some end without having said why they stop, or have said so before.
            events.extend(end.iter().skip(skipped).map(|event| (*event).to_owned()));
            (tier, events)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_order_is_said_in_the_clients_grammar(
        (tier, events) in answers(),
        client in proptest::sample::select(DIALECTS.to_vec()),
        beats in proptest::collection::vec(any::<bool>(), 0..3),
    ) {
        if let Ok(Some(out)) = said(tier, client, &events, &beats) {
            hear(client, &out);
            complete(client, &out);
        }
    }
}
