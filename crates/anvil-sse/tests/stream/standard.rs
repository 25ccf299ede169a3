//! The sentences of WHATWG HTML, section 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event stream",
//! and its examples. The cases of the Web Platform Tests' `eventsource/format-*` that the sentences leave to the
//! reader are here too, in words of our own.

use anvil_sse::{Decoder, Error};

use crate::frames::{Owned, comment, data, decode, event, frames, take_all};

#[test]
fn stock_ticker_example_is_one_event_of_three_lines() {
    assert_eq!(frames(b"data: YHOO\ndata: +2\ndata: 10\n\n"), [event("", b"YHOO\n+2\n10")]);
}

#[test]
fn four_blocks_example_has_a_comment_two_events_and_a_block_cut_off() {
    let stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n";
    let outcome = decode(stream);
    let with_id = |text: &[u8], id: &str| Owned::Event {
        name: String::new(),
        data: text.to_vec(),
        id: Some(id.to_owned()),
        retry: None,
    };
    assert_eq!(outcome.frames, [comment(b"test stream"), with_id(b"first event", "1"), with_id(b"second event", "")]);
    // "because the third block is not followed by a blank line" it is not dispatched.
    let pending_bytes = b"data:  third event\n".len();
    assert_eq!(outcome.end, Err(Error::Unterminated { pending_bytes }));
    assert_eq!(data(&[stream.as_slice(), b"\n"].concat()), ["first event", "second event", " third event"]);
}

#[test]
fn data_without_colon_example_has_an_empty_event_and_one_of_a_newline() {
    // The last block "is not followed by a blank line".
    assert_eq!(frames(b"data\n\ndata\ndata\n\ndata:"), [event("", b""), event("", b"\n")]);
}

#[test]
fn one_space_after_the_colon_is_ignored_as_in_the_last_example() {
    assert_eq!(frames(b"data:test\n\ndata: test\n\n"), [event("", b"test"), event("", b"test")]);
    assert_eq!(data(b"data:  a\n\ndata:\ta\n\ndata: \n\n"), [" a", "\ta", ""]);
    assert_eq!(frames(b":  a\n:a\n: a\n"), [comment(b" a"), comment(b"a"), comment(b"a")]);
}

#[test]
fn lines_end_in_lf_cr_or_crlf() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = "event: a|data: b|data: c||: d|data: e||".replace('|', end);
        let expected = [event("a", b"b\nc"), comment(b"d"), event("", b"e")];
        assert_eq!(frames(stream.as_bytes()), expected, "{end:?}");
    }
    assert_eq!(data(b"data: a\n\rdata: b\r\ndata: c\n\n"), ["a", "b\nc"]);
    assert_eq!(data(b"data: a\r\r\ndata: b\r\n\r\n"), ["a", "b"]);
    assert_eq!(data(b"data: a\x0B\x0C\xC2\x85\xE2\x80\xA8b\n\n"), ["a\x0B\x0C\u{85}\u{2028}b"]);
}

#[test]
fn crlf_cut_in_two_is_one_line_end() {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    for chunk in [b"data: a\r".as_slice(), b"\ndata: b\r", b"\n\r", b"", b"\n", b"\ndata: c\n\n"] {
        decoder.feed(chunk);
        take_all(&mut decoder, &mut found).unwrap();
    }
    assert_eq!(found, [event("", b"a\nb"), event("", b"c")]);
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn carriage_return_as_last_byte_dispatches_at_once() {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    decoder.feed(b": beat\r");
    take_all(&mut decoder, &mut found).unwrap();
    assert_eq!(found, [comment(b"beat")]);
    decoder.feed(b"\ndata: a\r\n\r");
    take_all(&mut decoder, &mut found).unwrap();
    assert_eq!(found, [comment(b"beat"), event("", b"a")]);
    assert_eq!(decoder.pending_bytes(), 0);
    decoder.feed(b"\n");
    assert_eq!(decoder.pending_bytes(), 0, "the LF closes nothing of its own");
    assert_eq!(decoder.finish(), Ok(()));
}

#[test]
fn one_leading_byte_order_mark_is_ignored() {
    assert_eq!(data(b"\xEF\xBB\xBFdata: a\n\n\xEF\xBB\xBFdata: b\n\ndata: c\n\n"), ["a", "c"]);
    assert_eq!(data(b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n"), ["b"], "the second is text");
    assert_eq!(data(b"\n\xEF\xBB\xBFdata: a\n\n"), [""; 0], "not at the start");
    assert_eq!(frames(b"\xEF\xBB\xBF: a\n"), [comment(b"a")]);
    assert_eq!(decode(b"\xEF\xBB\xBF").end, Ok(()));
    assert_eq!(decode(b"\xEF\xBB\xBF\n").end, Ok(()));
    assert_eq!(data(b"\xEF\xBBdata: a\n\n"), [""; 0], "two thirds of a mark are text");
}

#[test]
fn second_byte_order_mark_in_a_chunk_of_its_own_is_text() {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    for chunk in [b"\xEF\xBB\xBF".as_slice(), b"\xEF\xBB\xBF", b"data: a\n\ndata: b\n\n"] {
        decoder.feed(chunk);
        take_all(&mut decoder, &mut found).unwrap();
    }
    assert_eq!(found, [event("", b"b")]);
}

#[test]
fn comment_is_yielded_at_its_line_end_inside_an_event() {
    let mut decoder = Decoder::default();
    let mut found = Vec::new();
    decoder.feed(b"event: e\ndata: a\n: bea");
    take_all(&mut decoder, &mut found).unwrap();
    assert_eq!(found, []);
    decoder.feed(b"t\n");
    take_all(&mut decoder, &mut found).unwrap();
    assert_eq!(found, [comment(b"beat")]);
    decoder.feed(b":\ndata: b\n\n");
    take_all(&mut decoder, &mut found).unwrap();
    assert_eq!(found, [comment(b"beat"), comment(b""), event("e", b"a\nb")]);
}

#[test]
fn comments_between_data_lines_are_no_part_of_the_data() {
    let long = "x".repeat(2048);
    let stream = format!("data:1\r:\0\n:\r\ndata:2\n:{long}\rdata:3\n:data:fail\r:{long}\ndata:4\n\n");
    assert_eq!(data(stream.as_bytes()), ["1\n2\n3\n4"]);
}

#[test]
fn field_names_are_exact() {
    for field in [
        "Data: a",
        "DATA: a",
        " data: a",
        "data : a",
        "dat: a",
        "datas: a",
        "data\u{0}: a",
        "data\t: a",
        "\u{0}data: a",
        "da",
        "Event: a",
        "events: a",
        "ID: a",
        "idx: a",
        "Retry: 1",
        "retrying: 1",
        "foo: bar",
        "foo",
        "data;a",
    ] {
        let stream = format!("{field}\ndata: b\n\n");
        assert_eq!(frames(stream.as_bytes()), [event("", b"b")], "{field:?}");
    }
}

#[test]
fn first_colon_ends_the_name_and_later_ones_are_value() {
    assert_eq!(frames(b"event:a:b\ndata::c: d\n\n"), [event("a:b", b":c: d")]);
}

#[test]
fn last_event_field_names_the_event_and_only_this_one() {
    assert_eq!(frames(b"event: a\nevent: b\ndata: 1\n\ndata: 2\n\n"), [event("b", b"1"), event("", b"2")]);
    assert_eq!(frames(b"event: a\nevent\ndata: 1\n\n"), [event("", b"1")]);
    assert_eq!(frames(b"data: 1\nevent: after the data\ndata: 2\n\n"), [event("after the data", b"1\n2")]);
}

#[test]
fn event_without_data_is_dropped_with_all_it_said() {
    assert_eq!(frames(b"event: a\nid: 1\nretry: 5\n\ndata: b\n\n"), [event("", b"b")]);
    assert_eq!(decode(b"event: a\n\n\n\n").end, Ok(()));
}

#[test]
fn id_is_the_last_without_nul() {
    let id_of = |stream: &[u8]| match frames(stream).remove(0) {
        Owned::Event { id, .. } => id,
        Owned::Comment(_) => None,
    };
    assert_eq!(id_of(b"id: 1\ndata\n\n").as_deref(), Some("1"));
    assert_eq!(id_of(b"id: 1\nid: 2\ndata\n\n").as_deref(), Some("2"));
    assert_eq!(id_of(b"id: 1\nid: 2\0\ndata\n\n").as_deref(), Some("1"));
    assert_eq!(id_of(b"id: \0\ndata\n\n"), None);
    assert_eq!(id_of(b"id: 1\nid\ndata\n\n").as_deref(), Some(""));
    assert_eq!(id_of(b"data\n\n"), None);
}

#[test]
fn id_and_retry_do_not_outlive_their_event() {
    let found = frames(b"id: 1\nretry: 5\ndata: a\n\ndata: b\n\n");
    let first = Owned::Event { name: String::new(), data: b"a".to_vec(), id: Some("1".to_owned()), retry: Some(5) };
    assert_eq!(found, [first, event("", b"b")]);
}

#[test]
fn retry_is_ascii_digits_only() {
    let retry_of = |value: &str| match frames(format!("retry: 7\nretry:{value}\ndata\n\n").as_bytes()).remove(0) {
        Owned::Event { retry, .. } => retry,
        Owned::Comment(_) => None,
    };
    assert_eq!(retry_of("2000"), Some(2000));
    assert_eq!(retry_of(" 2000"), Some(2000));
    assert_eq!(retry_of("0000000000000000000000012"), Some(12));
    assert_eq!(retry_of("18446744073709551615"), Some(u64::MAX));
    assert_eq!(retry_of("18446744073709551616"), Some(u64::MAX));
    assert_eq!(retry_of(&"9".repeat(100)), Some(u64::MAX));
    for ignored in ["", " ", "1000x", "-1", "+1", "1.5", "1e3", "  1", "1 ", "\u{661}"] {
        assert_eq!(retry_of(ignored), Some(7), "{ignored:?}");
    }
}

#[test]
fn name_and_id_that_are_not_utf8_are_replaced_as_in_the_decoded_stream() {
    let found = frames(b"event: a\xFF\xE2\x82\nid: \xF0\x9F\x98\ndata: \xFF\n\n");
    let expected = Owned::Event {
        name: "a\u{FFFD}\u{FFFD}".to_owned(),
        data: b"\xFF".to_vec(),
        id: Some("\u{FFFD}".to_owned()),
        retry: None,
    };
    assert_eq!(found, [expected], "data stays as sent");
}

#[test]
fn end_of_stream_leaves_nothing_after_comments_and_blank_lines() {
    for stream in ["", "\n", "\r\n\r\n\n", "data: a\n\n", "data: a\n\n: b\n", ": a\n: b\r\n", "data: a\n\n\n\n"] {
        assert_eq!(decode(stream.as_bytes()).end, Ok(()), "{stream:?}");
    }
}

#[test]
fn end_of_stream_inside_an_event_or_a_line_is_told() {
    for tail in
        ["d", "data: a", "data: a\n", "data: a\r\n", "event: a\r", "id: 1\n", "unknown: a\n", ": a", "data: a\n: b\n"]
    {
        let stream = format!("data: whole\n\n{tail}");
        let outcome = decode(stream.as_bytes());
        assert_eq!(outcome.end, Err(Error::Unterminated { pending_bytes: tail.len() }), "{tail:?}");
        assert!(outcome.frames.contains(&event("", b"whole")));
    }
}
