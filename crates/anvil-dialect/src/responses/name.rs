//! What a tool is called where only functions are known.

use crate::hash::fnv1a;

/// The longest name of a function that the vendors accept, in bytes.
const NAME_LIMIT: usize = 64;

/// The function that stands for the tool: its own name, after that of its namespace, in the characters that the vendors accept
/// (`^[a-zA-Z0-9_-]{1,64}$`). A name that is none, or that `is_taken`, ends in a hash, so that the same tool is always called the
/// same.
pub(super) fn function_name(namespace: Option<&str>, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    let plain = match namespace {
        Some(namespace) => format!("{namespace}__{name}"),
        None => name.to_owned(),
    };
    if (1..=NAME_LIMIT).contains(&plain.len()) && plain.chars().all(is_allowed) && !is_taken(&plain) {
        return plain;
    }
    let mut short: String = plain.chars().map(|own| if is_allowed(own) { own } else { '_' }).collect();
    short.truncate(NAME_LIMIT - "_00000000".len());
    // What separates the two keeps `a` in `b__c` from `c__a` in `b`.
    let whole = format!("{}\0{name}", namespace.unwrap_or_default());
    format!("{short}_{:08x}", fnv1a(&whole))
}

#[cfg(test)]
mod tests {
    use super::function_name;

    #[test]
    fn names_that_functions_may_have_stay() {
        assert_eq!(function_name(None, "exec_command", |_| false), "exec_command");
        assert_eq!(function_name(Some("multi_agent_v1"), "spawn-agent", |_| false), "multi_agent_v1__spawn-agent");
    }

    #[test]
    fn others_end_in_a_hash_of_their_own() {
        let long = "x".repeat(64);
        for (namespace, name) in
            [(Some("n"), long.as_str()), (None, "a.b"), (None, ""), (Some("é"), "🦀"), (None, "a b")]
        {
            let function = function_name(namespace, name, |_| false);
            assert!(function.len() <= 64 && function.is_ascii() && !function.contains(['.', ' ']), "{function}");
            assert_eq!(function, function_name(namespace, name, |_| false));
        }
        assert_ne!(function_name(None, "a.b", |_| false), function_name(None, "a b", |_| false));
        assert_ne!(
            function_name(Some("a"), "b__c", |name| name == "a__b__c"),
            function_name(Some("a__b"), "c", |name| name == "a__b__c"),
        );
    }
}
