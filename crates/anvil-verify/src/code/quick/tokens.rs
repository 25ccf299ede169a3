//! The tokens of a text of Go or Java, without its comments, and with the other half of every bracket.

use super::letters::is_word;
use super::number::number;

/// What a token is. The kinds of both languages; each has its own [`Lexicon`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    // Names: the words of Java that are words only in some places are names in all others.
    Ident,
    WhenWord,
    NonWord,
    VarWord,
    RecordWord,
    SealedWord,
    PermitsWord,
    YieldWord,
    /// What Java has in the place of the name of a variable that is not used.
    Unnamed,
    // Literals.
    Number,
    Text,
    Char,
    Constant,
    // Brackets and signs.
    ParenOpen,
    ParenClose,
    BracketOpen,
    BracketClose,
    BraceOpen,
    BraceClose,
    Comma,
    Semicolon,
    /// The semicolon that the end of a line of Go stands for.
    LineEnd,
    Dot,
    Dots,
    Colon,
    Colons,
    Question,
    Arrow,
    At,
    Assign,
    Define,
    AssignWith,
    Step,
    // Operators.
    Not,
    Tilde,
    OrOr,
    AndAnd,
    Or,
    Xor,
    And,
    AndNot,
    Equal,
    Less,
    Greater,
    Compare,
    Shift,
    Plus,
    Minus,
    Star,
    Divide,
    Receive,
    // Modifiers of Java; `default` and `synchronized` are among its statements too.
    Access,
    Static,
    Abstract,
    Final,
    Native,
    Transient,
    Volatile,
    Strictfp,
    Synchronized,
    Default,
    // Words.
    Assert,
    Break,
    Case,
    Catch,
    Chan,
    Class,
    Const,
    Continue,
    Defer,
    Do,
    Else,
    Enum,
    Extends,
    Fallthrough,
    Finally,
    For,
    Func,
    Go,
    Goto,
    If,
    Implements,
    Import,
    Instanceof,
    Interface,
    Map,
    New,
    Package,
    Primitive,
    Range,
    Return,
    Select,
    Struct,
    Super,
    Switch,
    This,
    Throw,
    Throws,
    Try,
    Type,
    Var,
    Void,
    While,
    /// A word that is nothing yet.
    Reserved,
    End,
}

impl Kind {
    /// Whether the token may name a variable or a method.
    pub(super) fn is_name(self) -> bool {
        self <= Kind::YieldWord
    }

    /// Whether the token may stand where a variable is named that need not have a name.
    pub(super) fn is_variable(self) -> bool {
        self <= Kind::Unnamed
    }

    /// Whether the token may name a type.
    pub(super) fn is_type_name(self) -> bool {
        self <= Kind::NonWord
    }

    pub(super) fn is_literal(self) -> bool {
        (Kind::Number..=Kind::Constant).contains(&self)
    }
}

/// A token, where it begins, and the token that closes it where it is an opening bracket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) close: u32,
}

/// What the tokens of a language look like. A length is `None` where it is not surely of the language.
pub(super) trait Lexicon {
    /// Letters of numbers that are whole, and of those that are not.
    const SUFFIXES: (&'static [u8], &'static [u8]);

    /// The kind of a word.
    fn word(word: &[u8]) -> Kind;

    /// The sign at the beginning of `rest`, and its length.
    fn sign(rest: &[u8]) -> Option<(Kind, usize)>;

    /// The literal at the beginning of `rest`, which begins with a quotation mark, and its length.
    fn quoted(rest: &[u8]) -> Option<(Kind, usize)>;

    /// Whether the end of a line after a token is a semicolon.
    fn ends_line(kind: Kind) -> bool;

    /// Whether the number, which is written rightly, is not too large.
    fn is_in_range(number: &[u8]) -> bool;

    /// Whether a comment may say this.
    fn is_comment(text: &[u8]) -> bool;
}

/// The tokens of a text, the last of them the end; `None` where not all are surely of the language, or a bracket lacks its other half.
pub(super) fn tokens<L: Lexicon>(code: &str) -> Option<Vec<Token>> {
    let mut reader =
        Reader { code: code.as_bytes(), at: 0, list: Vec::with_capacity(code.len() / 4 + 2), open: Vec::new() };
    while reader.space::<L>()? {
        reader.token::<L>()?;
    }
    reader.push(Kind::End, 0);
    reader.open.is_empty().then_some(reader.list)
}

struct Reader<'a> {
    code: &'a [u8],
    at: usize,
    list: Vec<Token>,
    /// The brackets that are open, by their places in the list.
    open: Vec<usize>,
}

impl Reader<'_> {
    fn rest(&self) -> &[u8] {
        self.code.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, length: usize) {
        self.push_at(kind, self.at);
        self.at += length;
    }

    #[expect(clippy::cast_possible_truncation, reason = "a block is far shorter")]
    fn push_at(&mut self, kind: Kind, at: usize) {
        self.list.push(Token { kind, start: at as u32, close: 0 });
    }

    /// Goes over white space and comments; whether a token follows.
    fn space<L: Lexicon>(&mut self) -> Option<bool> {
        let mut line_end = None;
        loop {
            match self.code.get(self.at) {
                Some(b'\n') => {
                    line_end = line_end.or(Some(self.at));
                    self.at += 1;
                }
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'/') if matches!(self.code.get(self.at + 1), Some(b'/' | b'*')) => {
                    let comment = self.comment()?;
                    let text = self.code.get(self.at..self.at + comment)?;
                    if !L::is_comment(text) {
                        return None;
                    }
                    if line_end.is_none() && text.starts_with(b"/*") && memchr::memchr(b'\n', text).is_some() {
                        line_end = Some(self.at);
                    }
                    self.at += comment;
                }
                next => {
                    let line_end = line_end.or(next.is_none().then_some(self.at));
                    if let Some(at) = line_end.filter(|_| self.list.last().is_some_and(|last| L::ends_line(last.kind)))
                    {
                        self.push_at(Kind::LineEnd, at);
                    }
                    return Some(next.is_some());
                }
            }
        }
    }

    /// The length of the comment here.
    fn comment(&self) -> Option<usize> {
        let rest = self.rest();
        if rest.starts_with(b"//") {
            return Some(memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
        }
        memchr::memmem::find(rest.get(2..)?, b"*/").map(|end| end + 4)
    }

    fn token<L: Lexicon>(&mut self) -> Option<()> {
        let rest = self.rest();
        let first = *rest.first()?;
        let (kind, length) = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80.. => {
                let length = word(rest)?;
                (L::word(rest.get(..length)?), length)
            }
            b'0'..=b'9' => self.number::<L>()?,
            b'.' if rest.get(1).is_some_and(u8::is_ascii_digit) => self.number::<L>()?,
            b'"' | b'\'' | b'`' => L::quoted(rest)?,
            _ => bracket(first).map(|kind| (kind, 1)).or_else(|| L::sign(rest))?,
        };
        match kind {
            Kind::ParenOpen | Kind::BracketOpen | Kind::BraceOpen => self.open.push(self.list.len()),
            Kind::ParenClose => self.close(Kind::ParenOpen)?,
            Kind::BracketClose => self.close(Kind::BracketOpen)?,
            Kind::BraceClose => self.close(Kind::BraceOpen)?,
            _ => {}
        }
        self.push(kind, length);
        Some(())
    }

    fn number<L: Lexicon>(&self) -> Option<(Kind, usize)> {
        let rest = self.rest();
        let length = number(rest, L::SUFFIXES)?;
        let is_apart = rest.get(length).is_none_or(|&byte| !is_word(byte));
        (is_apart && L::is_in_range(rest.get(..length)?)).then_some((Kind::Number, length))
    }

    #[expect(clippy::cast_possible_truncation, reason = "a block is far shorter")]
    fn close(&mut self, kind: Kind) -> Option<()> {
        let (open, close) = (self.open.pop()?, self.list.len() as u32);
        let open = self.list.get_mut(open).filter(|open| open.kind == kind)?;
        open.close = close;
        Some(())
    }
}

/// The length of the word at the beginning of `rest`; `None` where a character of it is not surely a letter in both languages.
fn word(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += rest.get(at..)?.iter().position(|&byte| !is_word(byte)).unwrap_or(rest.len() - at);
        match rest.get(at..) {
            Some(more @ [first, ..]) if !first.is_ascii() => at += letter(more)?,
            _ => return Some(at),
        }
    }
}

/// The length of a letter of Latin, Greek, Cyrillic or Chinese.
fn letter(rest: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(rest.get(..width(*rest.first()?))?).ok()?;
    let letter = text.chars().next().filter(|letter| letter.is_alphabetic())?;
    let is_sure = matches!(letter, '\u{C0}'..='\u{24F}' | '\u{370}'..='\u{481}' | '\u{4E00}'..='\u{9FFF}');
    is_sure.then(|| letter.len_utf8())
}

/// The length of a text in quotation marks on one line, of which `escape` tells how long each escape is.
pub(super) fn line_of_text(rest: &[u8], escape: fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let mut at = 1;
    loop {
        let inside = rest.get(at..)?;
        at += inside.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r'))?;
        match rest.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += escape(rest.get(at..)?)?,
            _ => return None,
        }
    }
}

/// The length of a character in apostrophes.
pub(super) fn character(rest: &[u8], escape: fn(&[u8]) -> Option<usize>) -> Option<usize> {
    let length = match rest.get(1)? {
        b'\'' | b'\n' | b'\r' => return None,
        b'\\' => escape(rest.get(1..)?)?,
        first => width(*first),
    };
    (rest.get(1 + length) == Some(&b'\'')).then_some(length + 2)
}

/// The bytes of a character that begins with `first`.
fn width(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

fn bracket(byte: u8) -> Option<Kind> {
    Some(match byte {
        b'(' => Kind::ParenOpen,
        b')' => Kind::ParenClose,
        b'[' => Kind::BracketOpen,
        b']' => Kind::BracketClose,
        b'{' => Kind::BraceOpen,
        b'}' => Kind::BraceClose,
        b',' => Kind::Comma,
        b';' => Kind::Semicolon,
        _ => return None,
    })
}
