//! Any stream of events, read in every dialect: spans lie in the data, and what finishes has begun.
#![no_main]

use anvil_dialect::{Dialect, Reader, answer};
use anvil_sse::{Decoder, Frame, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for dialect in [Dialect::Messages, Dialect::Chat, Dialect::Responses] {
        let _ = answer::read(dialect, input);
        let mut decoder = Decoder::new(Limits::default());
        let mut reader = Reader::new(dialect);
        decoder.feed(input);
        while let Ok(Some(frame)) = decoder.next() {
            let Frame::Event(event) = frame else { continue };
            let before = reader.usage();
            match reader.read(event.data) {
                Ok(read) => {
                    assert_eq!(read.finished & !read.choices, 0);
                    if let Some(span) = read.spans.model {
                        let name = &event.data[span];
                        assert!(name.len() >= 2 && name[0] == b'"' && name[name.len() - 1] == b'"');
                    }
                }
                Err(malformed) => {
                    assert!(malformed.offset <= event.data.len());
                    assert_eq!(reader.usage(), before);
                }
            }
        }
    }
});
