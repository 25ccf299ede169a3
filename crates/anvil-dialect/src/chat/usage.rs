//! What a stream costs: a tier says it only if it is asked (`stream_options.include_usage`), so it always is. The chunk with it
//! goes on to the clients that asked themselves.

use crate::compose::object;
use crate::node::Node;

/// The member that asks.
pub(crate) const OPTIONS: &str = "stream_options";
const INCLUDE: &str = "include_usage";

/// Whether these options ask for usage at the end of a stream.
pub(crate) fn is_asked(options: Option<&str>) -> bool {
    let options = options.and_then(|json| Node::read(json, 1).ok());
    options.is_some_and(|options| options.get(INCLUDE).and_then(Node::boolean) == Some(true))
}

/// The same options, asking; `None` where they do already, or are no object and the tier's to refuse.
pub(crate) fn asked(options: Option<&str>) -> Option<String> {
    let options = match options.filter(|json| *json != "null") {
        None => return Some(format!("{{\"{INCLUDE}\":true}}")),
        Some(options) => Node::read(options, 1).ok()?,
    };
    if !options.is_object() || options.get(INCLUDE).and_then(Node::boolean) == Some(true) {
        return None;
    }
    let mut out = Vec::new();
    object(&mut out, |asking| {
        for (name, value) in options.members().filter(|(name, _)| *name != INCLUDE) {
            asking.named(name, value.raw());
        }
        asking.raw(INCLUDE, "true");
    });
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::{asked, is_asked};

    #[test]
    fn a_stream_is_always_asked_what_it_costs() {
        assert_eq!(asked(None).as_deref(), Some("{\"include_usage\":true}"));
        assert_eq!(asked(Some("null")).as_deref(), Some("{\"include_usage\":true}"));
        assert_eq!(asked(Some("{}")).as_deref(), Some("{\"include_usage\":true}"));
        assert_eq!(asked(Some("{\"include_usage\": false}")).as_deref(), Some("{\"include_usage\":true}"));
    }

    #[test]
    fn other_options_stay_as_they_are() {
        let options = "{\"include_obfuscation\": false, \"include_usage\": null}";
        assert_eq!(asked(Some(options)).as_deref(), Some("{\"include_obfuscation\":false,\"include_usage\":true}"));
    }

    #[test]
    fn who_asks_already_is_left_alone() {
        assert!(is_asked(Some("{\"include_usage\": true}")));
        assert_eq!(asked(Some("{\"include_usage\": true}")), None);
        assert_eq!(asked(Some("[1]")), None);
    }
}
