//! Freeform input out of a function's arguments.
//!
//! A tool that takes text is told to a tier as a function with one string, `input` (docs/adr/0007-responses.md). What comes back is
//! JSON in pieces, `{"input":"…`, and the text inside is passed on while it arrives.

use crate::event::Malformed;
use crate::json::escaped_unit;
use crate::node::Node;
use crate::text::Text;

/// How much white space the beginning of the arguments may hold before nothing more is expected of them, in bytes.
const OPENING_LIMIT: usize = 256;

/// The arguments of one call while they arrive.
#[derive(Debug, Clone, Default)]
pub(super) struct Freeform {
    /// The arguments so far.
    json: String,
    state: State,
    /// The input so far, as the inside of a JSON string.
    input: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// The string has not begun.
    #[default]
    Before,
    /// Inside of it, up to this byte of the arguments.
    Inside(usize),
    /// It is over.
    After,
    /// The arguments are not what was asked for.
    Foreign,
}

impl Freeform {
    /// Takes a piece of the arguments; the piece of the input that it holds, which may be empty.
    pub(super) fn push(&mut self, piece: &Text<'_>) -> Text<'static> {
        self.json.push_str(&piece.decoded());
        if self.state == State::Before {
            self.state = match opening(&self.json) {
                Some(Some(start)) => State::Inside(start),
                Some(None) => State::Foreign,
                None if self.json.len() > OPENING_LIMIT => State::Foreign,
                None => State::Before,
            };
        }
        let before = self.input.len();
        if let State::Inside(from) = self.state {
            self.state = self.take(from);
        }
        Text::from_escaped(self.input[before..].to_owned())
    }

    /// The whole input, and what of it has not been passed on yet.
    ///
    /// # Errors
    /// [`Malformed`] when part of it has been passed on and the rest never came.
    pub(super) fn finish(self) -> Result<(Text<'static>, Option<Text<'static>>), Malformed> {
        let whole = Node::read(&self.json, 1).ok().filter(Node::is_object);
        match (self.state, whole) {
            (State::After, Some(_)) => Ok((Text::from_escaped(self.input), None)),
            (State::After | State::Inside(_), _) => Err(Malformed::new("a tool call whose input breaks off")),
            (State::Before | State::Foreign, whole) => {
                let input = whole.and_then(|whole| whole.get_text("input").map(Text::into_owned));
                let input = input.unwrap_or_else(|| Text::quote(&self.json));
                Ok((input.clone(), Some(input)))
            }
        }
    }

    /// Takes what is certain of the string from byte `from` on.
    fn take(&mut self, from: usize) -> State {
        let bytes = self.json.as_bytes();
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            let length = match byte {
                b'"' => return State::After,
                b'\\' => match escape(&bytes[at..]) {
                    Some(length) => length,
                    // The rest of it is on its way.
                    None => return State::Inside(at),
                },
                _ => bytes[at..]
                    .iter()
                    .position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20))
                    .unwrap_or(bytes.len() - at),
            };
            match (byte, length) {
                // No escape of JSON's: the model meant a backslash.
                (b'\\', 1) => self.input.push_str("\\\\"),
                // Half a pair, which many parsers refuse, Codex's among them.
                (b'\\', 6) if is_surrogate(escaped_unit(bytes, at)) => self.input.push_str("\\ufffd"),
                // A control character, which a string must escape.
                (_, 0) => {
                    let character = char::from(byte).to_string();
                    self.input.push_str(Text::quote(&character).escaped());
                }
                _ => self.input.push_str(self.json.get(at..at + length).unwrap_or_default()),
            }
            at += length.max(1);
        }
        State::Inside(at)
    }
}

/// How long the escape is that `bytes` begin with, a pair of surrogates as one; 1 if it is none, `None` if its end is not there
/// yet.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = &bytes[2..bytes.len().min(6)];
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return Some(1);
            }
            if digits.len() < 4 {
                return None;
            }
            let is_high = matches!(escaped_unit(bytes, 0), Some(0xD800..=0xDBFF));
            match escaped_unit(bytes, 6) {
                Some(0xDC00..=0xDFFF) if is_high => Some(12),
                None if is_high && begins_escape(&bytes[6..]) => None,
                _ => Some(6),
            }
        }
        _ => Some(1),
    }
}

/// Whether `bytes` are the beginning of a `\uXXXX` whose end is not there yet.
fn begins_escape(bytes: &[u8]) -> bool {
    let (name, digits) = bytes.split_at(bytes.len().min(2));
    digits.len() < 4 && b"\\u".starts_with(name) && digits.iter().all(u8::is_ascii_hexdigit)
}

fn is_surrogate(unit: Option<u16>) -> bool {
    matches!(unit, Some(0xD800..=0xDFFF))
}

/// Where the string of `{"input":"…` begins: `None` while that cannot be told, `Some(None)` when the arguments begin otherwise.
#[expect(clippy::option_option, reason = "not yet, never, here")]
fn opening(json: &str) -> Option<Option<usize>> {
    let mut rest = json;
    for token in ["{", "\"input\"", ":", "\""] {
        rest = rest.trim_ascii_start();
        match rest.strip_prefix(token) {
            Some(after) => rest = after,
            None if token.starts_with(rest) => return None,
            None => return Some(None),
        }
    }
    Some(Some(json.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out in pieces and as a whole of arguments that come in these pieces, decoded.
    fn unwrapped(pieces: &[&str]) -> Result<(String, String), Malformed> {
        let mut freeform = Freeform::default();
        let mut said: String =
            pieces.iter().map(|piece| freeform.push(&Text::quote(piece)).decoded().into_owned()).collect();
        let (whole, rest) = freeform.finish()?;
        said.push_str(&rest.map(|rest| rest.decoded().into_owned()).unwrap_or_default());
        Ok((said, whole.decoded().into_owned()))
    }

    fn whole(pieces: &[&str]) -> String {
        let (said, whole) = unwrapped(pieces).unwrap();
        assert_eq!(said, whole);
        whole
    }

    #[test]
    fn the_string_inside_is_what_comes_out() {
        assert_eq!(whole(&[r#"{"input":"*** Begin Patch\n+\"x\""}"#]), "*** Begin Patch\n+\"x\"");
        assert_eq!(
            whole(&[" {", "\n \"inp", "ut\" :", " \"a\\", "n\\u00", "e9\\ud83e", "\\udd", "80\" ", "} "]),
            "a\né🦀"
        );
        assert_eq!(whole(&[r#"{"input":""}"#]), "");
    }

    #[test]
    fn pieces_come_out_as_soon_as_they_are_certain() {
        let mut freeform = Freeform::default();
        let mut said = |piece| freeform.push(&Text::quote(piece)).decoded().into_owned();
        assert_eq!(said("{\"input\":\"ab"), "ab");
        assert_eq!(said("c\\"), "c");
        assert_eq!(said("nd"), "\nd");
    }

    #[test]
    fn what_a_model_spells_wrongly_is_what_it_meant() {
        // A line end that should be escaped, and a backslash that escapes nothing.
        let mut freeform = Freeform::default();
        let said = freeform.push(&Text::quote("{\"input\":\"a\nb\\d\\u12"));
        assert_eq!(said.decoded(), "a\nb\\d");
        assert!(freeform.finish().is_err(), "the arguments are no JSON: nobody knows where the input ends");
    }

    #[test]
    fn half_a_pair_of_surrogates_is_no_character() {
        assert_eq!(whole(&[r#"{"input":"\ud83e"}"#]), "\u{fffd}");
        assert_eq!(
            whole(&[r#"{"input":"\ud83e\"#, r"n\udd80 \ud83e", r"\ud83e\udd80\u00", r#"e9"}"#]),
            "\u{fffd}\n\u{fffd} \u{fffd}🦀é"
        );
        // What comes after the first half is read for itself: its quote ends the string.
        let mut freeform = Freeform::default();
        let said = freeform.push(&Text::quote(r#"{"input":"\ud83e\u"}      "#));
        assert_eq!(said.escaped(), r"\ufffd\\u");
    }

    #[test]
    fn arguments_of_another_form_come_out_whole() {
        assert_eq!(whole(&["*** Begin", " Patch"]), "*** Begin Patch");
        assert_eq!(whole(&[r#"{"patch":"x"}"#]), r#"{"patch":"x"}"#);
        assert_eq!(whole(&[r#"{"a":1,"input":"x"}"#]), "x");
        assert_eq!(whole(&["{"]), "{");
        assert_eq!(whole(&[]), "");
        assert_eq!(whole(&[&" ".repeat(OPENING_LIMIT + 1), "{\"input\":\"x\"}"]), "x");
    }

    #[test]
    fn an_input_that_breaks_off_is_none() {
        assert!(unwrapped(&[r#"{"input":"*** Begin"#]).is_err());
        assert!(unwrapped(&[r#"{"input":"*** Begin""#]).is_err());
        assert!(unwrapped(&[r#"{"input":"a"} x"#]).is_err());
    }

    proptest! {
        #[test]
        fn any_text_in_any_pieces(text in any::<String>(), cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8)) {
            let json = format!("{{\"input\":{}}}", crate::quoted(&text));
            let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(json.len() + 1)).filter(|end| json.is_char_boundary(*end)).collect();
            ends.extend([0, json.len()]);
            ends.sort_unstable();
            let pieces: Vec<&str> = ends.windows(2).map(|pair| &json[pair[0]..pair[1]]).collect();
            prop_assert_eq!(unwrapped(&pieces).unwrap(), (text.clone(), text));
        }

        #[test]
        fn whatever_comes_is_valid_json_or_an_error(pieces in proptest::collection::vec("[{}\":a\\\\u0d8 \n]{0,12}", 0..5), opened in any::<bool>()) {
            let mut freeform = Freeform::default();
            let mut said = String::new();
            let opening = if opened { "{\"input\":\"" } else { "" };
            for piece in std::iter::once(opening).chain(pieces.iter().map(String::as_str)) {
                said.push_str(freeform.push(&Text::quote(piece)).escaped());
            }
            let literal = format!("\"{said}\"");
            prop_assert!(Node::read(&literal, 0).is_ok(), "{}", said);
            if let Ok((whole, _)) = freeform.finish() {
                let literal = format!("\"{}\"", whole.escaped());
                prop_assert!(Node::read(&literal, 0).is_ok());
            }
        }
    }
}
