//! Names, numbers, strings and regular expressions, by their length.

use super::super::letters::is_word;

/// The length of the name that `rest` begins with. Escapes in names are not known.
pub(super) fn name(rest: &[u8]) -> Option<usize> {
    if rest.first()?.is_ascii_digit() {
        return None;
    }
    let mut length = 0;
    loop {
        length += rest.get(length..)?.iter().take_while(|&&byte| is_word(byte)).count();
        match rest.get(length) {
            Some(b'\\') => return None,
            Some(0x80..) => length += letter(rest.get(length..)?)?,
            _ => return (length > 0).then_some(length),
        }
    }
}

/// The length of the letter that is not of ASCII and that `rest` begins with.
fn letter(rest: &[u8]) -> Option<usize> {
    let first = rest.get(..rest.len().min(4))?.utf8_chunks().next()?.valid().chars().next()?;
    first.is_alphabetic().then(|| first.len_utf8())
}

/// The length of the string that `rest` begins with.
pub(super) fn text(rest: &[u8]) -> Option<usize> {
    let quote = *rest.first()?;
    let mut at = 1;
    loop {
        match *rest.get(at)? {
            byte if byte == quote => return Some(at + 1),
            b'\\' => at += escape(rest.get(at..)?)?,
            b'\n' | b'\r' => return None,
            _ => at += 1,
        }
    }
}

/// The length of the escape that `rest` begins with.
fn escape(rest: &[u8]) -> Option<usize> {
    let hex = |from: usize, count: usize| {
        rest.get(from..from + count).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    match rest.get(1)? {
        b'x' => hex(2, 2).then_some(4),
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest.get(3..)?.iter().take(8).take_while(|byte| byte.is_ascii_hexdigit()).count();
            (digits > 0 && rest.get(3 + digits) == Some(&b'}')).then_some(digits + 4)
        }
        b'u' => hex(2, 4).then_some(6),
        b'\r' if rest.get(2) == Some(&b'\n') => Some(3),
        _ => Some(2),
    }
}

/// The length of the number that `rest` begins with.
pub(super) fn number(rest: &[u8]) -> Option<usize> {
    let digits = |from: usize, is_digit: fn(&u8) -> bool| -> usize {
        let run = rest.get(from..).unwrap_or_default();
        run.iter().take_while(|byte| is_digit(byte) || **byte == b'_').count()
    };
    let is_at = |at: usize, signs: &[u8]| rest.get(at).is_some_and(|byte| signs.contains(byte));
    let mut at = 0;
    // Octal as it once was, which modules do not have.
    if rest.first() == Some(&b'0') && rest.get(1).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'_') {
        return None;
    }
    if rest.first() == Some(&b'0') && is_at(1, b"xXoObB") {
        let count = match rest.get(1)? {
            b'x' | b'X' => digits(2, u8::is_ascii_hexdigit),
            b'o' | b'O' => digits(2, |byte| matches!(byte, b'0'..=b'7')),
            _ => digits(2, |byte| matches!(byte, b'0' | b'1')),
        };
        if count == 0 {
            return None;
        }
        at = 2 + count;
        at += usize::from(is_at(at, b"n"));
    } else {
        at += digits(at, u8::is_ascii_digit);
        if is_at(at, b"n") {
            at += 1;
        } else {
            if is_at(at, b".") {
                at += 1 + digits(at + 1, u8::is_ascii_digit);
            }
            if is_at(at, b"eE") {
                at += 1;
                at += usize::from(is_at(at, b"+-"));
                let exponent = digits(at, u8::is_ascii_digit);
                if exponent == 0 {
                    return None;
                }
                at += exponent;
            }
        }
    }
    let ends = rest.get(at).is_none_or(|&byte| byte < 0x80 && byte != b'\\' && !is_word(byte));
    (ends && rest.get(at - 1) != Some(&b'_')).then_some(at)
}

/// The length of the regular expression that `rest` begins with, flags included.
pub(super) fn regex(rest: &[u8]) -> Option<usize> {
    let (mut at, mut in_class) = (1, false);
    loop {
        match rest.get(at)? {
            b'\n' | b'\r' => return None,
            b'\\' if matches!(rest.get(at + 1)?, b'\n' | b'\r') => return None,
            b'\\' => at += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    let flags = rest.get(at + 1..)?;
    let count = flags.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let known = flags.iter().take(count).all(|flag| b"dgimsuvy".contains(flag));
    let ends = flags.get(count).is_none_or(|&byte| byte < 0x80 && !is_word(byte));
    (known && ends).then_some(at + 1 + count)
}
