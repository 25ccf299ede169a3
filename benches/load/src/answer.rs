//! Is this answer right? Looks at every body byte once, and keeps only its beginning and its end.

use crate::{dialect::Dialect, load::Mode};

const TAIL: usize = 160;

/// What is known of one response body so far.
pub struct Answer {
    mode: Mode,
    dialect: Dialect,
    tail: Vec<u8>,
    pub bytes: u64,
    pub events: u64,
    line_is_empty: bool,
    whole: Vec<u8>,
}

impl Answer {
    pub fn new(mode: Mode, dialect: Dialect) -> Self {
        Self {
            mode,
            dialect,
            tail: Vec::with_capacity(2 * TAIL),
            bytes: 0,
            events: 0,
            line_is_empty: true,
            whole: Vec::new(),
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if self.mode == Mode::Whole {
            self.whole.extend_from_slice(bytes);
            return;
        }
        self.count_events(bytes);
        if bytes.len() >= TAIL {
            self.tail.clear();
            self.tail.extend_from_slice(&bytes[bytes.len() - TAIL..]);
        } else {
            self.tail.extend_from_slice(bytes);
            let over = self.tail.len().saturating_sub(TAIL);
            self.tail.drain(..over);
        }
    }

    /// An event ends at an empty line that follows one that is not (WHATWG HTML, "Interpreting an event stream").
    fn count_events(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.events += u64::from(self.line_is_empty);
                self.line_is_empty = true;
            } else if byte != b'\r' {
                self.line_is_empty = false;
            }
        }
    }

    /// Judges a body that has ended.
    pub fn check(&self, min_events: u64) -> Result<(), String> {
        if self.mode == Mode::Whole {
            return self.check_whole();
        }
        let tail = self.tail.trim_ascii_end();
        if !self.dialect.ends_stream(tail) {
            return Err(format!("the stream ends with {:?}", String::from_utf8_lossy(tail)));
        }
        if self.events < min_events {
            return Err(format!("{} events of at least {min_events}", self.events));
        }
        Ok(())
    }

    fn check_whole(&self) -> Result<(), String> {
        let body = self.whole.trim_ascii();
        if self.dialect.is_whole(body) {
            return Ok(());
        }
        Err(format!("not a whole answer: {:?}", String::from_utf8_lossy(&body[..body.len().min(200)])))
    }
}
