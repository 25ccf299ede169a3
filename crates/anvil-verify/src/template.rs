//! Tokens of chat templates and channels that stand in an answer's text.
//!
//! An answer may well talk about such tokens. So a token is only a defect where it stands as a template puts it: outside of code,
//! of fences and of quotation marks, next to what a template writes there, and not named by the request.

use crate::code_span::CodeSpan;
use crate::defect::Defect;
use crate::fence::{FenceEvent, Fences, TextKind};
use crate::span::Span;
use crate::token::{self, Token, TokenRole, Tokens};

/// Looks for tokens of chat templates in a text that arrives in pieces.
#[derive(Debug, Default)]
pub struct Template {
    fences: Fences,
    reader: Reader,
}

/// Whether a tool's name has a token in it: `functions.Read<|channel|>commentary`.
pub fn in_name(name: &str) -> bool {
    token::find(name).any(|token| matches!(token.role(), TokenRole::Begins | TokenRole::Ends))
}

impl Template {
    /// For an answer to a request that names these tokens: see [`tokens_in`](Self::tokens_in).
    pub fn new(named: Tokens) -> Self {
        Self { reader: Reader { named, ..Reader::default() }, ..Self::default() }
    }

    /// The tokens that a text of the request names, which the answer may name too; all of them, where it speaks of chat
    /// templates. What several texts name is put together with `|`.
    pub fn tokens_in(text: &str) -> Tokens {
        Tokens::named_in(text)
    }

    /// Takes the next piece of the text.
    ///
    /// # Errors
    /// [`Defect::TemplateToken`], once the line of the first token is complete.
    pub fn feed(&mut self, piece: &str) -> Result<(), Defect> {
        let reader = &mut self.reader;
        self.fences.feed(piece, |event| reader.see(&event));
        self.verdict()
    }

    /// When the text is over.
    ///
    /// # Errors
    /// [`Defect::TemplateToken`] as well.
    pub fn end(&mut self) -> Result<(), Defect> {
        let reader = &mut self.reader;
        self.fences.end(|event| reader.see(&event));
        reader.found = reader.found.or(reader.last);
        self.verdict()
    }

    fn verdict(&self) -> Result<(), Defect> {
        self.reader.found.map_or(Ok(()), |span| Err(Defect::TemplateToken { span }))
    }
}

#[derive(Debug, Default)]
struct Reader {
    named: Tokens,
    code: CodeSpan,
    /// The first token that is proven.
    found: Option<Span>,
    /// A token that is one if nothing follows.
    last: Option<Span>,
    /// Whether the text begins with a channel whose marks were removed.
    is_stripped: bool,
    /// Whether the text opens what `</s>` would close.
    has_strike: bool,
}

impl Reader {
    fn see(&mut self, event: &FenceEvent<'_>) {
        match event {
            // What may be meant as code proves nothing.
            FenceEvent::Text { text, start, kind: TextKind::Prose, is_doubtful: false } if self.found.is_none() => {
                self.line(text, *start);
            }
            FenceEvent::Text { kind: TextKind::Blank, .. } => self.code = CodeSpan::default(),
            FenceEvent::Opened { .. } => {
                self.code = CodeSpan::default();
                self.last = None;
            }
            FenceEvent::Text { kind: TextKind::Code, .. } => self.last = None,
            FenceEvent::Text { .. } | FenceEvent::Content(_) | FenceEvent::Closed(_) => {}
        }
    }

    fn line(&mut self, line: &str, start: usize) {
        self.is_stripped |= start == 0 && begins_stripped(line);
        let (mut read, mut last) = (0, None);
        for token in token::find(line) {
            self.code.read(&line[read..token.start]);
            read = token.end;
            if self.code.is_open() || self.named.holds(token) || is_quoted(line, token) {
                continue;
            }
            let span = Span::new(start + token.start, start + token.end);
            match token.role() {
                TokenRole::Last if is_last(line, token) => last = Some(span),
                TokenRole::Last => {}
                TokenRole::Stripped if !self.is_stripped => {}
                TokenRole::Begins | TokenRole::Ends if !stands_as_token(line, token) => {}
                _ => {
                    self.found = Some(span);
                    return;
                }
            }
        }
        self.code.read(&line[read..]);
        self.has_strike |= last.is_none() && line.contains("<s>");
        self.last = last.filter(|_| !self.has_strike && !line.contains("<s>"));
    }
}

/// Whether the text begins with the name of a channel and, where the token was, nothing.
fn begins_stripped(line: &str) -> bool {
    ["analysis", "commentary"].into_iter().any(|channel| {
        let next = line.strip_prefix(channel).and_then(|rest| rest.chars().next());
        next.is_some_and(|next| next.is_ascii_uppercase() || next == '{')
    })
}

fn is_quoted(line: &str, token: Token) -> bool {
    let (before, after) = around(line, token);
    matches!(
        (before, after),
        (Some('"'), Some('"')) | (Some('\''), Some('\'')) | (Some('“'), Some('”')) | (Some('«'), Some('»'))
    )
}

/// The character before the token and the one behind it, in its line.
fn around(line: &str, token: Token) -> (Option<char>, Option<char>) {
    (line[..token.start].chars().next_back(), line[token.end..].chars().next())
}

/// Whether it is glued to the end of a text, with nothing behind it.
fn is_last(line: &str, token: Token) -> bool {
    line[..token.start].ends_with(|before: char| !before.is_whitespace()) && line[token.end..].trim().is_empty()
}

/// Whether a template would write the token so. One that is only spoken of has a space before it at the end of a line, and a
/// space or a point behind it elsewhere.
fn stands_as_token(line: &str, token: Token) -> bool {
    let (before, after) = around(line, token);
    let rest = &line[token.end..];
    if token::find(rest).next().is_some_and(|next| next.start == 0 && next.role() != TokenRole::Stripped) {
        return true;
    }
    match after {
        None | Some('\n' | '\r') => before.is_none_or(may_end_a_text),
        Some(next) => token.role() == TokenRole::Begins && (next.is_ascii_alphabetic() || matches!(next, '{' | '[')),
    }
}

/// Whether an answer may end so: with a Latin word or the end of a sentence.
fn may_end_a_text(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '.' | '!' | '?' | ')' | ']' | '}' | '>' | '。' | '！' | '？')
}
