//! A stream cut anywhere: into chunks, or off.

use anvil_dialect::{Dialect, EventKind, Reader};
use anvil_relay::{Ending, Form, Relay, Step};
use anvil_sse::{Decoder, Frame, Limits};
use proptest::prelude::*;

use crate::{STREAMS, run, setup, stream};

/// The data of every event in what a client got.
fn events(out: &[u8]) -> Vec<String> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(out);
    let mut events = Vec::new();
    while let Some(frame) = decoder.next().unwrap() {
        if let Frame::Event(event) = frame {
            events.push(String::from_utf8(event.data.to_vec()).unwrap());
        }
    }
    decoder.finish().expect("the client's stream ends between events");
    events
}

fn kind(dialect: Dialect, data: &str) -> EventKind {
    Reader::new(dialect).read(data.as_bytes()).unwrap().kind
}

/// How many of the stream's first bytes say that every choice has finished, by reading the text itself.
fn finished_at(dialect: Dialect, stream: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(stream).unwrap();
    let needle = match dialect {
        Dialect::Messages => r#""stop_reason":""#,
        Dialect::Chat => r#""finish_reason":""#,
        Dialect::Responses => "event: response.completed",
    };
    let last = text.rfind(needle)?;
    let blank = text[last..].find("\r\n\r").map(|at| at + 3).or_else(|| text[last..].find("\n\n").map(|at| at + 2));
    blank.map(|at| last + at)
}

#[test]
fn cut_off_at_every_byte() {
    for (dialect, case) in STREAMS {
        let stream = stream(dialect, case);
        let finished = finished_at(dialect, &stream).unwrap_or(usize::MAX);
        for length in 0..=stream.len() {
            for ending in [Ending::Clean, Ending::Cut] {
                let (out, step) = run(setup(dialect, Form::Stream), [&stream[..length]], ending);
                let events = events(&out);
                let last = events.last().map(|data| kind(dialect, data));
                let terminals = events.iter().filter(|data| kind(dialect, data) == EventKind::Terminal).count();
                let at = format!("{case} cut at {length}: {step:?}");
                match step {
                    Step::Done(_) => {
                        assert!(length >= finished, "{at}");
                        assert_eq!((last, terminals), (Some(EventKind::Terminal), 1), "{at}");
                    }
                    Step::Broken(_) => {
                        assert!(matches!(last, Some(EventKind::Error(_))), "{at}");
                        assert_eq!(terminals, 0, "{at}");
                        assert!(length < finished, "{at}");
                    }
                    Step::Reject(_) => assert!(out.is_empty(), "{at}"),
                    Step::Continue => panic!("{at}"),
                }
            }
        }
    }
}

/// Until the end is known, nothing is said to have ended.
#[test]
fn no_terminal_event_before_the_end() {
    for (dialect, case) in STREAMS {
        let stream = stream(dialect, case);
        let (mut relay, mut out) = (Relay::new(setup(dialect, Form::Stream)), Vec::new());
        for byte in stream.chunks(1) {
            if relay.push(byte, &mut out) != Step::Continue {
                break;
            }
            for data in events(&out) {
                assert!(matches!(kind(dialect, &data), EventKind::Answer | EventKind::Ping), "{case}: {data}");
            }
        }
    }
}

#[test]
fn byte_by_byte_is_all_at_once() {
    for (dialect, case) in STREAMS {
        let stream = stream(dialect, case);
        let whole = run(setup(dialect, Form::Stream), [&stream[..]], Ending::Clean);
        assert_eq!(run(setup(dialect, Form::Stream), stream.chunks(1), Ending::Clean), whole, "{case}");
    }
}

#[test]
fn abandoned_at_every_byte() {
    for (dialect, case) in STREAMS {
        let stream = stream(dialect, case);
        for length in 0..=stream.len() {
            let (mut relay, mut out) = (Relay::new(setup(dialect, Form::Stream)), Vec::new());
            if relay.push(&stream[..length], &mut out) != Step::Continue {
                break;
            }
            let had_released = relay.has_released();
            assert_eq!(had_released, !out.is_empty());
            match relay.abandon(anvil_relay::Defect::StreamCut, &mut out) {
                Step::Reject(_) => assert!(!had_released && out.is_empty()),
                Step::Broken(_) => {
                    assert!(had_released);
                    let last = events(&out).pop().unwrap();
                    assert!(matches!(kind(dialect, &last), EventKind::Error(_)), "{case} at {length}: {last}");
                }
                step => panic!("{step:?}"),
            }
        }
    }
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same(which in 0..STREAMS.len(), lengths in proptest::collection::vec(0_usize..40, 0..60)) {
        let (dialect, case) = STREAMS[which];
        let stream = stream(dialect, case);
        let mut chunks = Vec::new();
        let mut rest = &stream[..];
        for length in lengths {
            let (chunk, after) = rest.split_at(length.min(rest.len()));
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        let whole = run(setup(dialect, Form::Stream), [&stream[..]], Ending::Clean);
        prop_assert_eq!(run(setup(dialect, Form::Stream), chunks, Ending::Clean), whole);
    }

    /// Whatever a tier sends in the place of any byte.
    #[test]
    fn any_damage_keeps_the_rules(which in 0..STREAMS.len(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let (dialect, case) = STREAMS[which];
        let mut stream = stream(dialect, case);
        let at = at.index(stream.len());
        stream[at] = byte;
        let ending = if cut { Ending::Cut } else { Ending::Clean };
        let (out, step) = run(setup(dialect, Form::Stream), [&stream[..]], ending);
        let last = events(&out).pop().map(|data| kind(dialect, &data));
        match step {
            Step::Done(_) => prop_assert_eq!(last, Some(EventKind::Terminal)),
            Step::Broken(_) => prop_assert!(matches!(last, Some(EventKind::Error(_)))),
            Step::Reject(_) => prop_assert!(out.is_empty()),
            Step::Continue => prop_assert!(false, "no end"),
        }
    }

    #[test]
    fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for dialect in [Dialect::Messages, Dialect::Chat] {
            for form in [Form::Stream, Form::Whole, Form::Document] {
                let (_, step) = run(setup(dialect, form), bytes.chunks(7), Ending::Clean);
                prop_assert!(step != Step::Continue);
            }
        }
    }
}
