//! What a decoder is willing to hold.

/// What a [`Decoder`](crate::Decoder) is willing to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest event, in bytes; [`Error::EventTooLarge`](crate::Error::EventTooLarge) past it. Counted are all
    /// lines of one event, from its first field to its blank line, with their line ends and with the comments between
    /// them. Not counted is the LF of a CRLF that closes it, for the CR has closed it already, nor a byte order mark.
    /// Outside an event the limit holds for each comment line.
    pub max_event_bytes: usize,
}

impl Default for Limits {
    /// 8 MiB. The longest events seen on this wire are those that repeat a whole answer at its end (the Responses
    /// API's `response.completed`); a few hundred KiB of text and tool arguments fit many times over.
    fn default() -> Self {
        Self { max_event_bytes: 8 << 20 }
    }
}
