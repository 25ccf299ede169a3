//! Why a stream could not be decoded.

use thiserror::Error;

/// Why a stream could not be decoded. Either way the fault is on the sender's side: its bytes were too many, or did
/// not all arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// One event, or one line, is longer than [`Limits::max_event_bytes`](crate::Limits::max_event_bytes).
    #[error("a server-sent event is longer than {limit} bytes")]
    EventTooLarge {
        /// The limit that was passed, in bytes.
        limit: usize,
    },
    /// The body ended inside an event: a line without its line end, or lines without the blank line that closes them.
    #[error("the event stream ended with {pending_bytes} bytes of an unfinished event")]
    Unterminated {
        /// What was left, in bytes, as [`Decoder::pending_bytes`](crate::Decoder::pending_bytes) counts them.
        pending_bytes: usize,
    },
}
