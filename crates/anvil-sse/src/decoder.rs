//! From a body's bytes, however they are cut, to frames.

use std::ops::Range;

use memchr::memchr2;

use crate::block::{Block, Closed};
use crate::line::Line;
use crate::{Error, Event, Frame, Limits};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An incremental decoder of one event stream.
///
/// Feed it what arrived, then take frames until there is none:
///
/// ```
/// # use anvil_sse::{Decoder, Error, Frame};
/// # fn on_chunk(decoder: &mut Decoder, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
/// decoder.feed(chunk);
/// while let Some(frame) = decoder.next()? {
///     match frame {
///         Frame::Event(event) => out.extend_from_slice(event.data),
///         Frame::Comment(_) => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// The frames, and the error if there is one, are the same wherever the stream is cut. Each byte is searched once for
/// a line end and moved at most a small constant number of times, so the work is linear in the stream also when it
/// arrives byte by byte.
///
/// **Memory.** Taken empty before each feed, it holds at most [`Limits::max_event_bytes`] and the last chunk, in a
/// `Vec` whose growth may reserve twice that; and the last name and id, which count towards the limit of their event
/// (three times their length where they were not UTF-8). Data is borrowed from the buffer, never copied elsewhere.
///
/// **After an error** the decoder is over: it has freed what it held, ignores what it is fed, and `next` and `finish`
/// return the same error again. Frames taken before it stand.
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    /// Bytes not yet given back: the open event's data, dead bytes behind it, then what is unread.
    buffer: Vec<u8>,
    /// Where the line begins that is not read yet.
    line_start: usize,
    /// Where to search on for its end: there is none in `line_start..searched`.
    searched: usize,
    block: Block,
    /// The last line ended in a CR that was the last byte here: an LF that comes next belongs to it.
    after_carriage_return: bool,
    /// Past where a byte order mark can be.
    started: bool,
    over: Option<Error>,
    work: Work,
}

/// How many bytes were searched for a line end, and moved. Counted in tests only, which hold both to be linear.
#[derive(Debug, Default, Clone, Copy)]
struct Work {
    searched: usize,
    moved: usize,
}

impl Work {
    fn searched(&mut self, bytes: usize) {
        if cfg!(test) {
            self.searched += bytes;
        }
    }

    fn moved(&mut self, bytes: usize) {
        if cfg!(test) {
            self.moved += bytes;
        }
    }
}

/// A frame as positions, before it is lent.
enum Found {
    Event(Closed),
    Comment(Range<usize>),
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Appends bytes of the body, cut anywhere. Nothing is decoded before [`Decoder::next`].
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.over.is_some() {
            return;
        }
        // Moving no more than is dropped keeps the cost constant per byte also for a caller who does not take all
        // frames before feeding again.
        let dead = self.first_needed();
        if dead >= self.buffer.len() - dead {
            self.compact();
        }
        self.buffer.extend_from_slice(bytes);
        self.skip_byte_order_mark();
        self.skip_line_feed();
    }

    /// The next complete frame; `None` when more bytes are needed.
    ///
    /// An event is complete at its blank line's first byte: a CR closes it at once, and an LF that turns up later is
    /// taken as that line end's second half.
    ///
    /// # Errors
    ///
    /// [`Error::EventTooLarge`] as soon as an event or a line is known to be longer than the limit, which may be long
    /// before its end.
    #[expect(
        clippy::should_implement_trait,
        reason = "a frame is lent from the buffer, which Iterator cannot say; the call site still reads as one"
    )]
    pub fn next(&mut self) -> Result<Option<Frame<'_>>, Error> {
        let frame = match self.find()? {
            None => None,
            Some(Found::Comment(text)) => Some(Frame::Comment(&self.buffer[text])),
            Some(Found::Event(closed)) => Some(Frame::Event(Event {
                name: if closed.has_name { self.block.name() } else { "" },
                data: &self.buffer[closed.data],
                id: closed.has_id.then(|| self.block.id()),
                retry: closed.retry,
            })),
        };
        Ok(frame)
    }

    /// Says that the body has ended; to be called once [`Decoder::next`] has returned `None`.
    ///
    /// The standard discards what is left (WHATWG HTML, section 9.2.6: "Once the end of the file is reached, any
    /// pending data must be discarded"); a router has to know that there was something, for it is how a cut answer
    /// looks. Whole comment lines and blank lines at the end leave nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unterminated`] when [`Decoder::pending_bytes`] is not 0, and the error the decoder ended with before.
    pub fn finish(&mut self) -> Result<(), Error> {
        match (self.over, self.pending_bytes()) {
            (Some(error), _) => Err(error),
            (None, 0) => Ok(()),
            (None, pending_bytes) => Err(self.end(Error::Unterminated { pending_bytes })),
        }
    }

    /// How many fed bytes belong to no frame yet: those not read, and the lines of the open event with the
    /// comments between them. 0 after an error.
    pub fn pending_bytes(&self) -> usize {
        self.block.bytes() + self.buffer.len() - self.line_start
    }

    /// WHATWG HTML, section 9.2.6 "Interpreting an event stream": reads lines in order until one yields a frame.
    fn find(&mut self) -> Result<Option<Found>, Error> {
        while let Some(line) = self.read_line()? {
            let found = self.interpret(line);
            // After the line has opened or closed an event, so that the LF counts to the same one wherever it is cut.
            self.skip_line_feed();
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// What one line asks for: a frame, or to be kept for the open event.
    fn interpret(&mut self, line: Range<usize>) -> Option<Found> {
        let tail = |value: &[u8]| line.end - value.len()..line.end;
        match Line::read(&self.buffer[line.clone()]) {
            Line::Blank => return self.block.close().map(Found::Event),
            Line::Comment(text) => {
                let text = tail(text);
                if self.block.bytes() > 0 {
                    self.block.count(line.len() + 1);
                }
                return Some(Found::Comment(text));
            }
            Line::Name(value) => self.block.set_name(value),
            Line::Id(value) => self.block.set_id(value),
            Line::Retry(digits) => self.block.set_retry(digits),
            Line::Data(value) => {
                let value = tail(value);
                let moved = self.block.push_data(&mut self.buffer, value);
                self.work.moved(moved);
            }
            Line::Ignored => {}
        }
        self.block.count(line.len() + 1);
        None
    }

    /// The next line without its end: `end-of-line = ( cr lf / cr / lf )` (WHATWG HTML, section 9.2.5).
    fn read_line(&mut self) -> Result<Option<Range<usize>>, Error> {
        if let Some(error) = self.over {
            return Err(error);
        }
        let unsearched = &self.buffer[self.searched..];
        let Some(length) = memchr2(b'\r', b'\n', unsearched) else {
            self.work.searched(unsearched.len());
            self.searched = self.buffer.len();
            self.check_length(self.searched - self.line_start)?;
            self.compact();
            return Ok(None);
        };
        self.work.searched(length + 1);
        let line = self.line_start..self.searched + length;
        // A blank line where no event is open is no part of one.
        if !line.is_empty() || self.block.bytes() > 0 {
            self.check_length(line.len() + 1)?;
        }
        self.after_carriage_return = self.buffer[line.end] == b'\r';
        self.move_to(line.end + 1);
        Ok(Some(line))
    }

    /// Whether `line` bytes more still fit the open event.
    fn check_length(&mut self, line: usize) -> Result<(), Error> {
        let limit = self.limits.max_event_bytes;
        // While a byte order mark may yet be completed, what is there may be no part of a line.
        if self.block.bytes() + line > limit && self.started {
            return Err(self.end(Error::EventTooLarge { limit }));
        }
        Ok(())
    }

    /// The second half of a CRLF whose first half has ended a line already. Only the very next byte can be it.
    fn skip_line_feed(&mut self) {
        if self.after_carriage_return && self.line_start < self.buffer.len() {
            self.after_carriage_return = false;
            if self.buffer[self.line_start] == b'\n' {
                self.move_to(self.line_start + 1);
                if self.block.bytes() > 0 {
                    self.block.count(1);
                }
            }
        }
    }

    /// `stream = [ bom ] *event` (WHATWG HTML, section 9.2.5). The mark holds no line end, so that a line can be
    /// searched for before it is known whether the first bytes are one.
    fn skip_byte_order_mark(&mut self) {
        if self.started {
            return;
        }
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.started = true;
            self.move_to(BYTE_ORDER_MARK.len());
        } else {
            self.started = !BYTE_ORDER_MARK.starts_with(&self.buffer);
        }
    }

    fn move_to(&mut self, line_start: usize) {
        self.line_start = line_start;
        self.searched = line_start;
    }

    /// The first byte of the buffer that is still of use.
    fn first_needed(&self) -> usize {
        self.block.data_start().unwrap_or(self.line_start)
    }

    /// Drops what is not needed any more from the front of the buffer. When `next` has found no line end, what is
    /// left moves at most twice in its life: its front can only have become free since the last time by a line that
    /// ended in bytes fed since then, so what follows that line is as new; or by the first data line of an event.
    fn compact(&mut self) {
        let dead = self.first_needed();
        if dead == 0 {
            return;
        }
        self.buffer.drain(..dead);
        self.work.moved(self.buffer.len());
        self.line_start -= dead;
        self.searched -= dead;
        self.block.shift(dead);
    }

    /// Ends the decoder with `error` and frees what it holds.
    #[cold]
    fn end(&mut self, error: Error) -> Error {
        *self = Self { limits: self.limits, over: Some(error), ..Self::default() };
        error
    }
}

#[cfg(test)]
mod tests;
