//! The names of the tools that were offered.

use std::collections::BTreeSet;

/// The longest name that is compared, in bytes. Vendors allow 64 and 128.
pub(crate) const NAME_LIMIT: usize = 256;

/// What a model writes before a name, as its template has them in namespaces.
const NAMESPACES: [&str; 3] = ["functions.", "default_api.", "tools."];

/// The names that a written call may be a call of.
#[derive(Debug, Default)]
pub(crate) struct ToolNames(BTreeSet<String>);

impl ToolNames {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().filter(|name| !name.is_empty() && name.len() <= NAME_LIMIT).cloned().collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is one of the names, with or without a namespace.
    pub(crate) fn has(&self, name: &str) -> bool {
        let bare = NAMESPACES.into_iter().find_map(|namespace| name.strip_prefix(namespace));
        self.0.contains(name) || bare.is_some_and(|bare| self.0.contains(bare))
    }
}

/// The name that the text begins with, and what is behind it.
pub(crate) fn name_at_start(text: &str) -> (&str, &str) {
    let length = text.bytes().take(NAME_LIMIT + 1).take_while(|byte| is_of_name(*byte)).count();
    text.split_at(length)
}

pub(crate) const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
