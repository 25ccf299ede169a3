//! The line of a text that has not ended yet: whether it may turn out to hold a token of a template, or a call.
//!
//! That is asked after every piece, so it is kept up with the pieces: a line of a mebibyte in pieces of a byte is gone through once.

/// What every marker of a call and every token of a template has in it, or begins with.
const MARKS: [&str; 6] = ["<", "[", "functions.", "Action:", "assistant", "\u{ff5c}"];
/// Bytes of the longest of them, less one: so much of a mark may have come without it being one yet.
const REACH: usize = 9;
/// Bytes of the first line that are looked at for the name of a tool; longer names are offered by nobody.
const HEAD_BYTES: usize = 320;

/// The line that has not ended.
#[derive(Debug, Default)]
pub(crate) struct OpenLine {
    /// Its last bytes, in which a mark may stand in part.
    tail: String,
    has_mark: bool,
    /// What the text begins with, if this is its first line with something in it.
    head: String,
    begins_call: bool,
    /// Whether a line with something in it came before.
    is_later: bool,
}

impl OpenLine {
    /// Takes the next piece of the text; `tools` are the names of those that are offered.
    pub(crate) fn feed(&mut self, piece: &str, tools: &[String]) {
        let Some((before, rest)) = piece.rsplit_once('\n') else { return self.go_on(piece, tools) };
        self.is_later |= !self.head.is_empty() || !before.trim().is_empty();
        self.tail.clear();
        self.head.clear();
        (self.has_mark, self.begins_call) = (false, false);
        self.go_on(rest, tools);
    }

    /// Whether something stands in it that every token and every marker of a call has.
    pub(crate) const fn has_mark(&self) -> bool {
        self.has_mark
    }

    /// Whether all of the text may be one call: it is JSON so far, or the name of a tool and a bracket.
    pub(crate) const fn begins_call(&self) -> bool {
        self.begins_call
    }

    fn go_on(&mut self, rest: &str, tools: &[String]) {
        if !self.has_mark {
            self.tail.push_str(&rest[..floor(rest, REACH)]);
            self.has_mark = has_mark(rest) || has_mark(&self.tail);
            let last = &rest[floor(rest, rest.len().saturating_sub(REACH))..];
            if rest.len() > REACH {
                last.clone_into(&mut self.tail);
            }
            self.tail.drain(..floor(&self.tail, self.tail.len().saturating_sub(REACH)));
        }
        if !self.is_later && self.head.len() < HEAD_BYTES {
            let text = if self.head.is_empty() { rest.trim_start() } else { rest };
            self.head.push_str(&text[..floor(text, HEAD_BYTES - self.head.len())]);
            self.begins_call = begins_call(&self.head, tools);
        }
    }
}

fn has_mark(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
}

fn begins_call(line: &str, tools: &[String]) -> bool {
    line.starts_with('{')
        || tools.iter().any(|tool| line.strip_prefix(tool).is_some_and(|rest| rest.trim_start().starts_with('(')))
}

/// The last place at or before `at` that lies in no character.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is known of the last line, looked at as a whole.
    fn whole(text: &str, tools: &[String]) -> (bool, bool) {
        let (before, line) = text.rsplit_once('\n').unwrap_or(("", text));
        (has_mark(line), before.trim().is_empty() && begins_call(line.trim_start(), tools))
    }

    proptest! {
        #[test]
        fn pieces_are_known_as_the_whole_is(
            pieces in proptest::collection::vec("[ \n{(<a]|run|func|tions.|Act|ion:|assis|tant|｜|é|x{30}", 0..24),
        ) {
            let tools = ["run".to_owned(), "a".to_owned()];
            let (mut line, mut text) = (OpenLine::default(), String::new());
            for piece in &pieces {
                line.feed(piece, &tools);
                text.push_str(piece);
                prop_assert_eq!((line.has_mark(), line.begins_call()), whole(&text, &tools), "{:?}", text);
            }
        }
    }

    #[test]
    fn little_is_kept_of_a_long_line() {
        let mut line = OpenLine::default();
        for _ in 0..10_000 {
            line.feed("wort ", &[]);
        }
        assert!(line.tail.len() <= REACH && line.head.len() <= HEAD_BYTES);
    }
}
