//! What a relay says otherwise than the tier did: the model's name, since strict clients compare it with the one they asked for; the
//! answer's id, since the router keeps answers under its own; the number of an event that others came before; and the cost of an answer
//! whose beginning the client was not sent.

use std::ops::Range;

use anvil_dialect::{Dialect, Head, Spans, quoted};

/// What stands where, as JSON; made once an answer.
#[derive(Debug)]
pub(crate) struct Splice {
    model: Option<String>,
    id: Option<String>,
    hides_logprobs: bool,
    spliced: Vec<u8>,
}

impl Splice {
    /// An empty name leaves the tier's, and so does an empty id.
    pub(crate) fn new(client: Dialect, head: &Head) -> Self {
        let has_id = client == Dialect::Responses && !head.id.is_empty();
        Self {
            model: (!head.model.is_empty()).then(|| quoted(&head.model)),
            hides_logprobs: client == Dialect::Chat && !head.asked.wants_logprobs(),
            id: has_id.then(|| quoted(&format!("resp_{}", head.id))),
            spliced: Vec::new(),
        }
    }

    /// `data` with what is to stand at `spans`, and the event's own `number` and `usage` where they are given; `data` itself where
    /// nothing is to be replaced.
    pub(crate) fn apply<'a>(
        &'a mut self,
        data: &'a [u8],
        spans: &Spans,
        number: Option<u64>,
        usage: Option<&str>,
    ) -> &'a [u8] {
        let number = number.map(|number| number.to_string());
        let mut edits = [
            edit(spans.model.as_ref(), self.model.as_deref()),
            edit(spans.id.as_ref(), self.id.as_deref()),
            edit(spans.number.as_ref(), number.as_deref()),
            edit(spans.usage.as_ref(), usage),
            edit(spans.logprobs.as_ref(), self.hides_logprobs.then_some("null")),
        ];
        if edits.iter().all(Option::is_none) {
            return data;
        }
        edits.sort_by_key(|edit| edit.map_or(usize::MAX, |(span, _)| span.start));
        self.spliced.clear();
        let mut from = 0;
        for (span, json) in edits.into_iter().flatten() {
            self.spliced.extend_from_slice(&data[from..span.start]);
            self.spliced.extend_from_slice(json.as_bytes());
            from = span.end;
        }
        self.spliced.extend_from_slice(&data[from..]);
        &self.spliced
    }
}

fn edit<'e>(span: Option<&'e Range<usize>>, json: Option<&'e str>) -> Option<(&'e Range<usize>, &'e str)> {
    Some((span?, json?))
}
