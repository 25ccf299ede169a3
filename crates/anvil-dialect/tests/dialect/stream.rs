//! What one event of a streamed answer is.

use anvil_dialect::{Dialect, Event, EventKind, FinishReason, Malformed, Reader, Usage};
use anvil_sse::{Decoder, Frame, Limits};
use proptest::prelude::*;

use crate::{invalid::json, wire};

fn read(dialect: Dialect, data: &str) -> Result<Event, Malformed> {
    Reader::new(dialect).read(data.as_bytes())
}

/// The events of a recorded stream and the usage they add up to.
fn events(dialect: Dialect, case: &str) -> (Vec<Event>, Usage) {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(&wire(&format!("{}/{case}/stream.sse", dialect.name())));
    let (mut reader, mut events) = (Reader::new(dialect), Vec::new());
    while let Some(frame) = decoder.next().unwrap() {
        if let Frame::Event(event) = frame {
            events.push(reader.read(event.data).unwrap());
        }
    }
    (events, reader.usage())
}

fn kinds(events: &[Event]) -> String {
    let kind = |event: &Event| match &event.kind {
        EventKind::Answer => 'a',
        EventKind::Ping => 'p',
        EventKind::Terminal => 't',
        EventKind::Error(_) => 'e',
    };
    events.iter().map(kind).collect()
}

#[test]
fn messages_with_tools_and_thinking() {
    let (events, usage) = events(Dialect::Messages, "claude_code");
    assert_eq!(kinds(&events), "apaaaaaaaaaaaaat");
    assert_eq!(
        usage,
        Usage { input: Some(4_112), output: Some(57), cached: Some(4_000), written: Some(100), reasoning: None }
    );
    let finishing: Vec<&Event> = events.iter().filter(|event| event.finished != 0).collect();
    assert_eq!(finishing.len(), 1);
    assert_eq!(finishing[0].finish, Some(FinishReason::ToolCalls));
    assert!(events[0].spans.model.is_some() && events[1..].iter().all(|event| event.spans.model.is_none()));
}

#[test]
fn the_models_span_has_its_quotes() {
    let data = r#"{"type":"message_start","message":{"usage":{"input_tokens":3},"model" : "qw\"en" }}"#;
    let span = read(Dialect::Messages, data).unwrap().spans.model.unwrap();
    assert_eq!(&data[span], r#""qw\"en""#);
    let data = r#"{"choices":[],"model":"qwen"}"#;
    let span = read(Dialect::Chat, data).unwrap().spans.model.unwrap();
    assert_eq!(&data[span], r#""qwen""#);
    assert_eq!(read(Dialect::Chat, r#"{"choices":[],"model":null}"#).unwrap().spans.model, None);
    // Only the opening event's name is the answer's.
    let data = r#"{"type":"content_block_start","message":{"model":"x"}}"#;
    assert_eq!(read(Dialect::Messages, data).unwrap().spans.model, None);
}

#[test]
fn usage_of_later_events_replaces_what_they_name() {
    let mut reader = Reader::new(Dialect::Messages);
    reader.read(br#"{"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":null,"output_tokens":1}}}"#).unwrap();
    assert_eq!(
        reader.usage(),
        Usage { input: Some(15), output: Some(1), cached: Some(5), written: None, reasoning: None }
    );
    reader.read(br#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}"#).unwrap();
    assert_eq!(
        reader.usage(),
        Usage { input: Some(15), output: Some(9), cached: Some(5), written: None, reasoning: None }
    );
}

#[test]
fn a_malformed_event_leaves_the_usage_as_it_was() {
    let mut reader = Reader::new(Dialect::Chat);
    assert!(reader.read(br#"{"choices":[],"usage":{"prompt_tokens":5},"x":}"#).is_err());
    assert_eq!(reader.usage(), Usage::default());
}

#[test]
fn counts_too_large_add_up_without_overflow() {
    let mut reader = Reader::new(Dialect::Messages);
    let data = format!(
        r#"{{"type":"message_delta","delta":{{}},"usage":{{"input_tokens":{0},"cache_read_input_tokens":{0},"cache_creation_input_tokens":{0},"output_tokens":99999999999999999999}}}}"#,
        u64::MAX
    );
    reader.read(data.as_bytes()).unwrap();
    assert_eq!(reader.usage().input, Some(u64::MAX));
    assert_eq!(reader.usage().output, None);
}

#[test]
fn stop_reasons() {
    for (reason, finish) in [
        ("end_turn", FinishReason::Stop),
        ("stop_sequence", FinishReason::Stop),
        ("max_tokens", FinishReason::Length),
        ("model_context_window_exceeded", FinishReason::Length),
        ("tool_use", FinishReason::ToolCalls),
        ("refusal", FinishReason::Refusal),
        ("pause_turn", FinishReason::Other),
    ] {
        let event =
            read(Dialect::Messages, &format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}"}}}}"#))
                .unwrap();
        assert_eq!((event.finish, event.finished), (Some(finish), 1), "{reason}");
    }
    for (reason, finish) in [
        ("stop", FinishReason::Stop),
        ("length", FinishReason::Length),
        ("tool_calls", FinishReason::ToolCalls),
        ("function_call", FinishReason::ToolCalls),
        ("content_filter", FinishReason::Refusal),
        ("eos", FinishReason::Other),
    ] {
        let data = format!(r#"{{"choices":[{{"index":3,"delta":{{}},"finish_reason":"{reason}"}}]}}"#);
        let event = read(Dialect::Chat, &data).unwrap();
        assert_eq!((event.finish, event.choices, event.finished), (Some(finish), 8, 8), "{reason}");
    }
}

#[test]
fn what_is_no_finish() {
    for data in [
        r#"{"type":"message_delta","delta":{"stop_reason":null}}"#,
        r#"{"type":"message_delta"}"#,
        r#"{"type":"content_block_delta","delta":{"type":"x","stop_reason":"end_turn"}}"#,
    ] {
        assert_eq!(read(Dialect::Messages, data).unwrap().finished, 0, "{data}");
    }
    for reason in ["null", "\"\"", "7"] {
        let data = format!(r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":{reason}}}]}}"#);
        assert_eq!(read(Dialect::Chat, &data).unwrap().finished, 0, "{reason}");
    }
}

#[test]
fn chat_with_tool_calls_and_a_usage_chunk() {
    let (events, usage) = events(Dialect::Chat, "openai_py");
    assert_eq!(kinds(&events), "aaaaaat");
    assert_eq!(usage, Usage { input: Some(30), output: Some(12), cached: Some(16), written: None, reasoning: Some(4) });
    assert_eq!(events[5].choices, 0);
    assert_eq!(events[4].finish, Some(FinishReason::ToolCalls));
}

#[test]
fn azures_first_chunk_has_no_choice() {
    let (events, _) = events(Dialect::Chat, "azure");
    assert_eq!((events[0].choices, events[0].finished), (0, 0));
    assert_eq!(events[3].finish, Some(FinishReason::Refusal));
}

#[test]
fn several_choices() {
    let (events, _) = events(Dialect::Chat, "two_choices");
    let choices: Vec<(u128, u128)> = events.iter().map(|event| (event.choices, event.finished)).collect();
    assert_eq!(choices, [(1, 0), (2, 0), (2, 2), (1, 1), (0, 0)]);
    for (index, bit) in [("127", 1 << 127), ("128", 0), ("4294967296", 0), ("-1", 1), ("null", 1)] {
        let data = format!(r#"{{"choices":[{{"index":{index},"delta":{{}}}}]}}"#);
        assert_eq!(read(Dialect::Chat, &data).unwrap().choices, bit, "{index}");
    }
}

#[test]
fn done_in_any_spacing() {
    for data in ["[DONE]", " [DONE]", "[DONE]\n"] {
        assert_eq!(read(Dialect::Chat, data).unwrap().kind, EventKind::Terminal);
    }
    assert!(read(Dialect::Chat, "[done]").is_err());
    assert!(read(Dialect::Messages, "[DONE]").is_err());
}

#[test]
fn errors_in_band() {
    let error = |dialect, data| match read(dialect, data).unwrap().kind {
        EventKind::Error(error) => (error.kind, error.message),
        other => panic!("{data}: {other:?}"),
    };
    let pair = |kind: &str, message: &str| (kind.to_owned(), message.to_owned());
    assert_eq!(
        error(Dialect::Messages, r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#),
        pair("overloaded_error", "Overloaded")
    );
    assert_eq!(error(Dialect::Messages, r#"{"type":"error"}"#), pair("", ""));
    assert_eq!(error(Dialect::Messages, r#"{"type":"error","error":null}"#), pair("", ""));
    assert_eq!(error(Dialect::Messages, r#"{"error":{"message":"no type"}}"#), pair("", "no type"));
    assert_eq!(
        error(Dialect::Chat, r#"{"error":{"code":500,"message":"Context size exceeded.","type":"server_error"}}"#),
        pair("server_error", "Context size exceeded.")
    );
    assert_eq!(error(Dialect::Chat, r#"{"error":"out of memory"}"#), pair("", "out of memory"));
    // Some routers put the error beside a choice that ends in it.
    assert_eq!(
        error(
            Dialect::Chat,
            r#"{"choices":[{"delta":{},"finish_reason":"error"}],"error":{"code":"502","message":"x"}}"#
        ),
        pair("502", "x")
    );
    assert_eq!(read(Dialect::Chat, r#"{"choices":[],"error":null}"#).unwrap().kind, EventKind::Answer);
}

#[test]
fn malformed_events() {
    for data in ["", " ", "{", "[]", "7", "null", "{}", r#"{"type":7}"#, r#"{"type":"ping"} x"#, r#"{"type":"a""#] {
        assert!(read(Dialect::Messages, data).is_err(), "{data}");
    }
    for data in ["", "{", "[]", "null", "{}", r#"{"choices":null}"#, r#"{"choices":{}}"#, r#"{"choices":[]}}"#] {
        assert!(read(Dialect::Chat, data).is_err(), "{data}");
    }
    for dialect in [Dialect::Messages, Dialect::Chat, Dialect::Responses] {
        assert_eq!(Reader::new(dialect).read(b"{\"a\":\"\xc3\"}").unwrap_err().offset, 6);
        let deep = format!(r#"{{"type":"x","choices":[],"x":{}}}"#, "[".repeat(50_000));
        assert!(read(dialect, &deep).is_err());
    }
}

#[test]
fn kinds_not_known_yet_are_part_of_the_answer() {
    assert_eq!(read(Dialect::Messages, r#"{"type":"content_block_x"}"#).unwrap().kind, EventKind::Answer);
}

#[test]
fn half_a_surrogate_pair_in_a_delta() {
    let data = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ud83d"}}"#;
    assert_eq!(read(Dialect::Messages, data).unwrap().kind, EventKind::Answer);
    let data = r#"{"choices":[{"delta":{"content":"\ud83d"}}],"model":"m"}"#;
    let event = read(Dialect::Chat, data).unwrap();
    assert_eq!(&data[event.spans.model.unwrap()], "\"m\"");
}

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_an_error(data in proptest::collection::vec(any::<u8>(), 0..100)) {
        for dialect in [Dialect::Messages, Dialect::Chat, Dialect::Responses] {
            let _ = Reader::new(dialect).read(&data);
        }
    }

    #[test]
    fn any_json_is_an_event_or_an_error(data in json()) {
        for dialect in [Dialect::Messages, Dialect::Chat, Dialect::Responses] {
            if let Ok(event) = Reader::new(dialect).read(data.as_bytes()) {
                prop_assert_eq!(event.finished & !event.choices, 0);
                if let Some(span) = event.spans.model {
                    prop_assert!(serde_json::from_str::<String>(&data[span.clone()]).is_ok() || data[span].contains("ud83d"));
                }
            }
        }
    }
}
