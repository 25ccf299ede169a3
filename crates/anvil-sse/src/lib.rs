//! Bytes to server-sent events and back.
//!
//! The rules are those of the WHATWG HTML Living Standard, "Server-sent events", section 9.2.5 "Parsing an event
//! stream" and section 9.2.6 "Interpreting an event stream". The crate does no IO: an engine feeds a [`Decoder`] the
//! bytes of a body in whatever pieces they arrive and takes whole [`Frame`]s out; [`write_event`] and
//! [`write_comment`] append the wire form to a buffer.
//!
//! Three things differ from an `EventSource` in a browser, because a router forwards a stream and does not own it:
//!
//! - Comments are frames. An upstream's heartbeat is a comment, and it has to pass the moment its line is complete.
//! - `data` stays bytes. Its reader is a JSON parser, which checks UTF-8 itself; checking twice would cost more than
//!   the whole of the decoding.
//! - Nothing outlives an event. The standard keeps the last event id and the reconnection time on the event source;
//!   here [`Event::id`] and [`Event::retry`] are what this event's own lines said.
//!
//! ```
//! use anvil_sse::{Decoder, Event, Frame, Limits};
//!
//! let mut decoder = Decoder::new(Limits::default());
//! decoder.feed(b"event: ping\nda");
//! assert_eq!(decoder.next()?, None);
//! decoder.feed(b"ta: {}\n\n");
//! assert_eq!(
//!     decoder.next()?,
//!     Some(Frame::Event(Event { name: "ping", data: b"{}", id: None, retry: None }))
//! );
//! assert_eq!(decoder.next()?, None);
//! decoder.finish()?;
//! # Ok::<(), anvil_sse::Error>(())
//! ```

mod block;
mod decoder;
mod encode;
mod error;
mod event;
mod limits;
mod line;

pub use decoder::Decoder;
pub use encode::{write_comment, write_event};
pub use error::Error;
pub use event::{Event, Frame};
pub use limits::Limits;
