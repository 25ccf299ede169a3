//! The tokens of Java (The Java Language Specification, chapter 3).

use super::super::tokens::{Kind, Lexicon, character, line_of_text};

pub(super) struct Words;

impl Lexicon for Words {
    const SUFFIXES: (&'static [u8], &'static [u8]) = (b"lL", b"fFdD");

    fn word(word: &[u8]) -> Kind {
        match word {
            b"abstract" => Kind::Abstract,
            b"assert" => Kind::Assert,
            b"boolean" | b"byte" | b"char" | b"double" | b"float" | b"int" | b"long" | b"short" => Kind::Primitive,
            b"break" => Kind::Break,
            b"case" => Kind::Case,
            b"catch" => Kind::Catch,
            b"class" => Kind::Class,
            b"continue" => Kind::Continue,
            b"default" => Kind::Default,
            b"do" => Kind::Do,
            b"else" => Kind::Else,
            b"enum" => Kind::Enum,
            b"extends" => Kind::Extends,
            b"final" => Kind::Final,
            b"finally" => Kind::Finally,
            b"for" => Kind::For,
            b"if" => Kind::If,
            b"implements" => Kind::Implements,
            b"import" => Kind::Import,
            b"instanceof" => Kind::Instanceof,
            b"interface" => Kind::Interface,
            b"native" => Kind::Native,
            b"new" => Kind::New,
            b"non" => Kind::NonWord,
            b"package" => Kind::Package,
            b"permits" => Kind::PermitsWord,
            b"private" | b"protected" | b"public" => Kind::Access,
            b"record" => Kind::RecordWord,
            b"return" => Kind::Return,
            b"sealed" => Kind::SealedWord,
            b"static" => Kind::Static,
            b"strictfp" => Kind::Strictfp,
            b"super" => Kind::Super,
            b"switch" => Kind::Switch,
            b"synchronized" => Kind::Synchronized,
            b"this" => Kind::This,
            b"throw" => Kind::Throw,
            b"throws" => Kind::Throws,
            b"transient" => Kind::Transient,
            b"true" | b"false" | b"null" => Kind::Constant,
            b"try" => Kind::Try,
            b"var" => Kind::VarWord,
            b"void" => Kind::Void,
            b"volatile" => Kind::Volatile,
            b"when" => Kind::WhenWord,
            b"while" => Kind::While,
            b"yield" => Kind::YieldWord,
            b"_" => Kind::Unnamed,
            b"const" | b"goto" => Kind::Reserved,
            _ => Kind::Ident,
        }
    }

    fn sign(rest: &[u8]) -> Option<(Kind, usize)> {
        Some(match rest {
            [b'>', b'>', b'>', b'=', ..] => (Kind::AssignWith, 4),
            [b'<', b'<', b'=', ..] | [b'>', b'>', b'=', ..] => (Kind::AssignWith, 3),
            [b'.', b'.', b'.', ..] => (Kind::Dots, 3),
            [b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^', b'=', ..] => (Kind::AssignWith, 2),
            [b'-', b'>', ..] => (Kind::Arrow, 2),
            [b':', b':', ..] => (Kind::Colons, 2),
            [b'=' | b'!', b'=', ..] => (Kind::Equal, 2),
            [b'<' | b'>', b'=', ..] => (Kind::Compare, 2),
            [b'+', b'+', ..] | [b'-', b'-', ..] => (Kind::Step, 2),
            [b'<', b'<', ..] => (Kind::Shift, 2),
            [b'&', b'&', ..] => (Kind::AndAnd, 2),
            [b'|', b'|', ..] => (Kind::OrOr, 2),
            [b'.', ..] => (Kind::Dot, 1),
            [b':', ..] => (Kind::Colon, 1),
            [b'?', ..] => (Kind::Question, 1),
            [b'@', ..] => (Kind::At, 1),
            [b'=', ..] => (Kind::Assign, 1),
            [b'!', ..] => (Kind::Not, 1),
            [b'<', ..] => (Kind::Less, 1),
            // One by one: two of them may close two lists of types.
            [b'>', ..] => (Kind::Greater, 1),
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
        match rest {
            [b'"', b'"', b'"', ..] => text_block(rest).map(|length| (Kind::Text, length)),
            [b'"', ..] => line_of_text(rest, escape).map(|length| (Kind::Text, length)),
            [b'\'', ..] => character(rest, escape).map(|length| (Kind::Char, length)),
            _ => None,
        }
    }

    fn ends_line(_: Kind) -> bool {
        false
    }

    /// Sections 3.10.1 and 3.10.2.
    fn is_in_range(number: &[u8]) -> bool {
        let (digits, is_long) = match number {
            [digits @ .., b'l' | b'L'] => (digits, true),
            _ => (number, false),
        };
        let (digits, radix) = match digits {
            [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
            [b'0', b'b' | b'B', digits @ ..] => (digits, 2),
            [b'0', digits @ ..] => (digits, 8),
            _ => (digits, 10),
        };
        let is_whole = |&byte: &u8| byte == b'_' || char::from(byte).is_digit(radix.max(10));
        if !digits.iter().all(is_whole) {
            return radix != 2 && is_moderate(number);
        }
        let value = digits.iter().filter(|&&byte| byte != b'_').try_fold(0_u64, |value, &byte| {
            let digit = char::from(byte).to_digit(radix)?;
            value.checked_mul(radix.into())?.checked_add(digit.into())
        });
        let most = match (is_long, radix) {
            (true, 10) => i64::MAX.unsigned_abs(),
            (true, _) => u64::MAX,
            (false, 10) => i32::MAX.unsigned_abs().into(),
            (false, _) => u32::MAX.into(),
        };
        value.is_some_and(|value| value <= most)
    }

    /// Section 3.3: a backslash and a `u` begin an escape in comments too.
    fn is_comment(text: &[u8]) -> bool {
        memchr::memmem::find_iter(text, b"\\u")
            .all(|at| unicode(text, at).is_some_and(|value| !matches!(value, 0x0A | 0x0D | 0x2A | 0x2F)))
    }
}

/// Whether a number that is not whole is neither too large nor too small for its type, by its length and that of its exponent.
fn is_moderate(number: &[u8]) -> bool {
    let is_hexadecimal = matches!(number, [_, b'x' | b'X', ..]);
    let exponent = number.iter().rposition(|byte| byte | 0x20 == if is_hexadecimal { b'p' } else { b'e' });
    let digits =
        exponent.and_then(|at| number.get(at..)).unwrap_or_default().iter().filter(|byte| byte.is_ascii_digit());
    let is_float = !is_hexadecimal && matches!(number.last(), Some(b'f' | b'F'));
    number.len() < 30 && digits.count() <= if is_float { 1 } else { 2 }
}

/// Section 3.10.6. The length of the text at the beginning of `rest`.
fn text_block(rest: &[u8]) -> Option<usize> {
    let mut at = 3 + memchr::memchr(b'\n', rest.get(3..)?)?;
    if !rest.get(3..at)?.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    loop {
        at += memchr::memchr2(b'"', b'\\', rest.get(at..)?)?;
        match rest.get(at..)? {
            [b'"', b'"', b'"', ..] => return Some(at + 3),
            [b'"', ..] => at += 1,
            [b'\\', b'\n', ..] => at += 2,
            escaped => at += escape(escaped)?,
        }
    }
}

/// Sections 3.10.7 and 3.3. The length of the escape at the beginning of `rest`.
fn escape(rest: &[u8]) -> Option<usize> {
    let is_octal = |at: usize| rest.get(at).is_some_and(|byte| matches!(byte, b'0'..=b'7'));
    match *rest.get(1)? {
        b'b' | b's' | b't' | b'n' | b'f' | b'r' | b'"' | b'\'' | b'\\' => Some(2),
        b'0'..=b'3' if is_octal(2) && is_octal(3) => Some(4),
        b'0'..=b'7' => Some(if is_octal(2) { 3 } else { 2 }),
        // Not a quotation mark, a backslash or the end of a line, which would be that.
        b'u' => unicode(rest, 0).filter(|value| !matches!(value, 0x0A | 0x0D | 0x22 | 0x27 | 0x5C)).map(|_| 6),
        _ => None,
    }
}

/// Section 3.3. The character whose escape stands at `at`.
fn unicode(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at + 2..at + 6)?;
    digits.iter().try_fold(0, |value, &byte| Some(value * 16 + char::from(byte).to_digit(16)?))
}
