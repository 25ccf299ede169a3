//! Reading JSON in place: one pass, spans instead of trees.

use std::borrow::Cow;
use std::ops::Range;

use jiter::{Jiter, JiterError, JiterErrorType, JsonErrorType, Peek};

use crate::event::Malformed;
use crate::invalid::Invalid;

/// A reader over one JSON text that knows how to describe what it could not read.
pub(crate) struct Reader<'j> {
    jiter: Jiter<'j>,
    text: &'j [u8],
}

/// Where a JSON value lies in its text, in bytes; a string's span includes its quotes.
pub(crate) type Span = Range<usize>;

impl<'j> Reader<'j> {
    pub(crate) fn new(text: &'j [u8]) -> Self {
        Self { jiter: Jiter::new(text), text }
    }

    /// A reader over what a tier sent, which must hold an object: `otherwise` says what it is where it does not.
    pub(crate) fn of_object(text: &'j [u8], otherwise: &'static str) -> Result<Self, Malformed> {
        let mut json = Self::new(text);
        if json.peek()? == Peek::Object { Ok(json) } else { Err(Malformed::new(otherwise)) }
    }

    /// The whole text that is read.
    pub(crate) fn text(&self) -> &'j [u8] {
        self.text
    }

    /// What comes next, without taking it.
    pub(crate) fn peek(&mut self) -> Result<Peek, Invalid> {
        self.jiter.peek().map_err(|error| describe(&error))
    }

    /// Calls `member` with the name of each member of the object that comes next; `member` must consume the value.
    pub(crate) fn object<N>(
        &mut self,
        name: impl Fn(&str) -> N,
        mut member: impl FnMut(N, &mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        let mut next = self.jiter.next_object().map(|key| key.map(&name)).map_err(|error| describe(&error))?;
        while let Some(key) = next {
            member(key, self)?;
            next = self.jiter.next_key().map(|key| key.map(&name)).map_err(|error| describe(&error))?;
        }
        Ok(())
    }

    /// Calls `element` with the index of each element of the array that comes next; `element` must consume it.
    pub(crate) fn array(
        &mut self,
        mut element: impl FnMut(usize, &mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        let mut next = self.jiter.next_array().map_err(|error| describe(&error))?;
        let mut index = 0;
        while next.is_some() {
            element(index, self)?;
            index += 1;
            next = self.jiter.array_step().map_err(|error| describe(&error))?;
        }
        Ok(())
    }

    /// Where the next value starts, in bytes.
    pub(crate) fn start(&mut self) -> Result<usize, Invalid> {
        self.peek()?;
        Ok(self.jiter.current_index())
    }

    /// How far reading has come, in bytes.
    pub(crate) fn index(&self) -> usize {
        self.jiter.current_index()
    }

    /// The string member `wanted` of the object that comes next; `None` if it is no object or has no such string.
    pub(crate) fn member_string(&mut self, wanted: &str) -> Result<Option<String>, Invalid> {
        let mut value = None;
        self.member(wanted, |json| {
            value = json.string()?;
            Ok(())
        })?;
        Ok(value)
    }

    /// Takes the next value; where it is an object, calls `read` on its member `wanted`.
    pub(crate) fn member(
        &mut self,
        wanted: &str,
        mut read: impl FnMut(&mut Self) -> Result<(), Invalid>,
    ) -> Result<(), Invalid> {
        if self.peek()? != Peek::Object {
            return self.ignore();
        }
        self.object(|name| name == wanted, |is_wanted, json| if is_wanted { read(json) } else { json.ignore() })
    }

    /// Takes the next value, whatever it is, and says where it was. Values deeper than the parser's limit are refused.
    pub(crate) fn skip(&mut self) -> Result<Span, Invalid> {
        self.peek()?;
        let start = self.jiter.current_index();
        self.jiter.next_skip().map_err(|error| describe(&error))?;
        Ok(start..self.jiter.current_index())
    }

    /// Takes the next value, whatever it is.
    pub(crate) fn ignore(&mut self) -> Result<(), Invalid> {
        self.skip().map(|_| ())
    }

    /// Takes the next value if it is a string and says where it was; `None` (nothing taken) if it is another type.
    pub(crate) fn string_span(&mut self) -> Result<Option<Span>, Invalid> {
        if self.peek()? == Peek::String { self.skip().map(Some) } else { Ok(None) }
    }

    /// Takes the next value; its text if it is a string, else `None`.
    pub(crate) fn string(&mut self) -> Result<Option<String>, Invalid> {
        if self.peek()? == Peek::String {
            let text = self.jiter.known_str().map_err(|error| describe(&error))?;
            return Ok(Some(text.to_owned()));
        }
        self.skip()?;
        Ok(None)
    }

    /// Takes the next value; what `read` makes of its text if it is a string, else `None`. Allocates nothing.
    pub(crate) fn string_as<T>(&mut self, read: impl FnOnce(&str) -> T) -> Result<Option<T>, Invalid> {
        if self.peek()? == Peek::String {
            return self.jiter.known_str().map(|text| Some(read(text))).map_err(|error| describe(&error));
        }
        self.skip()?;
        Ok(None)
    }

    /// Takes the next value; its value if it is `true` or `false`, else `None`.
    pub(crate) fn boolean(&mut self) -> Result<Option<bool>, Invalid> {
        let next = self.peek()?;
        self.skip()?;
        Ok(match next {
            Peek::True => Some(true),
            Peek::False => Some(false),
            _ => None,
        })
    }

    /// Takes the next value; its value if it is spelt as an integer from 0 to 2⁶⁴−1, else `None`.
    pub(crate) fn unsigned(&mut self) -> Result<Option<u64>, Invalid> {
        let next = self.peek()?;
        let span = self.skip()?;
        if !next.is_num() {
            return Ok(None);
        }
        // The parser's own integers end at 18 digits.
        Ok(std::str::from_utf8(&self.text[span]).ok().and_then(|digits| digits.parse().ok()))
    }

    /// Nothing but white space may be left.
    pub(crate) fn finish(&mut self) -> Result<(), Invalid> {
        self.jiter.finish().map_err(|error| describe(&error))
    }
}

/// Reads `text` with `read`; where that fails and `text` has lone surrogate escapes, once more with U+FFFD in their place.
///
/// Harnesses do cut tool output in the middle of a pair, and most engines accept what they then send; the parser does not. The
/// stand-in is as long as what it stands for, so every span and offset holds for `text` itself.
pub(crate) fn read_lenient<T, E>(text: &[u8], read: impl Fn(&[u8]) -> Result<T, E>) -> Result<T, E> {
    read(text).or_else(|error| mend_surrogates(text).map_or(Err(error), |mended| read(&mended)))
}

/// `text` with `\ufffd` for every escape of half a surrogate pair; `None` where there is none.
fn mend_surrogates(text: &[u8]) -> Option<Vec<u8>> {
    let mut mended: Option<Vec<u8>> = None;
    let mut index = 0;
    while let Some(found) = text[index..].iter().position(|byte| *byte == b'\\') {
        index += found;
        match (escaped_unit(text, index), escaped_unit(text, index + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => index += 12,
            (Some(0xD800..=0xDFFF), _) => {
                mended.get_or_insert_with(|| text.to_vec())[index..index + 6].copy_from_slice(b"\\ufffd");
                index += 6;
            }
            // Past the backslash and what it escapes: a second backslash begins nothing.
            _ => index = text.len().min(index + 2),
        }
    }
    mended
}

/// The UTF-16 unit that a `\uXXXX` at `index` stands for.
pub(crate) fn escaped_unit(text: &[u8], index: usize) -> Option<u16> {
    let digits = text.get(index..index + 6)?.strip_prefix(b"\\u")?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// What the JSON string at `span` stands for; nothing where there is none.
pub(crate) fn string_at<'t>(json: &'t [u8], span: &Span) -> Cow<'t, str> {
    let literal = &json[span.clone()];
    let inside = inside(json, span);
    if memchr::memchr(b'\\', inside).is_none() {
        return Cow::Borrowed(std::str::from_utf8(inside).unwrap_or_default());
    }
    let text = read_lenient(literal, |literal| Reader::new(literal).string());
    Cow::Owned(text.ok().flatten().unwrap_or_default())
}

/// The JSON string at `span` as it is spelt, without its quotes.
pub(crate) fn inside<'t>(json: &'t [u8], span: &Span) -> &'t [u8] {
    json[span.clone()].strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or_default()
}

fn describe(error: &JiterError) -> Invalid {
    let reason = match &error.error_type {
        JiterErrorType::JsonError(JsonErrorType::RecursionLimitExceeded) => "nested too deeply".to_owned(),
        JiterErrorType::JsonError(kind) => kind.to_string(),
        JiterErrorType::WrongType { expected, actual } => format!("expected {expected}, found {actual}"),
    };
    Invalid::NotJson { reason, offset: error.index }
}

/// Writes `text` as a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                const HEX: [u8; 16] = *b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// `text` as a JSON string, quotes included.
pub fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}
