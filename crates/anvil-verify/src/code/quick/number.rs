//! Numbers, as Go and Java write them.

/// The length of the number at the beginning of `rest`, which may end with one of the letters of its kind, whole or not.
pub(super) fn number(rest: &[u8], (whole, broken): (&[u8], &[u8])) -> Option<usize> {
    let prefix = rest.get(..2).map(<[u8; 2]>::try_from).and_then(Result::ok).map(|prefix| prefix.map(|b| b | 0x20));
    let (length, is_whole) = match prefix.as_ref() {
        Some(b"0x") => hexadecimal(rest)?,
        Some(b"0o") => (2 + digits(rest.get(2..)?, |byte| matches!(byte, b'0'..=b'7'))?, true),
        Some(b"0b") => (2 + digits(rest.get(2..)?, |byte| matches!(byte, b'0' | b'1'))?, true),
        _ => decimal(rest)?,
    };
    let suffix = rest.get(length).is_some_and(|byte| broken.contains(byte) || (is_whole && whole.contains(byte)));
    Some(length + usize::from(suffix))
}

/// The length of digits, with single underscores between them; `None` where there are none.
fn digits(rest: &[u8], is_digit: fn(u8) -> bool) -> Option<usize> {
    let mut at = 0;
    loop {
        at += rest.get(at..)?.iter().position(|&byte| !is_digit(byte)).unwrap_or(rest.len() - at);
        match rest.get(at..) {
            Some([b'_', next, ..]) if at > 0 && is_digit(*next) => at += 1,
            _ => return (at > 0).then_some(at),
        }
    }
}

/// The length of the number, and whether it is whole.
fn decimal(rest: &[u8]) -> Option<(usize, bool)> {
    let is_digit = |byte: u8| byte.is_ascii_digit();
    let before = digits(rest, is_digit).unwrap_or(0);
    let mut at = before;
    if rest.get(at) == Some(&b'.') {
        at += 1 + digits(rest.get(at + 1..)?, is_digit).unwrap_or(0);
    }
    if matches!(rest.get(at), Some(b'e' | b'E')) {
        at += exponent(rest.get(at..)?)?;
    }
    // A number that begins with a nought is one of eights.
    let is_octal = at == before && before > 1 && rest.first() == Some(&b'0');
    let is_right = !is_octal || rest.get(..at)?.iter().all(|byte| matches!(byte, b'0'..=b'7'));
    is_right.then_some((at, at == before))
}

fn exponent(rest: &[u8]) -> Option<usize> {
    let sign = usize::from(matches!(rest.get(1), Some(b'+' | b'-')));
    digits(rest.get(1 + sign..)?, |byte| byte.is_ascii_digit()).map(|length| 1 + sign + length)
}

fn hexadecimal(rest: &[u8]) -> Option<(usize, bool)> {
    let is_digit = |byte: u8| byte.is_ascii_hexdigit();
    let mut at = 2 + digits(rest.get(2..)?, is_digit)?;
    if rest.get(at) == Some(&b'.') {
        at += 1 + digits(rest.get(at + 1..)?, is_digit).unwrap_or(0);
    } else if !matches!(rest.get(at), Some(b'p' | b'P')) {
        return Some((at, true));
    }
    matches!(rest.get(at), Some(b'p' | b'P')).then_some((at + exponent(rest.get(at..)?)?, false))
}
