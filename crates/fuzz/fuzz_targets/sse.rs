//! A stream cut where the input says decodes to what it decodes to whole, frames and end alike.
#![no_main]

use anvil_sse::{Decoder, Error, Frame, Limits};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, PartialEq)]
enum Owned {
    Event(String, Vec<u8>, Option<String>, Option<u64>),
    Comment(Vec<u8>),
}

// The first byte is the limit on an event, the second says how many bytes after it are chunk lengths, taken in turn.
fuzz_target!(|input: &[u8]| {
    let [limit, count, rest @ ..] = input else {
        return;
    };
    let (lengths, stream) = rest.split_at(usize::from(count % 16).min(rest.len()));
    // Small enough to be met; every fourth input has none to meet.
    let max_event_bytes = if limit % 4 == 0 { 8 << 20 } else { usize::from(*limit) };
    let limits = Limits { max_event_bytes };
    let whole = decode(limits, &[stream]);
    assert_eq!(decode(limits, &cut(stream, lengths)), whole);
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(decode(limits, &bytes), whole);
});

fn cut<'a>(stream: &'a [u8], lengths: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = stream;
    let mut chunks = Vec::new();
    for length in lengths {
        let (chunk, after) = rest.split_at(usize::from(*length).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks.push(rest);
    chunks
}

fn decode(limits: Limits, chunks: &[&[u8]]) -> (Vec<Owned>, Result<(), Error>) {
    let mut decoder = Decoder::new(limits);
    let mut frames = Vec::new();
    for chunk in chunks {
        decoder.feed(chunk);
        while let Ok(Some(frame)) = decoder.next() {
            frames.push(owned(frame));
        }
        // Two bytes may be the beginning of a byte order mark, which does not count towards the limit.
        assert!(decoder.pending_bytes() <= limits.max_event_bytes.max(2));
    }
    (frames, decoder.finish())
}

fn owned(frame: Frame<'_>) -> Owned {
    match frame {
        Frame::Comment(text) => Owned::Comment(text.to_vec()),
        Frame::Event(event) => {
            Owned::Event(event.name.to_owned(), event.data.to_vec(), event.id.map(str::to_owned), event.retry)
        }
    }
}
