//! Bytes to lines.

use anvil_usage::{Client, LINE_CAP, Reader};

use crate::read;

#[test]
fn broken_lines_are_counted_and_the_first_is_named() {
    let log = read(Client::ClaudeCode, b"{}\n\n{]\n[1]\n\xff\n{} {}\r\n {\"a\": 1e999} \r\n");
    assert_eq!((log.lines, log.broken, log.first_broken), (6, 4, Some(3)));
    assert!(!log.is_unfinished);
}

#[test]
fn a_last_line_without_an_end_may_be_being_written() {
    let log = read(Client::Codex, b"{}\n{\"type\":\"event");
    assert_eq!((log.lines, log.broken, log.is_unfinished), (2, 0, true));
    assert!(!read(Client::Codex, b"{}\n{}").is_unfinished);
}

#[test]
fn nothing_has_no_lines() {
    assert_eq!(read(Client::Codex, b"").lines, 0);
}

#[test]
fn depth_is_no_danger() {
    let deep = [
        b"{\"a\":".as_slice(),
        &b"[".repeat(1_000_000),
        b"\n{\"message\":{\"content\":",
        &b"[".repeat(200_000),
        &b"]".repeat(200_000),
        b"}}\n",
    ]
    .concat();
    let log = read(Client::ClaudeCode, &deep);
    assert_eq!((log.lines, log.broken), (2, 1));
}

#[test]
fn a_line_that_is_too_long_is_passed_over_and_not_kept() {
    let mut reader = Reader::new(Client::ClaudeCode);
    let piece = vec![b' '; 1024 * 1024];
    for _ in 0..=LINE_CAP / piece.len() {
        reader.feed(&piece);
    }
    reader.feed(b"{]\n{}\n");
    let log = reader.finish();
    assert_eq!((log.lines, log.too_long, log.broken), (2, 1, 0));
}
