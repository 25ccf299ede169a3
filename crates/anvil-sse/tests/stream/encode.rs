//! What is written is what is read.

use anvil_sse::{write_comment, write_event};
use proptest::prelude::*;

use crate::frames::{Owned, comment, decode, event};

fn written(name: &str, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_event(&mut out, name, data);
    out
}

/// Data as it can arrive: the format has one line end only.
fn with_line_feeds(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, byte) in data.iter().enumerate() {
        match byte {
            b'\n' if index > 0 && data[index - 1] == b'\r' => {}
            b'\r' => out.push(b'\n'),
            _ => out.push(*byte),
        }
    }
    out
}

#[test]
fn event_has_its_name_its_lines_and_a_blank_one() {
    assert_eq!(written("ping", b"{}"), b"event: ping\ndata: {}\n\n");
    assert_eq!(written("", b"{}"), b"data: {}\n\n");
    assert_eq!(written("", b"a\nb\rc\r\nd"), b"data: a\ndata: b\ndata: c\ndata: d\n\n");
    assert_eq!(written("", b"a\n"), b"data: a\ndata: \n\n");
    assert_eq!(written("", b""), b"data: \n\n", "without a data line it would not be dispatched");
}

#[test]
fn comment_is_a_line_and_a_blank_one() {
    let mut out = Vec::new();
    write_comment(&mut out, b"beat");
    write_comment(&mut out, b"");
    assert_eq!(out, b": beat\n\n: \n\n");
}

#[test]
fn writing_appends() {
    let mut out = b": a\n\n".to_vec();
    write_event(&mut out, "b", b"c");
    assert_eq!(out, b": a\n\nevent: b\ndata: c\n\n");
}

#[test]
fn newlines_break_out_of_nothing() {
    let mut out = Vec::new();
    write_comment(&mut out, b"a\n\ndata: injected\r\n\r\r\n");
    let found = decode(&out);
    assert!(found.frames.iter().all(|frame| matches!(frame, Owned::Comment(_))), "{:?}", found.frames);
    assert_eq!(found.end, Ok(()));
    let stream = written("a\ndata: injected\r\n\nb", b"c\n\nevent: injected");
    assert_eq!(decode(&stream).frames, [event("a data: injected   b", b"c\n\nevent: injected")]);
}

proptest! {
    #[test]
    fn event_comes_back(name in "[^\r\n]{0,20}", data in proptest::collection::vec(any::<u8>(), 0..200)) {
        let found = decode(&written(&name, &data));
        prop_assert_eq!(found.frames, [event(&name, &with_line_feeds(&data))]);
        prop_assert_eq!(found.end, Ok(()));
    }

    #[test]
    fn many_lined_event_comes_back_among_others(
        events in proptest::collection::vec(("[^\r\n]{0,8}", "[ :a\r\n]{0,30}"), 0..8),
    ) {
        let mut out = Vec::new();
        for (name, data) in &events {
            write_event(&mut out, name, data.as_bytes());
        }
        let expected: Vec<_> =
            events.iter().map(|(name, data)| event(name, &with_line_feeds(data.as_bytes()))).collect();
        prop_assert_eq!(decode(&out).frames, expected);
    }

    #[test]
    fn comment_of_one_line_comes_back(text in "[^\r\n]{0,40}") {
        let mut out = Vec::new();
        write_comment(&mut out, text.as_bytes());
        prop_assert_eq!(decode(&out).frames, [comment(text.as_bytes())]);
    }

    #[test]
    fn comment_of_any_bytes_yields_comments_only(text in proptest::collection::vec(any::<u8>(), 0..100)) {
        let mut out = Vec::new();
        write_comment(&mut out, &text);
        let found = decode(&out);
        prop_assert!(found.frames.iter().all(|frame| matches!(frame, Owned::Comment(_))));
        prop_assert_eq!(found.end, Ok(()));
    }
}
