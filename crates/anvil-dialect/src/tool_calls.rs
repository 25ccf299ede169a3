//! The tool calls of an answer, by their ids.

/// The most ids that are kept.
const LIMIT: usize = 64;

/// Ids in the order in which the calls begin, each once and at most 64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolCalls(Vec<String>);

impl ToolCalls {
    /// Adds the call `id`; one without an id, and one beyond the limit, is left out.
    pub fn push(&mut self, id: String) {
        if !id.is_empty() && self.0.len() < LIMIT && !self.0.contains(&id) {
            self.0.push(id);
        }
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: Self) {
        others.0.into_iter().for_each(|id| self.push(id));
    }

    /// The ids.
    pub fn into_ids(self) -> Vec<String> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::ToolCalls;

    #[test]
    fn each_once_and_no_more_than_64() {
        let mut calls = ToolCalls::default();
        for id in ["a", "", "b", "a"] {
            calls.push(id.to_owned());
        }
        assert_eq!(calls.clone().into_ids(), ["a", "b"]);
        (0..100).for_each(|id| calls.push(id.to_string()));
        assert_eq!(calls.into_ids().len(), 64);
    }
}
