//! Any bytes are a request or an error; what is a request is encoded to one, and its other members keep their bytes.
#![no_main]

use anvil_dialect::{Dialect, Overrides, Request};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let overrides = Overrides::new(Some("served"), r#"{"seed":1}"#, r#"{"top_k":3}"#, Some(9)).unwrap();
    for dialect in [Dialect::Messages, Dialect::Chat] {
        let Ok(request) = Request::decode(dialect, Bytes::copy_from_slice(body)) else {
            continue;
        };
        assert!(request.facts().messages > 0 && !request.facts().model.is_empty());
        let once = request.encode(&overrides);
        let again = Request::decode(dialect, once.clone()).expect("what is encoded is a request");
        assert_eq!(again.facts().model, "served");
        assert_eq!(again.facts().messages, request.facts().messages);
        assert_eq!(again.encode(&overrides), once);
    }
});
