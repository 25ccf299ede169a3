//! Bodies of no dialect, which are passed on.

use anvil_dialect::{Dialect, Overrides, Request};
use bytes::Bytes;

#[test]
fn an_unread_body_is_known_by_its_model_and_whether_it_asks_for_a_stream() {
    let unread = |body: &str| Request::decode_unread(Bytes::copy_from_slice(body.as_bytes()));
    let request = unread(r#"{"input":["a"],"model":"embed","stream":true,"messages":7}"#).unwrap();
    assert!(request.is_unread() && request.facts().stream && request.dialect() == Dialect::Chat);
    let overrides = Overrides::new(Some("bge"), r#"{"truncate":true}"#, "{}", None).unwrap();
    assert_eq!(
        request.encode(&overrides),
        r#"{"input":["a"],"model":"bge","stream":true,"messages":7,"truncate":true}"#
    );
    let nameless = unread(r#"{"query":"q"}"#).unwrap();
    assert_eq!((nameless.facts().model.as_str(), nameless.facts().stream), ("", false));
    assert_eq!(nameless.encode(&Overrides::new(Some("m"), "{}", "{}", None).unwrap()), r#"{"query":"q","model":"m"}"#);
    assert_eq!(unread(r#"{"model":7}"#).unwrap_err().param(), Some("model"));
    assert!(unread("[]").is_err());
}
