//! The model's name in an answer: strict clients compare it with the one they asked for.

use std::ops::Range;

/// The name to put where the tier's stands, as JSON; made once an answer.
#[derive(Debug)]
pub(crate) struct Echo {
    json: Option<Vec<u8>>,
    spliced: Vec<u8>,
}

impl Echo {
    /// An empty name leaves the tier's.
    pub(crate) fn new(model: &str) -> Self {
        let json = (!model.is_empty()).then(|| anvil_dialect::quoted(model).into_bytes());
        Self { json, spliced: Vec::new() }
    }

    /// `data` with the caller's name in place of the one at `model`; `data` itself where there is nothing to replace.
    pub(crate) fn apply<'a>(&'a mut self, data: &'a [u8], model: Option<&Range<usize>>) -> &'a [u8] {
        let (Some(json), Some(model)) = (&self.json, model) else { return data };
        self.spliced.clear();
        self.spliced.extend_from_slice(&data[..model.start]);
        self.spliced.extend_from_slice(json);
        self.spliced.extend_from_slice(&data[model.end..]);
        &self.spliced
    }
}
