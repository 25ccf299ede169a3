//! What a relay is told before it begins.

use std::sync::Arc;
use std::time::Duration;

use anvil_dialect::{Dialect, Head};
use anvil_verify::Expected;

use crate::gate::Hold;
use crate::opening::Opening;

/// The most bytes of one event of a stream, unless said otherwise.
const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;
/// The most bytes that the window of a stream holds, unless said otherwise.
const MAX_HELD_BYTES: usize = 16 * 1024 * 1024;
/// The most bytes of a whole answer, unless said otherwise.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// How often the client hears something, unless said otherwise.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A stream of events of the dialect.
    Stream,
    /// A whole answer of the dialect.
    Whole,
    /// Some JSON document, such as a list of models.
    Document,
    /// The whole answer to a request of no dialect, such as for embeddings: a document that is waited for as an answer is.
    Unread,
}

/// What one relay is told before it begins.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The dialect that the client speaks.
    pub client: Dialect,
    /// The dialect that the tier speaks.
    pub tier: Dialect,
    /// The form that the answer is to have.
    pub form: Form,
    /// What the client is told of the answer beside what the tier says: the model's name in any case, the rest where the
    /// tier speaks another dialect.
    pub head: Head,
    /// The exchange's id, for an error inside the stream.
    pub request_id: String,
    /// What the client of a stream has been told while it waited, or may be told still.
    pub opening: Option<Opening>,
    /// Whether the items of the answer's output are to be kept for a later request (Responses).
    pub keeps_items: bool,
    /// How long the answer is held.
    pub hold: Hold,
    /// What the checks know of the request; `None`: nothing but the form is checked, and nothing held longer than for that.
    pub expected: Option<Arc<Expected>>,
    /// How long the client of a stream hears nothing at most while what the tier says is held; who drives the relay has the clock.
    pub heartbeat_every: Duration,
    /// The most bytes that the window of a stream holds.
    pub max_held_bytes: usize,
    /// The most bytes of one event.
    pub max_event_bytes: usize,
    /// The most bytes of a whole answer.
    pub max_answer_bytes: usize,
}

impl Setup {
    /// A setup that holds nothing, with the default caps: 8 MiB an event, 16 MiB in the window, 64 MiB a whole answer; a sign of
    /// life every 15 s.
    pub fn new(client: Dialect, tier: Dialect, form: Form, head: Head, request_id: String) -> Self {
        Self {
            client,
            tier,
            form,
            head,
            request_id,
            opening: None,
            keeps_items: false,
            hold: Hold::None,
            expected: None,
            heartbeat_every: HEARTBEAT_EVERY,
            max_held_bytes: MAX_HELD_BYTES,
            max_event_bytes: MAX_EVENT_BYTES,
            max_answer_bytes: MAX_ANSWER_BYTES,
        }
    }

    /// What reading the request for the checks may cost at most, about, in nanoseconds.
    pub(crate) fn outstanding(&self) -> u64 {
        self.expected.as_ref().map_or(0, |expected| expected.outstanding())
    }
}

/// How a tier's body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As its framing promised.
    Clean,
    /// The connection broke before that.
    Cut,
}
