//! As much of HTTP/1.1 (RFC 9112) as two cooperating ends need: heads, and message bodies in their three framings. Sans-IO.

/// Heads larger than this are refused (nginx and granian both stay under 1 KiB).
const MAX_HEAD: usize = 16 * 1024;

/// How the end of a message body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    ChunkSize { size: u64, extension: bool },
    ChunkData(u64),
    ChunkEnd,
    Trailer { line: usize },
    Done,
}

/// A request or a response head.
pub struct Head<'a> {
    pub first_line: &'a str,
    /// The peer closes the connection after this message.
    pub close: bool,
    /// Bytes of the head, its empty line included.
    pub len: usize,
    length: Option<u64>,
    chunked: bool,
}

impl<'a> Head<'a> {
    /// `None` while the head is not complete.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Self>, String> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() > MAX_HEAD { Err("head too large".into()) } else { Ok(None) };
        };
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| "head is not text".to_owned())?;
        let mut lines = text.split("\r\n");
        let first_line = lines.next().unwrap_or_default();
        let mut head = Head { first_line, close: false, len: end + 4, length: None, chunked: false };
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { return Err(format!("bad header line {line:?}")) };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.length = Some(value.parse().map_err(|_| format!("bad content-length {value:?}"))?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("connection") {
                head.close = value.eq_ignore_ascii_case("close");
            }
        }
        Ok(Some(head))
    }

    pub fn status(&self) -> Option<u16> {
        self.first_line.split(' ').nth(1)?.parse().ok()
    }

    /// A request without either header has no body.
    pub fn request_body(&self) -> Body {
        if self.chunked { Body::chunked() } else { Body::length(self.length.unwrap_or(0)) }
    }

    /// A response without either header ends where the connection does.
    pub fn response_body(&self) -> Body {
        match self.length {
            _ if self.chunked => Body::chunked(),
            Some(length) => Body::length(length),
            None => Body(State::UntilClose),
        }
    }
}

/// An incremental body decoder.
pub struct Body(State);

impl Body {
    fn length(length: u64) -> Self {
        Self(if length == 0 { State::Done } else { State::Length(length) })
    }

    fn chunked() -> Self {
        Self(State::ChunkSize { size: 0, extension: false })
    }

    pub fn done(&self) -> bool {
        self.0 == State::Done
    }

    /// Whether the connection's end is a good end here.
    pub fn ends_with_connection(&self) -> bool {
        self.0 == State::UntilClose
    }

    /// Gives `input`'s payload to `sink`; returns how many bytes belonged to this body.
    pub fn feed(&mut self, input: &[u8], mut sink: impl FnMut(&[u8])) -> Result<usize, String> {
        let mut at = 0;
        while at < input.len() && self.0 != State::Done {
            let rest = &input[at..];
            at += match self.0 {
                State::Length(left) | State::ChunkData(left) => {
                    let now = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    sink(&rest[..now]);
                    self.advance(left - now as u64);
                    now
                }
                State::UntilClose => {
                    sink(rest);
                    rest.len()
                }
                _ => {
                    self.framing(rest[0])?;
                    1
                }
            };
        }
        Ok(at)
    }

    fn advance(&mut self, left: u64) {
        self.0 = match self.0 {
            State::Length(_) if left == 0 => State::Done,
            State::Length(_) => State::Length(left),
            _ if left == 0 => State::ChunkEnd,
            _ => State::ChunkData(left),
        };
    }

    /// One byte of chunked framing (RFC 9112 section 7.1).
    fn framing(&mut self, byte: u8) -> Result<(), String> {
        self.0 = match (self.0, byte) {
            (State::ChunkSize { size: 0, .. }, b'\n') => State::Trailer { line: 0 },
            (State::ChunkSize { size, .. }, b'\n') => State::ChunkData(size),
            (State::ChunkSize { size, .. }, b'\r') => State::ChunkSize { size, extension: true },
            (State::ChunkSize { size, extension }, _) if extension || byte == b';' => {
                State::ChunkSize { size, extension: true }
            }
            (State::ChunkSize { size, .. }, _) => {
                let digit = char::from(byte).to_digit(16).ok_or_else(|| format!("bad chunk size byte {byte:#x}"))?;
                let size = size.checked_mul(16).ok_or("chunk too large")? + u64::from(digit);
                State::ChunkSize { size, extension: false }
            }
            (State::ChunkEnd, b'\r') => State::ChunkEnd,
            (State::ChunkEnd, b'\n') => State::ChunkSize { size: 0, extension: false },
            (State::ChunkEnd, _) => return Err("a chunk is longer than it said".into()),
            (State::Trailer { line: 0 }, b'\n') => State::Done,
            (State::Trailer { .. }, b'\n') => State::Trailer { line: 0 },
            (State::Trailer { line }, b'\r') => State::Trailer { line },
            (State::Trailer { line }, _) => State::Trailer { line: line + 1 },
            (state, _) => state,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Body, Head};

    /// Every split point of a message gives one payload and one end.
    fn decode(head: &[u8], wire: &[u8], split: usize) -> Result<(Vec<u8>, usize, bool), String> {
        let mut body: Body = Head::parse(head)?.ok_or("no head")?.response_body();
        let mut payload = Vec::new();
        let mut used = body.feed(&wire[..split], |bytes| payload.extend_from_slice(bytes))?;
        if used == split {
            used += body.feed(&wire[split..], |bytes| payload.extend_from_slice(bytes))?;
        }
        Ok((payload, used, body.done()))
    }

    #[test]
    fn chunked_at_every_split_point() {
        let wire = b"5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nx-trailer: 1\r\n\r\nHTTP/1.1";
        for split in 0..wire.len() {
            let got = decode(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", wire, split);
            assert_eq!(got, Ok((b"hello world".to_vec(), wire.len() - 8, true)), "split at {split}");
        }
    }

    #[test]
    fn length_at_every_split_point() {
        let wire = b"{\"a\":1}HTTP/1.1";
        for split in 0..wire.len() {
            let got = decode(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", wire, split);
            assert_eq!(got, Ok((b"{\"a\":1}".to_vec(), 7, true)), "split at {split}");
        }
    }

    #[test]
    fn a_lying_chunk_is_refused() {
        assert!(decode(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nabc\r\n", 0).is_err());
    }
}
