//! Whatever is pushed, ended or abandoned, and in what pieces: no byte of a rejected answer, one last step, and then silence.
#![no_main]

use anvil_dialect::{Dialect, Head};
use anvil_relay::{Defect, Ending, Form, Relay, Setup, Step};
use libfuzzer_sys::fuzz_target;

// The first byte chooses dialect, form and end, the second how many bytes after it are chunk lengths, taken in turn.
fuzz_target!(|input: &[u8]| {
    let [choice, count, rest @ ..] = input else {
        return;
    };
    let (lengths, body) = rest.split_at(usize::from(count % 16).min(rest.len()));
    let whole = run(*choice, &[body]);
    assert_eq!(run(*choice, &cut(body, lengths)), whole);
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    assert_eq!(run(*choice, &bytes), whole);
});

fn cut<'a>(body: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = body;
    let mut chunks = Vec::new();
    for length in lengths {
        let (chunk, after) = rest.split_at(usize::from(*length).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

fn run(choice: u8, chunks: &[&[u8]]) -> (Vec<u8>, Step) {
    let dialect = if choice & 1 == 0 { Dialect::Messages } else { Dialect::Chat };
    let form = [Form::Stream, Form::Stream, Form::Whole, Form::Document][usize::from(choice >> 1 & 3)];
    let mut setup = Setup::new(dialect, dialect, form, Head { model: "planning".to_owned(), ..Head::default() }, "req_1".to_owned());
    if choice & 8 != 0 {
        (setup.max_event_bytes, setup.max_answer_bytes) = (100, 200);
    }
    let (mut relay, mut out) = (Relay::new(setup), Vec::new());
    let mut step = Step::Continue;
    for chunk in chunks {
        step = relay.push(chunk, &mut out);
        assert_eq!(relay.has_released(), step == Step::Continue && !out.is_empty());
        if step != Step::Continue {
            break;
        }
    }
    if step == Step::Continue {
        step = match choice >> 4 & 3 {
            0 => relay.abandon(Defect::StreamCut, &mut out),
            1 => relay.end(Ending::Cut, &mut out),
            _ => relay.end(Ending::Clean, &mut out),
        };
    }
    match &step {
        Step::Continue => panic!("no last step"),
        Step::Reject(_) => assert!(out.is_empty()),
        Step::Done(_) | Step::Broken(_) => assert!(!out.is_empty()),
    }
    let length = out.len();
    assert_eq!(relay.push(b"data: {\"choices\":[]}\n\n", &mut out), Step::Continue);
    assert_eq!(relay.end(Ending::Clean, &mut out), Step::Continue);
    assert_eq!(relay.abandon(Defect::StreamCut, &mut out), Step::Continue);
    assert_eq!(out.len(), length);
    (out, step)
}
