//! An answer of one dialect, streamed or whole, as one of another.

use anvil_dialect::answer::{self, Answer};
use anvil_dialect::{
    Asked, Delta, DeltaReader, DeltaWriter, Dialect, FinishReason, Head, Malformed, StopReason, Text, Usage,
    read_answer, write_answer,
};
use anvil_sse::{Decoder, Frame, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::heard::{complete, hear};
use crate::{golden, invalid, wire};

const DIALECTS: [Dialect; 3] = [Dialect::Messages, Dialect::Chat, Dialect::Responses];

/// The dialects other than this one.
fn others(dialect: Dialect) -> impl Iterator<Item = Dialect> {
    DIALECTS.into_iter().filter(move |other| *other != dialect)
}

pub(crate) fn head() -> Head {
    Head {
        id: "01".to_owned(),
        model: "plan\"ning".to_owned(),
        created: 1_795_000_000,
        asked: Asked::chat(true).into(),
    }
}

/// Translates a stream that arrives in these chunks.
fn translated(from: Dialect, to: Dialect, chunks: &[&[u8]]) -> Result<Vec<u8>, Malformed> {
    let (mut decoder, mut reader, mut out) = (Decoder::new(Limits::default()), DeltaReader::new(from), Vec::new());
    let mut writer = DeltaWriter::new(to, head());
    for chunk in chunks {
        decoder.feed(chunk);
        while let Some(frame) = decoder.next().unwrap() {
            let Frame::Event(event) = frame else { continue };
            let mut deltas = Vec::new();
            reader.read(event.data, &mut deltas)?;
            for delta in &deltas {
                writer.write(delta, &mut out)?;
                if *delta == Delta::End {
                    writer.end(&mut out)?;
                }
            }
        }
    }
    Ok(out)
}

const STREAMS: [(Dialect, &str); 13] = [
    (Dialect::Messages, "claude_code"),
    (Dialect::Messages, "anthropic_py"),
    (Dialect::Messages, "refusal"),
    (Dialect::Messages, "parallel_calls"),
    (Dialect::Chat, "openai_py"),
    (Dialect::Chat, "opencode"),
    (Dialect::Chat, "deepseek"),
    (Dialect::Chat, "vllm"),
    (Dialect::Responses, "openai_py"),
    (Dialect::Responses, "ai_sdk"),
    (Dialect::Responses, "opencode"),
    (Dialect::Responses, "codex_parallel"),
    (Dialect::Responses, "raw_reasoning"),
];

#[test]
fn recorded_streams() {
    for (dialect, case) in STREAMS {
        let stream = wire(&format!("{}/{case}/stream.sse", dialect.name()));
        let heard = hear(dialect, &translated(dialect, dialect, &[&stream]).unwrap());
        for other in others(dialect) {
            let out = translated(dialect, other, &[&stream]).unwrap();
            let golden_file = format!("{}/{case}/stream.{}.sse", dialect.name(), other.name());
            golden(&golden_file, &String::from_utf8(out.clone()).unwrap());
            let ((finish, usage), expected) = (complete(other, &out), complete(dialect, &stream));
            assert_eq!((finish, known(usage)), (expected.0, known(expected.1)), "{case}");
            // Through the same dialect the writer holds the same grammar.
            assert_eq!(hear(other, &out).2.len(), heard.2.len(), "{case}");
        }
    }
}

/// Usage in which a count of nothing is as good as none: some dialects have counts that must be there.
fn known(usage: Usage) -> Usage {
    let some = |count: Option<u64>| count.filter(|count| *count > 0);
    Usage { cached: some(usage.cached), written: some(usage.written), reasoning: some(usage.reasoning), ..usage }
}

#[test]
fn recorded_answers() {
    for (dialect, case) in [
        (Dialect::Messages, "claude_code"),
        (Dialect::Messages, "anthropic_py"),
        (Dialect::Messages, "refusal"),
        (Dialect::Chat, "openai_py"),
        (Dialect::Chat, "opencode"),
        (Dialect::Chat, "pi"),
        (Dialect::Chat, "deepseek"),
        (Dialect::Responses, "openai_py"),
        (Dialect::Responses, "ai_sdk"),
    ] {
        let body = wire(&format!("{}/{case}/answer.json", dialect.name()));
        let facts = |dialect, body: &[u8]| match answer::read(dialect, body).unwrap() {
            Answer::Whole { finish, usage, .. } => (finish, known(usage)),
            Answer::Error(error) => panic!("{error:?}"),
        };
        for other in others(dialect) {
            let mut out = Vec::new();
            write_answer(other, &head(), &read_answer(dialect, &body).unwrap(), &mut out).unwrap();
            let golden_file = format!("{}/{case}/answer.{}.json", dialect.name(), other.name());
            golden(&golden_file, std::str::from_utf8(&out).unwrap());
            assert_eq!(facts(dialect, &body), facts(other, &out), "{case}");
        }
    }
}

fn deltas(dialect: Dialect, events: &[&'static str]) -> Result<Vec<Delta<'static>>, Malformed> {
    let (mut reader, mut deltas) = (DeltaReader::new(dialect), Vec::new());
    for event in events {
        reader.read(event.as_bytes(), &mut deltas)?;
    }
    Ok(deltas)
}

#[test]
fn stop_reasons_one_to_one() {
    for (reason, finish) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "stop"),
        ("new_reason", "stop"),
    ] {
        let body = json!({"content": [], "stop_reason": reason, "stop_sequence": "E\n"}).to_string();
        let steps = read_answer(Dialect::Messages, body.as_bytes()).unwrap();
        let mut out = Vec::new();
        write_answer(Dialect::Chat, &head(), &steps, &mut out).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&out).unwrap()["choices"][0]["finish_reason"], finish, "{reason}");
        let mut out = Vec::new();
        write_answer(Dialect::Messages, &head(), &steps, &mut out).unwrap();
        let said = serde_json::from_slice::<Value>(&out).unwrap();
        assert_eq!(said["stop_reason"], if reason == "new_reason" { "end_turn" } else { reason });
        assert_eq!(said["stop_sequence"], if reason == "stop_sequence" { json!("E\n") } else { Value::Null });
    }
    for (choice, reason) in [
        (r#""finish_reason":"stop""#, StopReason::EndTurn),
        (r#""finish_reason":"stop","stop_reason":"E""#, StopReason::StopSequence(Some(Text::quote("E")))),
        (r#""finish_reason":"stop","stop_reason":151645"#, StopReason::EndTurn),
        (r#""finish_reason":"length""#, StopReason::MaxTokens),
        (r#""finish_reason":"function_call""#, StopReason::ToolUse),
        (r#""finish_reason":"content_filter""#, StopReason::Refusal),
        (r#""finish_reason":"eos""#, StopReason::Other),
    ] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"x"}},{choice}}}]}}"#);
        let steps = read_answer(Dialect::Chat, body.as_bytes()).unwrap();
        assert_eq!(steps.last(), Some(&Delta::Stop(reason)));
    }
    let refusal = br#"{"choices":[{"message":{"content":null,"refusal":"No."},"finish_reason":"stop"}]}"#;
    let steps = read_answer(Dialect::Chat, refusal).unwrap();
    assert_eq!(steps[1..], [Delta::Text(Text::quote("No.")), Delta::Stop(StopReason::Refusal)]);
}

#[test]
fn a_tier_that_says_stop_beside_calls_is_taken_to_mean_them() {
    let body = br#"{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x":1}}}]},"finish_reason":"stop"}]}"#;
    let mut out = Vec::new();
    write_answer(Dialect::Messages, &head(), &read_answer(Dialect::Chat, body).unwrap(), &mut out).unwrap();
    let said: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!((&said["stop_reason"], &said["content"][0]["input"]), (&json!("tool_use"), &json!({"x": 1})));
}

#[test]
fn calls_however_engines_count_them() {
    let call = |piece: &str| format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{piece}]}}}}]}}"#);
    let begun = |pieces: &[&str]| -> Vec<(usize, String, String)> {
        let chunks: Vec<String> = pieces.iter().map(|piece| call(piece)).collect();
        let (mut reader, mut calls) = (DeltaReader::new(Dialect::Chat), Vec::new());
        for chunk in &chunks {
            let mut deltas = Vec::new();
            reader.read(chunk.as_bytes(), &mut deltas).unwrap();
            for delta in deltas {
                match delta {
                    Delta::Call { id, .. } => calls.push((calls.len(), id.decoded().into_owned(), String::new())),
                    Delta::Arguments { call, json } => calls[call].2.push_str(&json.decoded()),
                    _ => {}
                }
            }
        }
        calls
    };
    let expected =
        |ids: [&str; 2]| vec![(0, ids[0].to_owned(), "{}".to_owned()), (1, ids[1].to_owned(), "{ }".to_owned())];
    // Every call at index 0, with ids of their own.
    let pieces = [
        r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}"#,
        r#"{"index":0,"id":"b","function":{"name":"f","arguments":"{ }"}}"#,
    ];
    assert_eq!(begun(&pieces), expected(["a", "b"]));
    // No index.
    let pieces = [
        r#"{"id":"a","function":{"name":"f","arguments":"{"}}"#,
        r#"{"function":{"arguments":"}"}}"#,
        r#"{"id":"b","function":{"name":"f","arguments":"{ }"}}"#,
    ];
    assert_eq!(begun(&pieces), expected(["a", "b"]));
    // No id; the name said again with every piece.
    let pieces = [
        r#"{"index":0,"function":{"name":"f","arguments":"{"}}"#,
        r#"{"index":0,"function":{"name":"f","arguments":"}"}}"#,
        r#"{"index":1,"id":"","function":{"name":"f","arguments":"{ }"}}"#,
    ];
    assert_eq!(begun(&pieces), expected(["", ""]));
    assert!(
        deltas(
            Dialect::Chat,
            &[r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#]
        )
        .is_err()
    );
}

#[test]
fn content_in_parts_and_reasoning_in_either_spelling() {
    let chunk = r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"a"},{"type":"text","text":"b"}],"reasoning":"r","reasoning_content":"r"}}]}"#;
    let text = |text: &str| Delta::Text(Text::quote(text));
    let expected = [Delta::Start, Delta::Reasoning(Text::quote("r")), text("a"), text("b")];
    assert_eq!(deltas(Dialect::Chat, &[chunk]).unwrap(), expected);
}

#[test]
fn ids_are_made_up_and_made_fit() {
    let body = br#"{"choices":[{"message":{"tool_calls":[{"id":"","function":{"name":"f","arguments":"{}"}},{"id":"functions.f:1","function":{"name":"f"}}]},"finish_reason":"tool_calls"}]}"#;
    let steps = read_answer(Dialect::Chat, body).unwrap();
    let mut out = Vec::new();
    write_answer(Dialect::Messages, &head(), &steps, &mut out).unwrap();
    let said: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(said["content"][0]["id"], "call_01_0");
    let id = said["content"][1]["id"].as_str().unwrap();
    assert!(id.starts_with("functions_f_1_") && id.len() == 22, "{id}");
}

#[test]
fn what_no_stream_may_say() {
    for events in [
        &[r#"{"choices":[{"index":1,"delta":{"content":"x"}}]}"#][..],
        &[r"{}"],
        &["nope"],
        &[r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a"}]}}]}"#],
    ] {
        assert!(deltas(Dialect::Chat, events).is_err(), "{events:?}");
    }
    for events in [
        &["[]"][..],
        &["{}"],
        &[r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a"}}"#],
    ] {
        assert!(deltas(Dialect::Messages, events).is_err(), "{events:?}");
    }
    // Pieces of two calls by turns: Messages has one block at a time.
    let chunk = |call: usize| Delta::Arguments { call, json: Text::quote("{") };
    let begin = |call: usize| Delta::Call { call, id: Text::quote("a"), name: Text::quote("f") };
    let mut writer = DeltaWriter::new(Dialect::Messages, head());
    let mut out = Vec::new();
    for delta in [begin(0), chunk(0), begin(1), chunk(1)] {
        writer.write(&delta, &mut out).unwrap();
    }
    assert!(writer.write(&chunk(0), &mut out).is_err());
    let calls = br#"{"choices":[{"message":{"tool_calls":[{"id":"a","function":{"name":"f","arguments":"[1]"}}]}}]}"#;
    let steps = read_answer(Dialect::Chat, calls).unwrap();
    assert!(write_answer(Dialect::Messages, &head(), &steps, &mut out).is_err());
}

#[test]
fn errors_and_signs_of_life() {
    let steps = deltas(
        Dialect::Messages,
        &[r#"{"type":"ping"}"#, r#"{"type":"error","error":{"type":"overloaded_error","message":"o"}}"#],
    );
    match steps.unwrap().as_slice() {
        [Delta::Ping, Delta::Error(error)] => assert_eq!(error.kind, "overloaded_error"),
        other => panic!("{other:?}"),
    }
    match deltas(Dialect::Chat, &[r#"{"error":{"message":"m","code":500}}"#]).unwrap().as_slice() {
        [Delta::Error(error)] => assert_eq!(error.message, "m"),
        other => panic!("{other:?}"),
    }
    for (dialect, alive) in
        [(Dialect::Messages, "event: ping\ndata: {\"type\":\"ping\"}\n\n"), (Dialect::Chat, ": ping\n\n")]
    {
        let (mut writer, mut out) = (DeltaWriter::new(dialect, head()), Vec::new());
        writer.write(&Delta::Ping, &mut out).unwrap();
        assert!(out.is_empty());
        writer.write(&Delta::Start, &mut out).unwrap();
        out.clear();
        writer.write(&Delta::Ping, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), alive);
    }
}

#[test]
fn usage_only_for_those_who_asked() {
    for usage in [true, false] {
        let mut writer = DeltaWriter::new(Dialect::Chat, Head { asked: Asked::chat(usage).into(), ..head() });
        let mut out = Vec::new();
        writer.write(&Delta::Usage(Usage { input: Some(3), ..Usage::default() }), &mut out).unwrap();
        writer.end(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().contains("\"choices\":[],\"usage\":{\"prompt_tokens\":3"), usage);
    }
}

/// A stream of either dialect and what it says.
fn steps() -> impl Strategy<Value = Vec<Delta<'static>>> {
    let text = "[a-z\"\\\\\n é🦀]{0,8}";
    let piece = prop_oneof![
        text.prop_map(|text| vec![Delta::Text(Text::quote(&text))]),
        text.prop_map(|text| vec![Delta::Reasoning(Text::quote(&text))]),
        ("[a-z]{0,3}", proptest::collection::vec("[a-z\"]{0,4}", 0..4)).prop_map(|(id, pieces)| {
            let mut call = vec![Delta::Call { call: 0, id: Text::quote(&id), name: Text::quote("f") }];
            call.extend(pieces.iter().map(|json| Delta::Arguments { call: 0, json: Text::quote(json) }));
            call
        }),
        Just(vec![Delta::Ping]),
    ];
    let stop = prop_oneof![
        Just(StopReason::EndTurn),
        Just(StopReason::MaxTokens),
        Just(StopReason::ToolUse),
        Just(StopReason::Refusal)
    ];
    let usage = (0_u64..1_000, 0_u64..1_000, 0_u64..1_000).prop_map(|(fresh, cached, output)| Usage {
        input: Some(fresh + cached),
        output: Some(output),
        cached: Some(cached),
        written: Some(fresh / 3),
        reasoning: Some(output / 2),
    });
    (proptest::collection::vec(piece, 0..8), stop, usage).prop_map(|(pieces, stop, usage)| {
        let mut calls = 0;
        let mut steps = vec![Delta::Start];
        for mut piece in pieces {
            if matches!(piece[0], Delta::Call { .. }) {
                for delta in &mut piece {
                    if let Delta::Call { call, .. } | Delta::Arguments { call, .. } = delta {
                        *call = calls;
                    }
                }
                calls += 1;
            }
            steps.append(&mut piece);
        }
        steps.push(Delta::Stop(stop));
        steps.push(Delta::Usage(usage));
        steps
    })
}

fn written(dialect: Dialect, steps: &[Delta<'_>]) -> Vec<u8> {
    let (mut writer, mut out) = (DeltaWriter::new(dialect, head()), Vec::new());
    for step in steps {
        writer.write(step, &mut out).unwrap();
    }
    writer.end(&mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_bytes(case in 0..STREAMS.len(), cuts in proptest::collection::vec(0_usize..4_000, 0..40)) {
        let (dialect, name) = STREAMS[case];
        let stream = wire(&format!("{}/{name}/stream.sse", dialect.name()));
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % stream.len()).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        for other in others(dialect) {
            let whole = translated(dialect, other, &[&stream]).unwrap();
            prop_assert_eq!(translated(dialect, other, &chunks).unwrap(), whole);
        }
    }

    #[test]
    fn every_stream_is_whole_and_says_the_same_in_all(steps in steps()) {
        for dialect in DIALECTS {
            let first = written(dialect, &steps);
            let (finish, usage) = complete(dialect, &first);
            for other in others(dialect) {
                let second = translated(dialect, other, &[&first]).unwrap();
                let (before, after) = (hear(dialect, &first), hear(other, &second));
                // That it waits for results, Responses says by its calls alone.
                let done = |finish: Option<FinishReason>| {
                    if before.2.is_empty() && finish == Some(FinishReason::ToolCalls) { Some(FinishReason::Stop) } else { finish }
                };
                let expected = (done(finish), known(usage));
                let (finish, usage) = complete(other, &second);
                prop_assert_eq!((done(finish), known(usage)), expected);
                // A text of white space alone makes no block in Messages.
                let said = |text: &str| text.chars().filter(|own| !own.is_whitespace()).collect::<String>();
                prop_assert_eq!(said(&before.0), said(&after.0));
                prop_assert_eq!(&before.1, &after.1);
                prop_assert_eq!(&before.2, &after.2);
            }
        }
    }

    #[test]
    fn any_json_is_steps_or_an_error(events in proptest::collection::vec(invalid::json(), 1..4)) {
        for (dialect, other) in DIALECTS.into_iter().flat_map(|dialect| others(dialect).map(move |other| (dialect, other))) {
            let (mut reader, mut out) = (DeltaReader::new(dialect), Vec::new());
            let mut writer = DeltaWriter::new(other, head());
            for event in &events {
                let mut deltas = Vec::new();
                let _ = reader.read(event.as_bytes(), &mut deltas);
                for delta in &deltas {
                    let _ = writer.write(delta, &mut out);
                }
                if let Ok(steps) = read_answer(dialect, event.as_bytes()) {
                    let _ = write_answer(other, &head(), &steps, &mut Vec::new());
                }
            }
            if writer.end(&mut out).is_ok() {
                complete(other, &out);
            }
        }
    }
}
