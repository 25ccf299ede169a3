//! One line of a stream, told apart by what it asks for.

/// One line without its line end. A value is always the tail of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Empty: it closes an event.
    Blank,
    /// It starts with a colon.
    Comment(&'a [u8]),
    Name(&'a [u8]),
    Data(&'a [u8]),
    Id(&'a [u8]),
    Retry(&'a [u8]),
    /// A field the standard does not name, or one whose value it says to ignore.
    Ignored,
}

impl<'a> Line<'a> {
    /// WHATWG HTML, section 9.2.6 "Interpreting an event stream", the steps for one line ("If the line is empty",
    /// "starts with a U+003A COLON", "contains a U+003A COLON", "Otherwise") and the field names of "process the
    /// field". Matching known names first looks at five bytes where finding the colon would look at the whole line.
    pub(crate) fn read(line: &'a [u8]) -> Self {
        let field = match line {
            [] => return Self::Blank,
            [b':', text @ ..] => return Self::Comment(without_leading_space(text)),
            [b'd', b'a', b't', b'a', rest @ ..] => value(rest).map(Self::Data),
            [b'e', b'v', b'e', b'n', b't', rest @ ..] => value(rest).map(Self::Name),
            // "If the field value does not contain U+0000 NULL, then [...]. Otherwise, ignore the field."
            [b'i', b'd', rest @ ..] => value(rest).filter(|id| memchr::memchr(0, id).is_none()).map(Self::Id),
            // "If the field value consists of only ASCII digits"; of none at all there is no integer to read.
            [b'r', b'e', b't', b'r', b'y', rest @ ..] => value(rest)
                .filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
                .map(Self::Retry),
            _ => None,
        };
        field.unwrap_or(Self::Ignored)
    }
}

/// The value, from what follows a field's name; `None` when the name goes on and so is another.
fn value(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        // "using the whole line as the field name, and the empty string as the field value"
        [] => Some(rest),
        [b':', value @ ..] => Some(without_leading_space(value)),
        _ => None,
    }
}

/// "If value starts with a U+0020 SPACE character, remove it from value."
fn without_leading_space(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}
