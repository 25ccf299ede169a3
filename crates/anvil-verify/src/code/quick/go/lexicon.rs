//! The tokens of Go (The Go Programming Language Specification, "Lexical elements").

use super::super::tokens::{Kind, Lexicon, character, line_of_text};

pub(super) struct Words;

impl Lexicon for Words {
    const SUFFIXES: (&'static [u8], &'static [u8]) = (b"i", b"i");

    fn word(word: &[u8]) -> Kind {
        match word {
            b"break" => Kind::Break,
            b"case" => Kind::Case,
            b"chan" => Kind::Chan,
            b"const" => Kind::Const,
            b"continue" => Kind::Continue,
            b"default" => Kind::Default,
            b"defer" => Kind::Defer,
            b"else" => Kind::Else,
            b"fallthrough" => Kind::Fallthrough,
            b"for" => Kind::For,
            b"func" => Kind::Func,
            b"go" => Kind::Go,
            b"goto" => Kind::Goto,
            b"if" => Kind::If,
            b"import" => Kind::Import,
            b"interface" => Kind::Interface,
            b"map" => Kind::Map,
            b"package" => Kind::Package,
            b"range" => Kind::Range,
            b"return" => Kind::Return,
            b"select" => Kind::Select,
            b"struct" => Kind::Struct,
            b"switch" => Kind::Switch,
            b"type" => Kind::Type,
            b"var" => Kind::Var,
            _ if word.contains(&b'$') => Kind::Reserved,
            _ => Kind::Ident,
        }
    }

    fn sign(rest: &[u8]) -> Option<(Kind, usize)> {
        Some(match rest {
            [b'.', b'.', b'.', ..] => (Kind::Dots, 3),
            [b'<', b'<', b'=', ..] | [b'>', b'>', b'=', ..] | [b'&', b'^', b'=', ..] => (Kind::AssignWith, 3),
            [b':', b'=', ..] => (Kind::Define, 2),
            [b'=' | b'!', b'=', ..] => (Kind::Equal, 2),
            [b'<' | b'>', b'=', ..] => (Kind::Compare, 2),
            [b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^', b'=', ..] => (Kind::AssignWith, 2),
            [b'+', b'+', ..] | [b'-', b'-', ..] => (Kind::Step, 2),
            [b'<', b'-', ..] => (Kind::Receive, 2),
            [b'<', b'<', ..] | [b'>', b'>', ..] => (Kind::Shift, 2),
            [b'&', b'&', ..] => (Kind::AndAnd, 2),
            [b'&', b'^', ..] => (Kind::AndNot, 2),
            [b'|', b'|', ..] => (Kind::OrOr, 2),
            [b'.', ..] => (Kind::Dot, 1),
            [b':', ..] => (Kind::Colon, 1),
            [b'=', ..] => (Kind::Assign, 1),
            [b'!', ..] => (Kind::Not, 1),
            [b'<' | b'>', ..] => (Kind::Compare, 1),
            [b'+', ..] => (Kind::Plus, 1),
            [b'-', ..] => (Kind::Minus, 1),
            [b'*', ..] => (Kind::Star, 1),
            [b'/' | b'%', ..] => (Kind::Divide, 1),
            [b'&', ..] => (Kind::And, 1),
            [b'|', ..] => (Kind::Or, 1),
            [b'^', ..] => (Kind::Xor, 1),
            [b'~', ..] => (Kind::Tilde, 1),
            _ => return None,
        })
    }

    fn quoted(rest: &[u8]) -> Option<(Kind, usize)> {
        match rest.first()? {
            b'`' => memchr::memchr(b'`', rest.get(1..)?).map(|end| (Kind::Text, end + 2)),
            b'"' => line_of_text(rest, |rest| escape(rest, b'"')).map(|length| (Kind::Text, length)),
            _ => character(rest, |rest| escape(rest, b'\'')).map(|length| (Kind::Char, length)),
        }
    }

    fn ends_line(kind: Kind) -> bool {
        matches!(
            kind,
            Kind::Ident
                | Kind::Number
                | Kind::Text
                | Kind::Char
                | Kind::Break
                | Kind::Continue
                | Kind::Fallthrough
                | Kind::Return
                | Kind::Step
                | Kind::ParenClose
                | Kind::BracketClose
                | Kind::BraceClose
        )
    }

    fn is_in_range(_: &[u8]) -> bool {
        true
    }

    fn is_comment(_: &[u8]) -> bool {
        true
    }
}

/// The length of the escape at the beginning of `rest`, in a literal that `quote` ends.
fn escape(rest: &[u8], quote: u8) -> Option<usize> {
    let value = |length: usize| {
        let mut digits = rest.get(2..2 + length)?.iter();
        digits.try_fold(0, |value: u32, &byte| Some(value << 4 | char::from(byte).to_digit(16)?))
    };
    let character = |length: usize| value(length).and_then(char::from_u32).map(|_| 2 + length);
    match *rest.get(1)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\' => Some(2),
        byte if byte == quote => Some(2),
        b'x' => value(2).map(|_| 4),
        b'u' => character(4),
        b'U' => character(8),
        b'0'..=b'3' => rest.get(2..4)?.iter().all(|byte| matches!(byte, b'0'..=b'7')).then_some(4),
        _ => None,
    }
}

/// Whether a text, quotation marks and all, is surely a path that may be imported.
pub(super) fn is_path(text: &[u8]) -> bool {
    let inside =
        text.get(1..).and_then(|text| text.split(|byte| matches!(byte, b'"' | b'`')).next()).unwrap_or_default();
    let is_right =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'~' | b'+' | b'@');
    !inside.is_empty() && inside.iter().all(is_right)
}
