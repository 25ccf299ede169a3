//! What the user's last words say, by phrases, and where they say it.

use std::borrow::Cow;

use crate::authored::beginning;
use crate::phrases::Phrases;
use crate::shape::{Shape, is_beside_name, is_name, is_path};

/// How many bytes of a text are its opening.
const OPENING_LIMIT: usize = 24;
/// The most bytes of one sentence's first word.
const WORD_LIMIT: usize = 24;
/// The most sentences whose first words are looked at.
const SENTENCES_LIMIT: usize = 64;

/// The longest quotation, in bytes.
const QUOTE_LIMIT: usize = 400;
/// What opens one.
const OPENING_MARKS: [char; 6] = ['"', '“', '„', '«', '「', '『'];

/// What the user's last words say: phrases by their places in the list, ascending.
#[derive(Debug)]
pub struct Speech {
    /// What the words look like.
    pub shape: Shape,
    /// The phrases that are anywhere in them. Names of files and from code do not speak.
    pub anywhere: Vec<usize>,
    /// Those within their first 24 bytes.
    pub opening: Vec<usize>,
    /// Those that the first word is.
    pub first: Vec<usize>,
    /// Those that the first word of a later sentence is.
    pub later: Vec<usize>,
}

impl Speech {
    /// What `text` says, which has a shape.
    pub(crate) fn of(text: &str, shape: Shape, phrases: &Phrases) -> Self {
        let text = without_quotes(text);
        let text = without_names(text.trim_start());
        let (first, later) = first_words(&text);
        Self {
            shape,
            anywhere: phrases.find(&text),
            opening: phrases.find(beginning(&text, OPENING_LIMIT)),
            first: phrases.find(first),
            later: phrases.find(&later),
        }
    }
}

/// The text without what stands in it between quotation marks: those are others' words, or labels.
///
/// One that is a quotation as a whole is left as it is: `OpenCode` sends what was typed so.
fn without_quotes(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text);
    let mut kept = String::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find(OPENING_MARKS) {
        let start = at + found;
        let mark = text[start..].chars().next().unwrap_or_default();
        at = start + mark.len_utf8();
        let line = beginning(&text[at..], QUOTE_LIMIT).lines().next().unwrap_or_default();
        if let Some(length) = line.find(|character| closes(mark, character)).filter(|length| *length > 0) {
            kept.push_str(&text[from..start]);
            kept.push(' ');
            at += length;
            at += text[at..].chars().next().map_or(0, char::len_utf8);
            from = at;
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

/// Whether the character closes what the mark has opened.
fn closes(mark: char, character: char) -> bool {
    match mark {
        '«' => character == '»',
        '「' => character == '」',
        '『' => character == '』',
        '"' => character == '"',
        _ => matches!(character, '”' | '“'),
    }
}

/// The text without the names of files and from code in it: they are not said.
fn without_names(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut from = 0;
    for token in text.split(is_beside_name) {
        let token = token.trim_end_matches(['.', ':', '-']);
        if is_name(token) || is_path(token) {
            let start = token.as_ptr().addr() - text.as_ptr().addr();
            kept.push_str(&text[from..start]);
            from = start + token.len();
        }
    }
    if from == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

/// The first word, and those of the further sentences with marks between them that no phrase has.
fn first_words(text: &str) -> (&str, String) {
    let mut words = text.split_inclusive(['.', '!', '?', ';', ':', '\n']).filter_map(|sentence| {
        let sentence = sentence.trim_start_matches(|character: char| !character.is_alphanumeric());
        let word = sentence.split(|character: char| character.is_whitespace() || character == ',').next()?;
        (!word.is_empty()).then(|| beginning(word, WORD_LIMIT))
    });
    let first = words.next().unwrap_or_default();
    let later = words.take(SENTENCES_LIMIT).fold(String::new(), |mut later, word| {
        later.push_str(word);
        later.push('\u{1}');
        later
    });
    (first, later)
}
