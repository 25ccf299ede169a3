//! A tier that speaks another dialect than the client: the same promises hold for what is said anew.

use anvil_dialect::{Asked, Dialect, EventKind, Head, Reader};
use anvil_relay::{Ending, Form, Setup, Step};
use anvil_sse::{Decoder, Frame};

use crate::{STREAMS, run, stream, text, wire};

const fn other(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::Messages => Dialect::Chat,
        Dialect::Chat | Dialect::Responses => Dialect::Messages,
    }
}

fn setup(tier: Dialect, form: Form) -> Setup {
    let head = Head {
        id: "1".to_owned(),
        model: "planning".to_owned(),
        created: 1_760_000_000,
        asked: Asked::chat(true).into(),
    };
    Setup::new(other(tier), tier, form, head, "req_1".to_owned())
}

/// How many terminal and error events the client was sent, having read every one of them.
fn last_events(client: Dialect, out: &[u8]) -> (usize, usize) {
    let (mut decoder, mut reader) = (Decoder::default(), Reader::new(client));
    let (mut terminal, mut errors) = (0, 0);
    decoder.feed(out);
    while let Some(frame) = decoder.next().unwrap() {
        let Frame::Event(event) = frame else { continue };
        match reader.read(event.data).unwrap().kind {
            EventKind::Terminal => terminal += 1,
            EventKind::Error(_) => errors += 1,
            EventKind::Answer | EventKind::Ping => {}
        }
    }
    decoder.finish().unwrap();
    (terminal, errors)
}

#[test]
fn any_chunking_gives_the_same_bytes() {
    for (tier, case) in STREAMS {
        let bytes = stream(tier, case);
        let whole = run(setup(tier, Form::Stream), [bytes.as_slice()], Ending::Clean);
        for size in [1, 7, 64] {
            let cut = run(setup(tier, Form::Stream), bytes.chunks(size), Ending::Clean);
            // A stream that breaks may release more or less before it does; what it ends in is the same.
            if matches!(whole.1, Step::Done(_)) {
                assert_eq!(text(&cut.0), text(&whole.0), "{case} in {size}");
            }
            assert_eq!(cut.1, whole.1, "{case} in {size}");
        }
    }
}

#[test]
fn a_stream_cut_anywhere_never_ends_cleanly() {
    for (tier, case) in STREAMS {
        let bytes = stream(tier, case);
        for end in 0..bytes.len() {
            let (out, step) = run(setup(tier, Form::Stream), [&bytes[..end]], Ending::Cut);
            match step {
                Step::Done(_) => assert_eq!(last_events(other(tier), &out), (1, 0), "{case} at {end}"),
                Step::Broken(_) => assert_eq!(last_events(other(tier), &out), (0, 1), "{case} at {end}"),
                Step::Reject(_) => assert!(out.is_empty(), "{case} at {end}"),
                Step::Continue => panic!("{case} at {end} goes on"),
            }
        }
    }
}

#[test]
fn a_whole_answer_is_said_anew_with_its_usage() {
    for (tier, case) in [(Dialect::Messages, "claude_code"), (Dialect::Chat, "openai_py")] {
        let body = wire(tier, &format!("{case}/answer.json"));
        let (out, step) = run(setup(tier, Form::Whole), body.chunks(100), Ending::Clean);
        let Step::Done(report) = step else { panic!("{case}: {step:?}") };
        assert!(report.usage.output.is_some() && report.finish.is_some(), "{case}");
        let read = anvil_dialect::answer::read(other(tier), &out).unwrap();
        let anvil_dialect::answer::Answer::Whole { finish, usage, .. } = read else { panic!("{case}: {read:?}") };
        assert_eq!((finish, usage.output), (report.finish, report.usage.output), "{case}");
        assert!(text(&out).contains("\"planning\""), "{case}");
    }
}

#[test]
fn a_whole_answer_that_is_cut_or_is_none_is_rejected() {
    for tier in [Dialect::Messages, Dialect::Chat] {
        for body in ["", "{}", "[]", "<html>", "{\"error\":{\"message\":\"no\",\"type\":\"overloaded_error\"}}"] {
            let (out, step) = run(setup(tier, Form::Whole), [body.as_bytes()], Ending::Clean);
            assert!(out.is_empty() && matches!(step, Step::Reject(_)), "{body}: {step:?}");
        }
        let (out, step) = run(setup(tier, Form::Whole), [&b"{\"con"[..]], Ending::Cut);
        assert!(out.is_empty() && matches!(step, Step::Reject(_)), "{step:?}");
    }
}
