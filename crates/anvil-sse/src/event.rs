//! What a decoder yields.

/// One thing a stream said, borrowed from the [`Decoder`](crate::Decoder) until its next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// An event that has data.
    Event(Event<'a>),
    /// A comment line: the text after its colon, without the one leading space a field's value would lose too and
    /// without the line end. Yielded as soon as the line is complete, also between the lines of an unfinished event.
    Comment(&'a [u8]),
}

/// One dispatched event (WHATWG HTML, section 9.2.6 "Interpreting an event stream").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The last `event` field's value, `""` when there was none. Bytes that are not UTF-8 have become U+FFFD, as the
    /// standard's decoding of the stream would have made them.
    pub name: &'a str,
    /// The `data` lines' values joined by LF, without a final one. As sent: not checked to be UTF-8.
    pub data: &'a [u8],
    /// The last valid `id` field of this event; `Some("")` is the standard's way to reset the last event id. Not
    /// UTF-8 becomes U+FFFD as in `name`; a value with a NUL is no valid id.
    pub id: Option<&'a str>,
    /// The last valid `retry` field of this event: the reconnection time in milliseconds, [`u64::MAX`] when it is
    /// larger than that.
    pub retry: Option<u64>,
}
