//! What a client was told while it waited is the beginning of the answer, whoever gives it.

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{Dialect, Head};
use anvil_relay::{Ending, Form, Opening, Setup, Step};
use anvil_sse::{Decoder, Frame};

use crate::{run, stream};

const DIALECTS: [Dialect; 3] = [Dialect::Messages, Dialect::Chat, Dialect::Responses];

fn head() -> Head {
    Head { id: "01".to_owned(), model: "planning".to_owned(), created: 1, ..Head::default() }
}

/// A relay's setup whose opening has said so much already, and what it has said.
fn opened(client: Dialect, tier: Dialect, beats: &[bool]) -> (Setup, Opening, Vec<u8>) {
    let opening = Opening::new(client, head(), "req_1".to_owned());
    let said = beats.iter().flat_map(|is_late| opening.beat(*is_late)).collect();
    let mut setup = Setup::new(client, tier, Form::Stream, head(), "req_1".to_owned());
    setup.opening = Some(opening.clone());
    (setup, opening, said)
}

/// The data of each event.
fn events(stream: &[u8]) -> Vec<String> {
    let (mut decoder, mut events) = (Decoder::default(), Vec::new());
    decoder.feed(stream);
    while let Some(frame) = decoder.next().unwrap() {
        if let Frame::Event(event) = frame {
            events.push(String::from_utf8(event.data.to_vec()).unwrap());
        }
    }
    events
}

/// The whole answer that a client gets which was told so much before.
fn answered(client: Dialect, tier: Dialect, case: &str, beats: &[bool]) -> Vec<String> {
    let (setup, opening, mut said) = opened(client, tier, beats);
    let bytes = stream(tier, case);
    let (out, step) = run(setup, [bytes.as_slice()], Ending::Clean);
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    assert!(opening.beat(true).is_empty(), "a sign of life after the answer");
    said.extend(out);
    events(&said)
}

fn count(events: &[String], needle: &str) -> usize {
    events.iter().filter(|event| event.contains(needle)).count()
}

/// The number that the member has in each event that has it.
fn numbers(events: &[String], member: &str) -> Vec<u64> {
    let needle = format!("\"{member}\":");
    let number = |event: &String| {
        let at = event.find(&needle)? + needle.len();
        event[at..].trim_start().split(|own: char| !own.is_ascii_digit()).next()?.parse().ok()
    };
    events.iter().filter_map(number).collect()
}

#[test]
fn messages_has_one_beginning() {
    for (tier, case) in
        [(Dialect::Messages, "claude_code"), (Dialect::Chat, "deepseek"), (Dialect::Responses, "openai_py")]
    {
        let events = answered(Dialect::Messages, tier, case, &[false, false, false]);
        assert_eq!(count(&events, "\"message_start\""), 1, "{case}");
        assert!(events[0].contains("msg_01"), "{case}");
        assert_eq!(events[1..3], ["{\"type\":\"ping\"}"; 2], "{case}");
        assert_eq!(numbers(&events, "index")[0], 0, "{case}");
        assert_eq!(count(&events, "\"message_stop\""), 1, "{case}");
    }
}

#[test]
fn a_text_that_was_opened_is_gone_on_with_or_closed() {
    // The first begins with a thought, the second with a text.
    for (tier, case, is_text) in [
        (Dialect::Messages, "claude_code", false),
        (Dialect::Messages, "anthropic_py", true),
        (Dialect::Chat, "deepseek", false),
        (Dialect::Chat, "aider", true),
    ] {
        let events = answered(Dialect::Messages, tier, case, &[false, true, true]);
        let (mut open, mut blocks) = (None, 0);
        for event in &events {
            let index = numbers(std::slice::from_ref(event), "index").first().copied();
            if event.contains("content_block_start") {
                assert_eq!((open, index), (None, Some(blocks)), "{case}: {event}");
                (open, blocks) = (index, blocks + 1);
            } else if event.contains("content_block_delta") {
                assert_eq!(open, index, "{case}: {event}");
            } else if event.contains("content_block_stop") {
                assert_eq!(open.take(), index, "{case}: {event}");
            }
        }
        let first: Vec<&String> = events.iter().filter(|event| numbers(&[(*event).clone()], "index") == [0]).collect();
        let has_words = first.iter().any(|event| event.contains("text_delta") && !event.contains("\"text\":\"\""));
        assert_eq!(has_words, is_text, "{case}");
    }
}

#[test]
fn an_answer_of_nothing_closes_the_text_that_was_opened() {
    let (setup, _, mut said) = opened(Dialect::Messages, Dialect::Messages, &[false, true]);
    let bytes = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"model\":\"m\",\"usage\":{\"input_tokens\":7}}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":0}}\n\n",
        "data: {\"type\":\"message_stop\"}\n\n",
    );
    let (out, step) = run(setup, [bytes.as_bytes()], Ending::Clean);
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    said.extend(out);
    let events = events(&said);
    assert_eq!(count(&events, "content_block_start"), 1);
    assert!(events[events.len() - 3].contains("content_block_stop"), "{events:?}");
}

#[test]
fn the_end_says_what_the_beginning_would_have_said() {
    let delta = |usage: &str| {
        format!("{{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\"}},\"usage\":{usage}}}")
    };
    let answer = |usage: &str| {
        format!(
            "data: {{\"type\":\"message_start\",\"message\":{{\"model\":\"m\",\"usage\":{{\"input_tokens\":7,\"cache_read_input_tokens\":2}}}}}}\n\ndata: {}\n\ndata: {{\"type\":\"message_stop\"}}\n\n",
            delta(usage)
        )
    };
    // As llama.cpp ends, and as the vendor does, whose own members stay.
    for (usage, expected) in [
        (
            "{\"output_tokens\":3}",
            "{\"output_tokens\":3,\"input_tokens\":7,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":2}",
        ),
        (
            "{ \"input_tokens\":5, \"output_tokens\":3, \"server_tool_use\":{\"a\":1}}",
            "{\"input_tokens\":5,\"output_tokens\":3,\"server_tool_use\":{\"a\":1},\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":2}",
        ),
    ] {
        for (beats, expected) in [(&[false][..], expected), (&[], usage)] {
            let (setup, ..) = opened(Dialect::Messages, Dialect::Messages, beats);
            let (out, _) = run(setup, [answer(usage).as_bytes()], Ending::Clean);
            let events = events(&out);
            assert_eq!(events[events.len() - 2], delta(expected));
        }
    }
}

#[test]
fn responses_is_numbered_on_under_one_id() {
    for (tier, case) in [
        (Dialect::Responses, "openai_py"),
        (Dialect::Responses, "codex_parallel"),
        (Dialect::Messages, "claude_code"),
        (Dialect::Chat, "deepseek"),
    ] {
        for beats in [&[][..], &[false], &[false, false, true]] {
            let events = answered(Dialect::Responses, tier, case, beats);
            let expected: Vec<u64> = (0..events.len() as u64).collect();
            assert_eq!(numbers(&events, "sequence_number"), expected, "{case}");
            let opening = count(&events, "\"object\":\"response\"") + count(&events, "\"object\": \"response\"");
            assert_eq!(opening, count(&events, "resp_01"), "{case}");
            assert_eq!(count(&events, "response.created"), 1, "{case}");
        }
    }
}

#[test]
fn chat_goes_on_as_it_is() {
    let (setup, _, said) = opened(Dialect::Chat, Dialect::Chat, &[false, true]);
    assert_eq!(said, b": ping\n\n: ping\n\n");
    let (plain, _, _) = opened(Dialect::Chat, Dialect::Chat, &[]);
    let bytes = stream(Dialect::Chat, "openai_py");
    let after = run(setup, [bytes.as_slice()], Ending::Clean);
    assert_eq!(after, run(plain, [bytes.as_slice()], Ending::Clean));
}

#[test]
fn a_rejected_attempt_leaves_the_opening_to_the_next() {
    for client in DIALECTS {
        let (setup, opening, _) = opened(client, Dialect::Chat, &[false]);
        let (out, step) = run(setup, [&b"data: {}\n\n"[..]], Ending::Clean);
        assert!(out.is_empty() && matches!(step, Step::Reject(_)), "{step:?}");
        assert!(!opening.beat(false).is_empty());
    }
}

#[test]
fn what_an_attempt_said_to_nobody_is_the_openings_again() {
    for client in DIALECTS {
        for tier in DIALECTS {
            let (setup, opening, said) = opened(client, tier, &[false]);
            let bytes = stream(tier, if tier == Dialect::Messages { "anthropic_py" } else { "openai_py" });
            let (out, step) = run(setup.clone(), [&bytes[..bytes.len() / 2]], Ending::Cut);
            assert!(matches!(step, Step::Broken(_)) && !out.is_empty(), "{step:?}");
            assert!(opening.beat(false).is_empty());
            opening.give_back();
            let (setup_of_next, ..) = opened(client, tier, &[false]);
            assert_eq!(
                run(setup, [bytes.as_slice()], Ending::Clean),
                run(setup_of_next, [bytes.as_slice()], Ending::Clean),
                "after {}",
                String::from_utf8_lossy(&said)
            );
        }
    }
}

#[test]
fn what_fails_is_told_under_the_openings_own_id() {
    for (client, mark) in [
        (Dialect::Messages, "\"type\":\"error\""),
        (Dialect::Chat, "{\"error\":"),
        (Dialect::Responses, "\"type\":\"response.failed\",\"sequence_number\":3"),
    ] {
        let (_, opening, _) = opened(client, client, &[false, false]);
        let last = events(&opening.fail(ErrorKind::Overloaded, "no tier"));
        assert_eq!(last.len(), 1);
        assert!(last[0].contains(mark) && last[0].contains("no tier"), "{}", last[0]);
        assert_eq!(last[0].contains("resp_01"), client == Dialect::Responses);
        assert!(opening.beat(false).is_empty());
    }
}

#[test]
fn a_responses_stream_that_breaks_says_which_one_failed() {
    let bytes = stream(Dialect::Responses, "openai_py");
    for tier in [Dialect::Responses, Dialect::Chat] {
        let bytes = if tier == Dialect::Chat { stream(tier, "openai_py") } else { bytes.clone() };
        let (setup, _, mut said) = opened(Dialect::Responses, tier, &[false]);
        let (out, step) = run(setup, [&bytes[..bytes.len() / 2]], Ending::Cut);
        assert!(matches!(step, Step::Broken(_)), "{step:?}");
        said.extend(out);
        let events = events(&said);
        let last = events.last().unwrap();
        assert!(last.contains("\"response.failed\"") && last.contains("resp_01") && last.contains("server_error"));
        assert_eq!(numbers(&events, "sequence_number"), (0..events.len() as u64).collect::<Vec<_>>());
    }
}
