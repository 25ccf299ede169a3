//! Any bytes are a request or an error; what is a request is encoded to one, and its other members keep their bytes. What is
//! translated is a request of the other dialect.
#![no_main]

use anvil_dialect::{Asked, Dialect, Overrides, Phrases, Request, translate};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 3] = [Dialect::Messages, Dialect::Chat, Dialect::Responses];

fuzz_target!(|body: &[u8]| {
    let overrides = Overrides::new(Some("served"), r#"{"seed":1}"#, r#"{"top_k":3}"#, Some(9)).unwrap();
    let phrases = Phrases::new(["plan", "a*"]).unwrap();
    for dialect in DIALECTS {
        let Ok(request) = Request::decode(dialect, Bytes::copy_from_slice(body)) else {
            continue;
        };
        assert!(request.facts().messages > 0 || dialect == Dialect::Responses);
        assert!(!request.facts().model.is_empty());
        let once = request.encode(&overrides);
        let again = Request::decode(dialect, once.clone()).expect("what is encoded is a request");
        assert_eq!(again.facts().model, "served");
        assert_eq!(again.facts().messages, request.facts().messages);
        assert_eq!(again.encode(&overrides), once);
        let local = request.encode(&Overrides::default().for_local_tier());
        assert!(Request::decode(dialect, local).is_ok());
        Asked::of(&request);
        let shape = request.shape();
        assert!(shape.pasted_bytes <= request.facts().last_user_bytes && shape.paths <= 64);
        assert!(request.spoken(&phrases).len() <= 2 && request.instructed(&phrases).len() <= 2);
        if let Ok(resumed) = request.resumed(&request.input_items(), &|_| None) {
            assert!(resumed.facts().previous_response.is_none());
        }
        for other in DIALECTS {
            if let Ok(translated) = translate(&request, other, &overrides) {
                assert!(Request::decode(other, translated.body).is_ok());
            }
        }
    }
});
