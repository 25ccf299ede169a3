//! The wire form of an event and of a comment.

use memchr::memchr2;

/// Appends one event (WHATWG HTML, section 9.2.5 "Parsing an event stream"): `event: name` when `name` is not empty,
/// one `data: ` line for each line of `data`, and the blank line that closes it.
///
/// `data` may hold any bytes; its line ends (LF, CR, CRLF) all reach the reader as LF, because the format cannot tell
/// them apart. Empty `data` is one empty line, for without any the event would not be dispatched. A name cannot hold
/// a line end: one in it is written as a space, so that no name can start a line of its own.
pub fn write_event(out: &mut Vec<u8>, name: &str, data: &[u8]) {
    const AROUND: usize = "event: \ndata: \n\n".len();
    out.reserve(AROUND + name.len() + data.len());
    if !name.is_empty() {
        out.extend_from_slice(b"event: ");
        let start = out.len();
        out.extend_from_slice(name.as_bytes());
        for byte in &mut out[start..] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        out.push(b'\n');
    }
    write_lines(out, b"data: ", data);
    out.push(b'\n');
}

/// Appends one comment and a blank line: `: text`, a line for each line of `text`, so that no text can start a line
/// that is not a comment. To be written between events; the blank line would close an open one.
pub fn write_comment(out: &mut Vec<u8>, text: &[u8]) {
    write_lines(out, b": ", text);
    out.push(b'\n');
}

/// Each line of `text` after `prefix`, closed by LF. Text that ends in a line end has an empty last line.
fn write_lines(out: &mut Vec<u8>, prefix: &[u8], text: &[u8]) {
    let mut rest = text;
    loop {
        out.extend_from_slice(prefix);
        let Some(end) = memchr2(b'\r', b'\n', rest) else {
            break;
        };
        out.extend_from_slice(&rest[..end]);
        out.push(b'\n');
        let width = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = &rest[end + width..];
    }
    out.extend_from_slice(rest);
    out.push(b'\n');
}
