//! Events that are like the one before are read by what they have in common with it: that must tell what reading them tells.

use anvil_dialect::{Delta, DeltaReader, Dialect};
use proptest::prelude::*;

/// What begins an answer; then what goes on with it, `$` for a piece of a JSON string and `#` for a number.
const STREAMS: [(Dialect, &[&str], &[&str]); 3] = [
    (
        Dialect::Chat,
        &[r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#],
        &[
            r#"{"id":"c","choices":[{"index":0,"delta":{"content":"$"},"finish_reason":null}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"$","reasoning":"x"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"reasoning":"$"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"refusal":"$"}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"content":"x","content":"$"}}],"sequence_number":#}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":#,"id":"$","function":{"name":"f"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":#,"function":{"arguments":"$"}}]}}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            "[DONE]",
        ],
    ),
    (
        Dialect::Messages,
        &[
            r#"{"type":"message_start","message":{}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"i","name":"f","input":{"a":1}}}"#,
        ],
        &[
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"$"}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"$"}}"#,
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"$"}}"#,
            r#"{"type":"content_block_delta","index":#,"delta":{"type":"text_delta","text":"$"}}"#,
            r#"{"type":"content_block_stop","index":#}"#,
            r#"{"type":"content_block_start","index":#,"content_block":{"type":"text","text":"$"}}"#,
            r#"{"type":"ping"}"#,
        ],
    ),
    (
        Dialect::Responses,
        &[
            r#"{"type":"response.created","sequence_number":0,"response":{}}"#,
            r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m"}}"#,
            r#"{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","id":"f","name":"f"}}"#,
        ],
        &[
            r#"{"type":"response.output_text.delta","sequence_number":#,"output_index":0,"delta":"$"}"#,
            r#"{"delta":"$","output_index":0,"sequence_number":#,"type":"response.output_text.delta"}"#,
            r#"{"delta":"$","sequence_number": #,"output_index":0,"type":"response.output_text.delta"}"#,
            r#"{"type":"response.output_text.delta","output_index":#,"delta":"$"}"#,
            r#"{"type":"response.function_call_arguments.delta","sequence_number":#,"output_index":1,"delta":"$"}"#,
            r#"{"type":"response.output_item.done","output_index":#,"item":{"type":"message","id":"m"}}"#,
        ],
    ),
];

type Read = Result<Vec<Delta<'static>>, ()>;

fn read(reader: &mut DeltaReader, event: &str) -> Read {
    let mut deltas = Vec::new();
    let read = reader.read(event.as_bytes(), &mut deltas);
    read.map(|()| deltas.into_iter().map(Delta::into_owned).collect()).map_err(drop)
}

/// Reads each event as it is, and once more where none is like the one before: each ends in more spaces.
fn read_twice(dialect: Dialect, events: &[String]) -> Vec<(Read, Read)> {
    let (mut reader, mut plain) = (DeltaReader::new(dialect), DeltaReader::new(dialect));
    let mut results = Vec::new();
    for (at, event) in events.iter().enumerate() {
        let both = (read(&mut reader, event), read(&mut plain, &format!("{event}{}", " ".repeat(at))));
        let is_over = both.0.is_err();
        results.push(both);
        if is_over {
            break;
        }
    }
    results
}

fn filled(template: &str, piece: &str, number: &str) -> String {
    template.replace('#', number).replace('$', piece)
}

/// Few templates in a row, so that many events are like the one before; pieces that are right, and wrong in every way.
fn events() -> impl Strategy<Value = (Dialect, Vec<String>)> {
    let event = (
        any::<prop::sample::Index>(),
        prop_oneof![4 => "[a-z é{}]{1,6}", 3 => "[nut\\\\\"/ ]{0,4}", 1 => "[\u{1}\n\u{7f}a]{1,2}", 1 => r"\\u[0-9a-e]{4}"],
        prop_oneof![8 => "[0-9]", 2 => "[0-9]{2,20}", 1 => "-1|1e3|1\\.5|null|\"x\""],
    );
    let runs = proptest::collection::vec((event, proptest::collection::vec("[a-z\\\\n\"é]{0,3}", 0..4)), 1..6);
    (0..STREAMS.len(), runs).prop_map(|(stream, runs)| {
        let (dialect, opening, templates) = STREAMS[stream];
        let mut events: Vec<String> = opening.iter().map(|event| (*event).to_owned()).collect();
        for ((template, piece, number), more) in runs {
            let template = *template.get(templates);
            events.push(filled(template, "a", "0"));
            events.push(filled(template, &piece, &number));
            events.extend(more.iter().map(|piece| filled(template, piece, "0")));
        }
        (dialect, events)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_like_the_last_event_says_what_it_says((dialect, events) in events()) {
        for (at, (read, plain)) in read_twice(dialect, &events).into_iter().enumerate() {
            prop_assert_eq!(read, plain, "{}", events[at]);
        }
    }
}

#[test]
fn a_piece_that_is_no_json_is_found_behind_good_ones() {
    for (dialect, opening, templates) in STREAMS {
        for bad in ["\u{1}", "\"", "\\x", "\\", "\\u12"] {
            let mut events: Vec<String> = opening.iter().map(|event| (*event).to_owned()).collect();
            events.extend(["a", "b", bad].map(|piece| filled(templates[0], piece, "5")));
            let results = read_twice(dialect, &events);
            assert!(results.last().is_some_and(|(read, _)| read.is_err()), "{dialect:?} {bad:?}");
        }
    }
}
