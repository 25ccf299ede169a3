//! Frames that outlive their decoder, so that two decodings can be compared.

use anvil_sse::{Decoder, Error, Frame, Limits};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owned {
    Event { name: String, data: Vec<u8>, id: Option<String>, retry: Option<u64> },
    Comment(Vec<u8>),
}

impl From<Frame<'_>> for Owned {
    fn from(frame: Frame<'_>) -> Self {
        match frame {
            Frame::Comment(text) => Self::Comment(text.to_vec()),
            Frame::Event(event) => Self::Event {
                name: event.name.to_owned(),
                data: event.data.to_vec(),
                id: event.id.map(str::to_owned),
                retry: event.retry,
            },
        }
    }
}

/// What a stream came to: its frames, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) frames: Vec<Owned>,
    pub(crate) end: Result<(), Error>,
}

pub(crate) fn take_all(decoder: &mut Decoder, frames: &mut Vec<Owned>) -> Result<(), Error> {
    while let Some(frame) = decoder.next()? {
        frames.push(frame.into());
    }
    Ok(())
}

/// Decodes a stream that arrives in these chunks, frames taken after each, as an engine does.
pub(crate) fn decode_chunks<'a>(limits: Limits, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = Decoder::new(limits);
    let mut frames = Vec::new();
    let mut fed = Ok(());
    for chunk in chunks {
        decoder.feed(chunk);
        fed = take_all(&mut decoder, &mut frames);
        if fed.is_err() {
            break;
        }
        assert!(decoder.pending_bytes() <= limits.max_event_bytes.max(2), "more is held than the limit");
    }
    let end = decoder.finish();
    if fed.is_err() {
        assert_eq!(end, fed, "an error stays");
    }
    Outcome { frames, end }
}

pub(crate) fn decode(stream: &[u8]) -> Outcome {
    decode_chunks(Limits::default(), [stream])
}

/// The frames of a stream, whatever is left at its end.
pub(crate) fn frames(stream: &[u8]) -> Vec<Owned> {
    decode(stream).frames
}

/// The data of a stream's events, as text.
pub(crate) fn data(stream: &[u8]) -> Vec<String> {
    let event_data = |frame| match frame {
        Owned::Event { data, .. } => Some(String::from_utf8(data).unwrap()),
        Owned::Comment(_) => None,
    };
    frames(stream).into_iter().filter_map(event_data).collect()
}

pub(crate) fn event(name: &str, data: &[u8]) -> Owned {
    Owned::Event { name: name.to_owned(), data: data.to_vec(), id: None, retry: None }
}

pub(crate) fn comment(text: &[u8]) -> Owned {
    Owned::Comment(text.to_vec())
}
