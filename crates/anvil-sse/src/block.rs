//! The lines of one event while it is not closed.

use std::ops::Range;

/// The standard's buffers for one event (WHATWG HTML, section 9.2.6: "data buffer", "event type buffer", "last event
/// ID buffer"). The data is not held here: it is a range of the decoder's buffer.
#[derive(Debug, Default)]
pub(crate) struct Block {
    name: Text,
    id: Text,
    retry: Option<u64>,
    data: Option<Range<usize>>,
    bytes: usize,
}

/// A closed event that has data: what the borrowed [`Event`](crate::Event) is built from.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) has_name: bool,
    pub(crate) data: Range<usize>,
    pub(crate) has_id: bool,
    pub(crate) retry: Option<u64>,
}

impl Block {
    /// How many bytes its lines have with their ends; 0 exactly when no event is open.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    pub(crate) fn set_name(&mut self, value: &[u8]) {
        self.name.set(value);
    }

    pub(crate) fn set_id(&mut self, value: &[u8]) {
        self.id.set(value);
    }

    /// `digits` are ASCII digits. A number that does not fit is taken as the largest that does, which is as good as
    /// never.
    pub(crate) fn set_retry(&mut self, digits: &[u8]) {
        let number = digits
            .iter()
            .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        self.retry = Some(number);
    }

    /// "Append the field value to the data buffer, then append a single U+000A LINE FEED": the first value stays
    /// where it is, a later one moves down to it. There is always room: the LF takes the place of the earlier line's
    /// own end, and what lies between is at least the later line's `data`, read already and needed by nobody, for
    /// name and id are copied out. So data is never held twice, and each byte moves at most once.
    ///
    /// Returns how many bytes it moved.
    pub(crate) fn push_data(&mut self, buffer: &mut [u8], value: Range<usize>) -> usize {
        match &mut self.data {
            None => {
                self.data = Some(value);
                0
            }
            Some(joined) => {
                let moved = value.len();
                let target = joined.end + 1;
                buffer[joined.end] = b'\n';
                buffer.copy_within(value, target);
                joined.end = target + moved;
                moved
            }
        }
    }

    /// The first byte of the decoder's buffer that the event still needs.
    pub(crate) fn data_start(&self) -> Option<usize> {
        self.data.as_ref().map(|data| data.start)
    }

    /// The decoder dropped `dropped` bytes from the front of its buffer.
    pub(crate) fn shift(&mut self, dropped: usize) {
        if let Some(data) = &mut self.data {
            data.start -= dropped;
            data.end -= dropped;
        }
    }

    /// "Dispatch the event" (section 9.2.6): nothing when the data buffer is empty; all buffers start anew. The texts
    /// of name and id stay readable until they are next set.
    pub(crate) fn close(&mut self) -> Option<Closed> {
        self.bytes = 0;
        let has_name = std::mem::take(&mut self.name.is_set);
        let has_id = std::mem::take(&mut self.id.is_set);
        let retry = self.retry.take();
        let data = self.data.take()?;
        Some(Closed { has_name, data, has_id, retry })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name.text
    }

    pub(crate) fn id(&self) -> &str {
        &self.id.text
    }
}

/// A field's text, in memory that is used again for the next event.
#[derive(Debug, Default)]
struct Text {
    text: String,
    is_set: bool,
}

impl Text {
    fn set(&mut self, value: &[u8]) {
        self.text.clear();
        self.is_set = true;
        match std::str::from_utf8(value) {
            Ok(text) => self.text.push_str(text),
            Err(_) => self.set_lossy(value),
        }
    }

    /// "Streams must be decoded using the UTF-8 decode algorithm" (section 9.2.6), which puts U+FFFD for what is not
    /// UTF-8. Decoding a field alone gives what decoding the whole stream gives: no ASCII byte, and so no delimiter,
    /// is ever part of a malformed sequence.
    #[cold]
    fn set_lossy(&mut self, value: &[u8]) {
        for chunk in value.utf8_chunks() {
            self.text.push_str(chunk.valid());
            if !chunk.invalid().is_empty() {
                self.text.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}
