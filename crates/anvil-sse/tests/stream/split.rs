//! Wherever a stream is cut, its frames are the same, and they are the reference's.

use anvil_sse::{Decoder, Limits};
use proptest::prelude::*;

use crate::frames::{Owned, decode, decode_chunks, take_all};
use crate::reference::{self, Said};
use crate::strategies::{cut, cuts, stream};

fn said(frame: Owned) -> Said {
    match frame {
        Owned::Comment(text) => Said::Comment(String::from_utf8_lossy(&text).into_owned()),
        Owned::Event { name, data, id, retry } => {
            Said::Event { name, data: String::from_utf8_lossy(&data).into_owned(), id, retry }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn frames_are_the_references(stream in stream()) {
        let found: Vec<Said> = decode(&stream).frames.into_iter().map(said).collect();
        prop_assert_eq!(found, reference::decode(&stream));
    }

    #[test]
    fn any_chunking_gives_the_same_outcome(stream in stream(), lengths in cuts()) {
        let cut = decode_chunks(Limits::default(), cut(&stream, &lengths));
        prop_assert_eq!(cut, decode(&stream));
    }

    #[test]
    fn any_chunking_gives_the_same_outcome_under_a_small_limit(
        stream in stream(),
        lengths in cuts(),
        max_event_bytes in 0_usize..60,
    ) {
        let limits = Limits { max_event_bytes };
        let cut = decode_chunks(limits, cut(&stream, &lengths));
        prop_assert_eq!(cut, decode_chunks(limits, [stream.as_slice()]));
    }

    #[test]
    fn arbitrary_bytes_neither_panic_nor_pile_up(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..32),
        max_event_bytes in 0_usize..100,
    ) {
        let mut decoder = Decoder::new(Limits { max_event_bytes });
        for chunk in &chunks {
            decoder.feed(chunk);
            prop_assert!(decoder.pending_bytes() <= max_event_bytes.max(2) + chunk.len());
            while let Ok(Some(_)) = decoder.next() {}
        }
        let _ = decoder.finish();
    }

    /// The caller is told to take all frames before feeding again; one who does not loses none.
    #[test]
    fn taking_frames_late_loses_none(stream in stream(), lengths in cuts(), takes in cuts()) {
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        for (chunk, takes) in cut(&stream, &lengths).into_iter().zip(takes.iter().cycle()) {
            decoder.feed(chunk);
            for _ in 0..*takes {
                frames.extend(decoder.next().unwrap().map(Owned::from));
            }
        }
        take_all(&mut decoder, &mut frames).unwrap();
        prop_assert_eq!(frames, decode(&stream).frames);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_split_point_gives_the_same_outcome(stream in stream()) {
        let whole = decode(&stream);
        for point in 0..=stream.len() {
            let (before, after) = stream.split_at(point);
            let split = decode_chunks(Limits::default(), [before, after]);
            prop_assert_eq!(&split, &whole, "split at {}", point);
        }
        let bytes = decode_chunks(Limits::default(), stream.chunks(1));
        prop_assert_eq!(&bytes, &whole, "byte by byte");
    }
}
