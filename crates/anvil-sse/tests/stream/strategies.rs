//! Streams worth trying: random bytes almost never hold a field, a CRLF or a mark, so streams are put together of
//! pieces that do.

use proptest::prelude::*;
use proptest::sample::select;

const PIECES: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\r\r",
    b"\r\n\r\n",
    b"\n\r",
    b"\r\n\n",
    b"data",
    b"data:",
    b"data: ",
    b"data:  ",
    b"data: {\"a\":1}\n\n",
    b"event",
    b"event: ping\n",
    b"event: message_start\r\n",
    b"event:",
    b"id: 7\n",
    b"id",
    b"id:\0",
    b"retry: 10\n",
    b"retry",
    b"retry:1x\r",
    b"retry: 99999999999999999999\n",
    b":",
    b": beat\n",
    b":\r\n",
    b": beat\n\n",
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xEF",
    b"\xFF",
    b"\xE2\x82\xAC",
    b"\xE2\x82",
    b"\0",
    b" ",
    b"  ",
    b"a",
    b"x: y\n",
    b"datax: 1\n",
    b"abcdefghijklmnopqrstuvwxyz0123456789",
];

pub(crate) fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..12),
    ];
    (proptest::bool::weighted(0.2), proptest::collection::vec(piece, 0..40)).prop_map(|(marked, pieces)| {
        let mark: &[u8] = if marked { b"\xEF\xBB\xBF" } else { b"" };
        [mark, &pieces.concat()].concat()
    })
}

/// Lengths to cut a stream into, taken in turn and over again; an empty chunk is one of them.
pub(crate) fn cuts() -> impl Strategy<Value = Vec<usize>> {
    let length = prop_oneof![3 => 0_usize..4, 1 => 4_usize..40];
    proptest::collection::vec(length, 1..20).prop_map(|mut lengths| {
        lengths.push(1); // or a stream cut by zeros alone would never end
        lengths
    })
}

pub(crate) fn cut<'a>(stream: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut rest = stream;
    let mut chunks = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*length).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}
