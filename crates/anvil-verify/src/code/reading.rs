//! The ways to read a block as a piece of a program.

use std::borrow::Cow;

use super::language::Language;
use super::lexis::{self, written_lines};
use super::parse::{Budget, Outcome, Place, parse};
use super::sketch::LIST;

/// The most pieces that a block is taken apart into.
const PIECES: usize = 64;

/// How far into a piece, in bytes, its first error has to be for a frame to make it good.
const FRAMED: usize = 8_000;

/// The same where the piece is read in a language that it does not say it is in.
const FRAMED_SIBLING: usize = 2_000;

/// The beginning of a macro's inside in Rust.
const MACRO: &str = "a! {\n";

/// The beginning of an enumeration.
const ENUM: &str = "enum A {\n";

/// The end of a frame for a signature that has no body.
const BODY: &str = "{} }";

/// What may stand around a piece: what comes before it, and what after.
type Frame = (&'static str, &'static str);

/// Whether some reading of `code` as a piece of a program, or as several pieces one after the other, is clean.
pub(super) fn is_fragment(language: Language, code: &str, budget: &mut Budget) -> bool {
    let code = without_path(code);
    let dedented = dedent(code);
    if dedented != code && matches!(parse(language, &dedented, budget), Outcome::Right | Outcome::Clean) {
        return true;
    }
    let all_pieces_read = |text: &str, budget: &mut Budget| {
        pieces(text).is_some_and(|pieces| pieces.iter().all(|piece| is_piece(language, piece, budget)))
    };
    if is_piece(language, &dedented, budget) || all_pieces_read(&dedented, budget) {
        return true;
    }
    if let Some(shifted) = first_line_shifted(code) {
        return is_piece(language, &shifted, budget) || all_pieces_read(&shifted, budget);
    }
    false
}

/// Whether one piece is clean in some frame, or in a language that goes by the same name.
fn is_piece(language: Language, piece: &str, budget: &mut Budget) -> bool {
    // A piece may carry the indentation of the place where it stood.
    let piece = dedent(piece);
    if language == Language::Json {
        // What is not JSON and yet an object literal (bare names, a comma at the end) is a slip of the label.
        let literal = format!("({piece}\n)");
        return is_framed(language, &piece, FRAMED, budget)
            || !matches!(parse(Language::JavaScript, &literal, budget), Outcome::Broken(_));
    }
    is_framed(language, &piece, FRAMED, budget)
        || language
            .siblings()
            .iter()
            .any(|sibling| may_be(*sibling, &piece) && is_framed(*sibling, &piece, FRAMED_SIBLING, budget))
}

/// Whether a piece may be in a language that it does not say it is in.
fn may_be(language: Language, piece: &str) -> bool {
    const SIGNS: [&str; 13] = [
        "::",
        "template<",
        "template <",
        "class ",
        "namespace",
        "public:",
        "private:",
        "using ",
        "nullptr",
        "operator",
        "new ",
        "constexpr",
        "static_cast",
    ];
    if language != Language::Cpp {
        return true;
    }
    let bare = lexis::bare(Language::Cpp, piece).text;
    let is_word = |at: usize| bare.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    // In C many a name ends in such a word.
    let is_part = |at: usize| is_word(at) && at.checked_sub(1).is_some_and(is_word);
    SIGNS.iter().any(|sign| memchr::memmem::find_iter(&bare, sign.as_bytes()).any(|at| !is_part(at)))
}

/// Whether a piece is clean by itself or in some frame. What fails far from its beginning, at `far` bytes, fails in a frame
/// too, and is not tried.
fn is_framed(language: Language, piece: &str, far: usize, budget: &mut Budget) -> bool {
    match parse(language, piece, budget) {
        Outcome::Right | Outcome::Clean | Outcome::Undecided => return true,
        Outcome::Broken(Place { after, .. }) if after > far && !starts_inside(piece) => return false,
        Outcome::Broken(_) => {}
    }
    let inside = if starts_inside(piece) { after_closers(language) } else { &[] };
    let markup = piece.trim_start().starts_with('<');
    // The frames of C are of lists.
    let is_unfit = matches!(language, Language::C | Language::Cpp) && !may_be_list(piece);
    let frames = if is_unfit { &[] } else { frames(language) };
    frames.iter().chain(inside).any(|(before, after)| {
        // A macro takes all that has its brackets in pairs, so only what has its variables is tried as one's inside; what says how
        // far it can be seen is no member of an enumeration; and a long piece that ends with a signature was cut off there.
        let is_out_of_place = match *before {
            _ if *after == BODY => lexis::written_lines(piece).count() > LIST,
            MACRO => !has_variable(language, piece),
            ENUM => language == Language::Rust && piece.contains("pub "),
            frame => frame.starts_with('<') && !markup,
        };
        if is_out_of_place {
            return false;
        }
        let body = if language == Language::Python && before.starts_with("match") {
            indent(piece)
        } else {
            Cow::Borrowed(piece)
        };
        // The end of a list may bear the sign that goes between its members; a statement keeps its own.
        let is_list = after.starts_with([')', ']']) || language == Language::Json;
        let body = if is_list { body.trim_end().trim_end_matches([',', ';']) } else { &body };
        !matches!(parse(language, &format!("{before}{body}\n{after}\n"), budget), Outcome::Broken(_))
    })
}

/// Whether a piece of C may be of a list: it has no end of a statement, and does not begin with a directive, as files do.
fn may_be_list(piece: &str) -> bool {
    let bare = lexis::bare(Language::Cpp, piece).text;
    memchr::memchr(b';', &bare).is_none() && !bare.trim_ascii_start().starts_with(b"#")
}

/// Whether a variable of a macro stands in the code.
fn has_variable(language: Language, piece: &str) -> bool {
    let bare = lexis::bare(language, piece).text;
    bare.windows(2)
        .any(|pair| matches!(pair, [b'$', next] if next.is_ascii_alphabetic() || matches!(next, b'(' | b'_')))
}

/// Whether a piece begins in the middle: with a closing bracket, or with a word that goes on from one.
fn starts_inside(piece: &str) -> bool {
    let start = piece.trim_start();
    start.starts_with(['}', ')', ']', '.', ':', '?', '&', '|', ',', '+', '='])
        || ["else", "elif", "except", "finally", "catch", "case", "default"].iter().any(|word| start.starts_with(word))
}

#[expect(clippy::too_many_lines, reason = "a table")]
const fn frames(language: Language) -> &'static [Frame] {
    match language {
        Language::Python => &[
            ("{\n", "}"),
            ("f(\n", ")"),
            ("[\n", "]"),
            ("", "def f(): pass"),
            ("match a:\n", ""),
            ("a = ", ""),
            ("(\n", ")"),
        ],
        Language::JavaScript | Language::TypeScript | Language::Tsx => &[
            ("class A {\n", "}"),
            ("({\n", "})"),
            ("[\n", "]"),
            ("f(\n", ")"),
            ("switch (a) {\n", "}"),
            ("", "class A {}"),
            ("<>\n", "</>"),
            ("interface A {\n", "}"),
            ("type A = ", ""),
            ("async function* f() {\n", "}"),
            ("import {\n", "} from 'a'"),
            (ENUM, "}"),
            ("a = ", ""),
            ("switch (a) { case b:\n", "}"),
        ],
        Language::Json => &[("{\n", "}"), ("[\n", "]")],
        Language::Toml => &[("a = [\n", "]"), ("a = ", "")],
        Language::Rust => &[
            ("fn f() {\n", "}"),
            ("impl A {\n", "}"),
            ("trait A {\n", "}"),
            ("match a {\n", "}"),
            ("struct A {\n", "}"),
            (ENUM, "}"),
            ("f(\n", ");"),
            ("let a = ", ";"),
            ("", "fn f() {}"),
            ("extern \"C\" {\n", "}"),
            (MACRO, "}"),
            ("let a = A {\n", "};"),
            ("use a::{\n", "};"),
            ("impl A { fn f() where\n", "}"),
            ("impl A {\n", BODY),
            ("a", ";"),
        ],
        Language::Go => &[
            ("func f() {\n", "}"),
            ("type A struct {\n", "}"),
            ("type A interface {\n", "}"),
            ("func f() { switch a {\n", "}}"),
            ("func f() { select {\n", "}}"),
            ("var a = A{\n", "}"),
            ("var a = A{\n", ",}"),
            ("import (\n", ")"),
            ("const (\n", ")"),
            ("var a = ", ""),
            ("func f() { g(\n", ")}"),
            ("func f() { a", "}"),
            ("func f() { switch a { case b:\n", "}}"),
            ("func f() { switch a.(type) {\n", "}}"),
            ("func f() { switch a.(type) { case b:\n", "}}"),
            ("func f() { select { case <-a:\n", "}}"),
        ],
        Language::Java => &[
            ("class A {\n", "}"),
            ("class A { void f() {\n", "}}"),
            ("class A { A() {\n", "}}"),
            ("interface A {\n", "}"),
            ("class A { void f() { switch (a) {\n", "}}}"),
            ("class A { int f() { return switch (a) {\n", "}; }}"),
            (ENUM, "}"),
            ("", "class A {}"),
            ("class A { void f() { g(\n", "); }}"),
            ("class A { Object a = ", "; }"),
            ("class A { void f() { a", "; }}"),
            ("@interface A {\n", "}"),
            ("class A { Object[] a = {\n", "}; }"),
            ("class A { void f() { switch (a) { case b:\n", "}}}"),
            ("module a {\n", "}"),
        ],
        // The reader of C has statements, members and cases where declarations stand, so that only lists are left.
        Language::C | Language::Cpp => {
            &[(ENUM, "};"), ("int a[] = {\n", "};"), ("void f() { g(\n", "); }"), ("int a = ", ";")]
        }
        Language::Yaml | Language::Bash | Language::Html | Language::Css => &[],
    }
}

/// Frames for a piece that begins in the middle of a construct.
#[expect(clippy::too_many_lines, reason = "a table")]
const fn after_closers(language: Language) -> &'static [Frame] {
    match language {
        Language::Python => &[
            ("if a:\n    pass\n", ""),
            ("try:\n    pass\n", ""),
            ("f(a\n", ""),
            ("a = [b\n", ""),
            ("a = {b\n", ""),
            ("a", ""),
        ],
        Language::JavaScript | Language::TypeScript | Language::Tsx => &[
            ("if (a) {\n", ""),
            ("try {\n", ""),
            ("f(() => {\n", ""),
            ("f({\n", ""),
            ("f(\n", ""),
            ("a = [\n", ""),
            ("if (a) { if (b) {\n", ""),
            ("if (a) { if (b) {\n", "}"),
            ("try {\n", "}"),
            ("if (a) { ", "}"),
            ("class A { b() {\n", ""),
            ("a", ""),
            ("if (a) {} ", ""),
            ("try {} ", ""),
            ("a = b ? c\n", ""),
            ("f(a ? b\n", ")"),
        ],
        Language::Java => &[
            ("class A { void f() { if (a) {\n", "}}"),
            ("class A { void f() { try {\n", "}}"),
            ("class A { void f() { if (a) {\n", "}"),
            ("class A { void f() {\n", ""),
            ("class A { void f() { if (a) {\n", ""),
            ("class A { void f() { if (a) {} ", "}}"),
            ("class A { void f() { try {} ", "}}"),
            ("class A { void f() { a(() -> {\n", "}}"),
        ],
        Language::Rust => &[
            ("fn f() { if a {\n", "}"),
            ("fn f() {\n", ""),
            ("fn f() { if a {\n", ""),
            ("fn f() { if a {} ", "}"),
            ("fn f() { g(|| {\n", "}"),
            ("impl A { fn f() {\n", ""),
        ],
        Language::Go => &[
            ("func f() { if a {\n", "}"),
            ("func f() {\n", ""),
            ("func f() { if a {\n", ""),
            ("func f() { if a {} ", "}"),
            ("func f() { g(func() {\n", "}"),
        ],
        Language::C | Language::Cpp => &[
            ("void f() { if (a) {\n", "}"),
            ("void f() {\n", ""),
            ("void f() { if (a) {\n", ""),
            ("void f() { if (a) {} ", "}"),
            ("void f() { do {\n", "}"),
        ],
        _ => &[],
    }
}

/// The code without a first line that names the file.
fn without_path(code: &str) -> &str {
    let (first, rest) = code.split_once('\n').unwrap_or((code, ""));
    let line = first.trim().trim_end_matches(':');
    let named = !line.is_empty() && !rest.trim().is_empty() && line.contains(['.', '/']);
    if named && line.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '\\' | '@' | '[' | ']'))
    {
        rest
    } else {
        code
    }
}

fn indentation(line: &str) -> &str {
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

/// The code without the indentation that all its lines have.
fn dedent(code: &str) -> Cow<'_, str> {
    let mut lines = written_lines(code).map(indentation);
    let Some(first) = lines.next() else { return Cow::Borrowed(code) };
    let common = lines.fold(first, |common, indentation| {
        let same = common.bytes().zip(indentation.bytes()).take_while(|(a, b)| a == b).count();
        common.get(..same).unwrap_or_default()
    });
    if common.is_empty() {
        return Cow::Borrowed(code);
    }
    Cow::Owned(
        code.split_inclusive('\n')
            .map(|line| line.strip_prefix(common).unwrap_or(line.trim_start_matches([' ', '\t'])))
            .collect(),
    )
}

fn indent(code: &str) -> Cow<'static, str> {
    Cow::Owned(code.split_inclusive('\n').flat_map(|line| ["    ", line]).collect())
}

/// The code with its first line as far in as the least indented of the others, where that is further in: what was copied from its
/// first letter on.
fn first_line_shifted(code: &str) -> Option<String> {
    let (first, rest) = code.split_once('\n')?;
    let least = rest
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indentation)
        .min_by_key(|indentation| indentation.len())?;
    (least.len() > indentation(first).len())
        .then(|| dedent(&format!("{least}{}\n{rest}", first.trim_start())).into_owned())
}

/// The code cut where an unindented line follows an empty one; `None` where that is nowhere, or too often.
fn pieces(code: &str) -> Option<Vec<&str>> {
    let mut pieces = Vec::new();
    let (mut start, mut at, mut blank) = (0, 0, false);
    for line in code.split_inclusive('\n') {
        if blank && at > start && line.starts_with(|c: char| !c.is_whitespace() && !matches!(c, '}' | ')' | ']')) {
            pieces.push(code.get(start..at)?);
            start = at;
        }
        blank = line.trim().is_empty();
        at += line.len();
    }
    pieces.push(code.get(start..)?);
    (2..=PIECES).contains(&pieces.len()).then_some(pieces)
}
