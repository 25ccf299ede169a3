//! What is held, and what a decoder does once it is over.

use anvil_sse::{Decoder, Error, Limits};

use crate::frames::{comment, decode_chunks, event};

fn limits(max_event_bytes: usize) -> Limits {
    Limits { max_event_bytes }
}

#[test]
fn event_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
    let stream = b"event: a\n: c\ndata: b\n\n";
    let whole = decode_chunks(limits(stream.len()), [stream.as_slice()]);
    assert_eq!((whole.frames, whole.end), (vec![comment(b"c"), event("a", b"b")], Ok(())));
    let limit = stream.len() - 1;
    let over = decode_chunks(limits(limit), [stream.as_slice()]);
    assert_eq!((over.frames, over.end), (vec![comment(b"c")], Err(Error::EventTooLarge { limit })));
}

#[test]
fn each_event_has_the_limit_for_itself() {
    let stream = b"data: 12345678\n\n".repeat(100);
    let outcome = decode_chunks(limits(16), [stream.as_slice()]);
    assert_eq!((outcome.frames.len(), outcome.end), (100, Ok(())));
}

#[test]
fn line_without_end_fails_as_soon_as_it_is_too_long() {
    let mut decoder = Decoder::new(limits(8));
    decoder.feed(b"data: 12");
    assert_eq!(decoder.next(), Ok(None));
    decoder.feed(b"3");
    assert_eq!(decoder.next(), Err(Error::EventTooLarge { limit: 8 }));
}

#[test]
fn small_lines_of_one_event_add_up() {
    let outcome = decode_chunks(limits(64), [b"x: y\n".repeat(100).as_slice()]);
    assert_eq!(outcome.end, Err(Error::EventTooLarge { limit: 64 }));
}

#[test]
fn heartbeats_outside_an_event_do_not_add_up() {
    let stream = b": beat\n".repeat(1000);
    let outcome = decode_chunks(limits(16), stream.chunks(5));
    assert_eq!((outcome.frames.len(), outcome.end), (1000, Ok(())));
    let stream = b"\r\n".repeat(1000);
    assert_eq!(decode_chunks(limits(0), stream.chunks(3)).end, Ok(()));
}

#[test]
fn byte_order_mark_does_not_count_wherever_it_is_cut() {
    let stream = b"\xEF\xBB\xBF\n:\n";
    for length in 1..=stream.len() {
        let outcome = decode_chunks(limits(2), stream.chunks(length));
        assert_eq!((outcome.frames, outcome.end), (vec![comment(b"")], Ok(())), "in chunks of {length}");
    }
    assert_eq!(decode_chunks(limits(0), b"\xEF\xBB\xBF\n".chunks(1)).end, Ok(()));
    let cut_short = decode_chunks(limits(1), b"\xEF\xBBx\n".chunks(1));
    assert_eq!(cut_short.end, Err(Error::EventTooLarge { limit: 1 }));
}

#[test]
fn decoder_that_failed_says_so_again_and_holds_nothing() {
    let mut decoder = Decoder::new(limits(8));
    decoder.feed(b"data: a\n\ndata: 123456\n\ndata: b\n\n");
    assert!(decoder.next().is_err(), "the first is nine bytes");
    for _ in 0..2 {
        decoder.feed(b"data: c\n\n");
        assert_eq!(decoder.pending_bytes(), 0);
        assert_eq!(decoder.next(), Err(Error::EventTooLarge { limit: 8 }));
        assert_eq!(decoder.finish(), Err(Error::EventTooLarge { limit: 8 }));
    }
}

#[test]
fn decoder_that_ended_inside_an_event_is_over() {
    let mut decoder = Decoder::default();
    decoder.feed(b"data: a");
    assert_eq!(decoder.next(), Ok(None));
    let error = Error::Unterminated { pending_bytes: 7 };
    assert_eq!(decoder.finish(), Err(error));
    decoder.feed(b"\n\n");
    assert_eq!(decoder.next(), Err(error));
    assert_eq!(decoder.pending_bytes(), 0);
    assert_eq!(decoder.finish(), Err(error));
}

#[test]
fn errors_name_the_sizes() {
    assert_eq!(Error::EventTooLarge { limit: 8 }.to_string(), "a server-sent event is longer than 8 bytes");
    assert_eq!(
        Error::Unterminated { pending_bytes: 7 }.to_string(),
        "the event stream ended with 7 bytes of an unfinished event"
    );
}
