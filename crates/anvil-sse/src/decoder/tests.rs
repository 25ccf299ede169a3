//! How much a decoder does and keeps, which only its inside shows.

use super::*;

const CHUNKS: [usize; 8] = [1, 2, 3, 7, 64, 1500, 16 << 10, usize::MAX];

/// Feeds the stream in chunks of one length; returns the work, and the most memory the buffer took.
fn work(stream: &[u8], chunk: usize, mut take: impl FnMut(&mut Decoder)) -> (Work, usize) {
    let mut decoder = Decoder::default();
    let mut largest = 0;
    for bytes in stream.chunks(chunk) {
        decoder.feed(bytes);
        largest = largest.max(decoder.buffer.len());
        take(&mut decoder);
    }
    while let Ok(Some(_)) = decoder.next() {}
    assert!(decoder.over.is_none());
    (decoder.work, largest)
}

fn take_all(decoder: &mut Decoder) {
    while let Ok(Some(_)) = decoder.next() {}
}

fn streams() -> Vec<Vec<u8>> {
    let long = "x".repeat(200_000);
    vec![
        b"event: content_block_delta\ndata: {\"a\": 1}\n\n".repeat(3000),
        b"event: a\r\nid: 1\r\ndata: b\r\ndata: cde\r\n\r\n".repeat(3000),
        format!("event: a\ndata: {long}\n\n").into_bytes(),
        format!("data: a\ndata: {long}\nevent: b\n: c\ndata: {long}\n\ndata: d\n\n").into_bytes(),
        [b"data: x\n".repeat(20_000).as_slice(), b"\n"].concat(),
        b": beat\n".repeat(20_000),
        b"\n".repeat(100_000),
        format!(": {long}").into_bytes(),
    ]
}

#[test]
fn every_byte_is_searched_once_and_moved_at_most_twice_however_it_is_cut() {
    for stream in streams() {
        for chunk in CHUNKS {
            let (work, _) = work(&stream, chunk, take_all);
            assert!(work.searched <= stream.len(), "{work:?} for {} in {chunk}", stream.len());
            assert!(work.moved <= 2 * stream.len(), "{work:?} for {} in {chunk}", stream.len());
        }
    }
}

#[test]
fn work_stays_linear_when_frames_are_taken_late() {
    let take_one = |decoder: &mut Decoder| assert!(decoder.next().is_ok());
    for stream in streams() {
        for chunk in CHUNKS {
            let (work, _) = work(&stream, chunk, take_one);
            assert!(work.searched <= stream.len(), "{work:?} for {} in {chunk}", stream.len());
            assert!(work.moved <= 3 * stream.len(), "{work:?} for {} in {chunk}", stream.len());
        }
    }
}

#[test]
fn buffer_holds_one_event_and_one_chunk() {
    let stream = b"event: a\ndata: 0123456789\ndata: 0123456789\n\n".repeat(3000);
    for chunk in CHUNKS {
        let (_, largest) = work(&stream, chunk, take_all);
        let most = 64_usize.saturating_add(chunk).min(stream.len());
        assert!(largest <= most, "{largest} bytes held for chunks of {chunk}");
    }
}

#[test]
fn what_was_taken_is_dropped_once_no_frame_is_left() {
    let mut decoder = Decoder::default();
    decoder.feed(b"data: a\n\ndata: the rest is longer than what is dropped");
    take_all(&mut decoder);
    assert_eq!(decoder.buffer, b"data: the rest is longer than what is dropped");
}

#[test]
fn what_was_taken_is_dropped_also_when_a_frame_is_always_left() {
    let event = b"data: 0123456789\n\n";
    let mut decoder = Decoder::default();
    decoder.feed(event);
    for _ in 0..1000 {
        decoder.feed(event);
        assert!(matches!(decoder.next(), Ok(Some(Frame::Event(_)))));
        assert!(decoder.buffer.len() <= 4 * event.len());
    }
}

#[test]
fn data_of_one_line_is_lent_from_where_it_was_fed() {
    let mut decoder = Decoder::default();
    decoder.feed(b"event: a\ndata: b\n\ndata: c\n\n");
    let fed = decoder.buffer.as_ptr_range();
    for _ in 0..2 {
        let Ok(Some(Frame::Event(event))) = decoder.next() else {
            unreachable!("two events were fed");
        };
        assert!(fed.contains(&event.data.as_ptr()));
    }
    assert_eq!(decoder.work.moved, 0);
}

#[test]
fn failed_decoder_keeps_no_memory() {
    let mut decoder = Decoder::new(Limits { max_event_bytes: 8 });
    decoder.feed(&[b'x'; 1000]);
    assert!(decoder.next().is_err());
    decoder.feed(&[b'x'; 1000]);
    assert_eq!(decoder.buffer.capacity(), 0);
}
