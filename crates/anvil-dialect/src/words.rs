//! Where in a body the words lie that say what its conversation is about.

use std::collections::VecDeque;

use crate::authored::{self, beginning};
use crate::conversation::without_attribution;
use crate::facts::Facts;
use crate::hash::xxh3;
use crate::json::{self, Span};
use crate::text::Text;

/// The most bytes of instructions that are remembered, as they are spelt: of those before the conversation and of those in it.
const INSTRUCTIONS_LIMIT: usize = 48 * 1024;
/// The most bytes that are remembered of what harnesses put beside the last words of the user's.
const INJECTED_LIMIT: usize = 32 * 1024;
/// The most bytes of one text of those that count, so that a long one does not hide what comes after it.
const INJECTED_TEXT_LIMIT: usize = 4 * 1024;
/// The most bytes of the last user-authored text that are kept, and how many of them are its beginning. People paste first and ask
/// at the end.
const LAST_TEXT_LIMIT: usize = 8 * 1024;
const LAST_TEXT_HEAD: usize = 5 * 1024;
/// The longest text of the first message, as it is spelt, that is taken apart to know the conversation by. Of a longer one its
/// beginning is taken as it is.
const FIRST_TEXT_LIMIT: usize = 16 * 1024;

/// Where the words lie, each text by the span of its JSON string.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// The instructions before the conversation.
    instructions: Kept,
    /// The instructions among the messages.
    interjected: Kept,
    /// How many of those came before the user's first message.
    opening: usize,
    /// The texts of the user's first message; none where it was all pictures.
    first: Option<Vec<Span>>,
    /// The texts of the last message in which a person wrote something.
    last: Vec<Span>,
    /// What else was put into the user's turn that this message belongs to, and came after it.
    beside: Kept,
    /// Whether the model has said something since the last message of the user's.
    is_answered: bool,
    /// Where the last text, as it is kept, was cut.
    pub(crate) cut: Option<usize>,
}

/// Texts up to a number of bytes.
#[derive(Debug, Clone, Default)]
struct Kept {
    texts: VecDeque<Span>,
    bytes: usize,
}

impl Kept {
    /// Keeps the first texts.
    fn push(&mut self, text: Span) {
        if self.bytes < INSTRUCTIONS_LIMIT {
            self.bytes += text.len();
            self.texts.push_back(text);
        }
    }

    /// Keeps the last texts.
    fn push_last(&mut self, text: Span) {
        let counted = |text: &Span| text.len().min(INJECTED_TEXT_LIMIT);
        self.bytes += counted(&text);
        self.texts.push_back(text);
        while self.bytes > INJECTED_LIMIT {
            self.bytes -= self.texts.pop_front().as_ref().map_or(self.bytes, counted);
        }
    }
}

impl Words {
    /// Takes over an instruction that stands before the conversation, wherever the body spells it.
    pub(crate) fn instruction(&mut self, text: Span) {
        self.instructions.push(text);
    }

    /// Takes over a message of instructions.
    pub(crate) fn system_message(&mut self, texts: &[Span]) {
        for text in texts {
            self.interjected.push(text.clone());
            self.beside.push_last(text.clone());
        }
        if self.first.is_none() {
            self.opening = self.interjected.texts.len();
        }
    }

    /// Takes over a message of the user's; whether a person wrote any of its texts. `has_media`: it shows something too.
    pub(crate) fn user_message(&mut self, body: &[u8], texts: Vec<Span>, has_media: bool) -> bool {
        let is_authored = authored::is_authored(body, &texts);
        if is_authored || has_media {
            self.first.get_or_insert_with(|| texts.clone());
        }
        if !is_authored {
            for text in texts {
                self.beside.push_last(text);
            }
            return false;
        }
        if std::mem::replace(&mut self.is_answered, false) {
            self.beside.texts.clear();
            self.beside.bytes = 0;
        }
        self.last = texts;
        true
    }

    /// The model has said something.
    pub(crate) fn answered(&mut self) {
        self.is_answered = true;
    }

    /// Says in `facts` what is known once all of `body` has been read.
    pub(crate) fn finish(&mut self, body: &[u8], facts: &mut Facts) {
        let last = authored_text(body, &self.last);
        facts.last_user_bytes = last.len();
        (facts.last_user_text, self.cut) = shortened(last);
        facts.conversation = self.conversation(body);
    }

    /// A hash of how the conversation begins: its instructions, as they are spelt, and what a person wrote first.
    ///
    /// Neither changes while messages are only appended. Which block of them a harness marks for the cache does, and so do the three
    /// digits in Claude Code's line of attribution; neither is part of it. 0 where there is nothing to know it by.
    fn conversation(&self, body: &[u8]) -> u64 {
        let mut beginning = Vec::with_capacity(4 * 1024);
        for span in self.instructions.texts.iter().chain(self.interjected.texts.iter().take(self.opening)) {
            let literal = std::str::from_utf8(&body[span.clone()]).unwrap_or_default();
            if let Some(text) = Text::from_literal(literal).and_then(without_attribution) {
                beginning.extend_from_slice(text.escaped().as_bytes());
                // A byte that no spelling of a text has.
                beginning.push(0);
            }
        }
        let first = self.first.as_deref().unwrap_or_default();
        if beginning.is_empty() && first.is_empty() {
            return 0;
        }
        beginning.push(0);
        for span in first {
            let raw = json::inside(body, span);
            if raw.len() > FIRST_TEXT_LIMIT && authored::glance(raw) != Some(false) {
                beginning.extend_from_slice(&raw[..FIRST_TEXT_LIMIT]);
            } else {
                beginning.extend_from_slice(authored_text(body, std::slice::from_ref(span)).as_bytes());
            }
        }
        xxh3(&beginning)
    }

    /// Shows `read` the instructions, and what the harness put beside the last words of the user's.
    pub(crate) fn instructed(&self, body: &[u8], mut read: impl FnMut(&str)) {
        let mut room = INSTRUCTIONS_LIMIT;
        for span in self.instructions.texts.iter().chain(&self.interjected.texts) {
            let text = json::string_at(body, span);
            read(beginning(&text, room));
            room = room.saturating_sub(text.len());
        }
        let mut room = INJECTED_LIMIT;
        let mut read_short = |text: &str| {
            let text = beginning(text, room.min(INJECTED_TEXT_LIMIT));
            room -= text.len();
            read(text);
        };
        for span in &self.last {
            authored::split(&json::string_at(body, span)).injected.into_iter().for_each(&mut read_short);
        }
        self.beside.texts.iter().for_each(|span| read_short(&json::string_at(body, span)));
    }
}

/// What a person wrote in these texts.
fn authored_text(body: &[u8], texts: &[Span]) -> String {
    let mut authored = String::new();
    for span in texts {
        let text = json::string_at(body, span);
        let own = authored::split(&text).authored;
        if own.trim().is_empty() {
            continue;
        }
        if !authored.is_empty() {
            authored.push('\n');
        }
        authored.push_str(&own);
    }
    authored
}

/// The beginning and the end of a long text, and where one ends and the other begins.
fn shortened(text: String) -> (String, Option<usize>) {
    if text.len() <= LAST_TEXT_LIMIT {
        return (text, None);
    }
    let head = beginning(&text, LAST_TEXT_HEAD);
    let mut from = text.len() - (LAST_TEXT_LIMIT - LAST_TEXT_HEAD - "\n".len());
    while !text.is_char_boundary(from) {
        from += 1;
    }
    (format!("{head}\n{}", &text[from..]), Some(head.len()))
}
