//! A text of JSON with the flaws of its spelling put right.

use std::borrow::Cow;

use memchr::memchr2;

use crate::repair::RepairKind;

/// Characters that a backslash stands before in regular expressions. None of them is ever escaped in JSON, by habit or by
/// mistake, so that the backslash itself is meant. That cannot be said of `\'`, `\$`, `` \` `` and `\!`: shells and languages
/// have a use for each of them, and models also put a backslash there that nothing has a use for.
const SIGNS: &[u8] = b".()[]{}+*?^|;";

/// Letters that stand for a class of characters in regular expressions.
const CLASSES: &[u8] = b"dDsSwW";

/// The text put right; as it is where nothing is to be put right, `None` where something cannot be. What is wrong in its grammar
/// stays as it is, for the strict reader to find.
pub(crate) fn mend<'a>(text: &'a str, kinds: &mut Vec<RepairKind>) -> Option<Cow<'a, str>> {
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    // The last character outside of strings that is no white space.
    let mut last = b' ';
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte == b'"' {
            let end = end_of_string(text, at + 1)?;
            if let Some(string) = mend_string(text.get(at + 1..end)?, kinds)? {
                mended.push_str(text.get(copied..=at)?);
                mended.push_str(&string);
                copied = end;
            }
            at = end;
        } else if byte == b',' && is_end_of_value(last) && is_before_end(text, at + 1) {
            mended.push_str(text.get(copied..at)?);
            copied = at + 1;
            kinds.push(RepairKind::TrailingComma);
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    if copied == 0 {
        return Some(Cow::Borrowed(text));
    }
    // The same hand that leaves a backslash bare before `d` leaves it bare before `b`, and means no backspace.
    if kinds.contains(&RepairKind::Backslash) && is_in_doubt(text.as_bytes()) {
        return None;
    }
    mended.push_str(text.get(copied..)?);
    Some(Cow::Owned(mended))
}

/// Where the quote stands that ends a string.
fn end_of_string(text: &str, start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let rest = text.as_bytes().get(at..)?;
        let stop = at + memchr2(b'"', b'\\', rest)?;
        if text.as_bytes().get(stop) == Some(&b'"') {
            return Some(stop);
        }
        at = stop + 2;
    }
}

const fn is_end_of_value(byte: u8) -> bool {
    matches!(byte, b'"' | b'}' | b']' | b'0'..=b'9' | b'e' | b'l')
}

/// Whether nothing but white space stands between here and the end of an array or object.
///
/// White space is looked at once more for each comma before it, of which there is one.
fn is_before_end(text: &str, start: usize) -> bool {
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    matches!(rest.trim_ascii_start().first(), Some(b'}' | b']'))
}

/// The inside of a string put right; `Some(None)` where nothing is to be put right.
#[expect(clippy::option_option, reason = "not to be put right and nothing to put right are two things")]
fn mend_string(string: &str, kinds: &mut Vec<RepairKind>) -> Option<Option<String>> {
    let bytes = string.as_bytes();
    let mut mended = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => {
                let next = *bytes.get(at + 1)?;
                if is_escape(next, bytes.get(at + 2..).unwrap_or_default()) {
                    at += 2;
                    continue;
                }
                if !is_meant_as_backslash(bytes, at, next) {
                    return None;
                }
                mended.push_str(string.get(copied..at)?);
                mended.push_str("\\\\");
                kinds.push(RepairKind::Backslash);
                copied = at + 1;
            }
            0..0x20 => {
                mended.push_str(string.get(copied..at)?);
                mended.push_str(&escaped(byte));
                kinds.push(RepairKind::ControlCharacter);
                copied = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    if copied == 0 {
        return Some(None);
    }
    mended.push_str(string.get(copied..)?);
    Some(Some(mended))
}

fn is_escape(byte: u8, rest: &[u8]) -> bool {
    match byte {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => true,
        b'u' => rest.get(..4).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
        _ => false,
    }
}

fn is_meant_as_backslash(bytes: &[u8], at: usize, next: u8) -> bool {
    let ends_there = !bytes.get(at + 2).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    SIGNS.contains(&next) || (CLASSES.contains(&next) && ends_there)
}

/// Whether a text in which a bare backslash is a backslash has an escape that would then be one too: a backspace or a form
/// feed, which are next to never meant, or anything in a path of Windows.
fn is_in_doubt(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'\\' {
            if matches!(bytes.get(at + 1), Some(b'b' | b'f')) || is_drive(bytes.get(..at).unwrap_or_default()) {
                return true;
            }
            at += 1;
        }
        at += 1;
    }
    false
}

/// Whether it ends in the letter of a drive and a colon.
fn is_drive(before: &[u8]) -> bool {
    match before {
        [.., other, letter, b':'] => letter.is_ascii_alphabetic() && !other.is_ascii_alphanumeric(),
        _ => false,
    }
}

fn escaped(byte: u8) -> Cow<'static, str> {
    match byte {
        b'\n' => "\\n".into(),
        b'\r' => "\\r".into(),
        b'\t' => "\\t".into(),
        _ => format!("\\u{byte:04x}").into(),
    }
}
