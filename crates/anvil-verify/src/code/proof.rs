//! What can be proven against a block that no grammar has and that does not look like a sketch.

use super::c;
use super::language::Language;
use super::lexis::{self, Unbalanced};
use super::parse::{Budget, Place, locate};
use super::quick;
use super::shell;
use super::sketch::around;

/// The fewest lines of code from which a grammar's word is enough. A shorter block is often a form of words (`d[key, default]`),
/// so there the brackets or the strings must be broken too.
const LINES: usize = 3;

/// The most lines of a block of C that is the beginning of a file, to be gone on with.
const HEAD: usize = 12;

/// How far from a construct that a grammar does not have, in bytes, it may fail because of it.
const REACH: usize = 2_000;

/// Where `code` is broken; `None` where that is not proven. `place` is where the grammar fails.
pub(super) fn find(language: Language, code: &str, place: Place, budget: &mut Budget) -> Option<usize> {
    if matches!(language, Language::C | Language::Cpp) && !is_short(code) {
        match c::read(language, code) {
            c::Verdict::GivenUp => {}
            c::Verdict::Accepted => return None,
            c::Verdict::Refused(at) => return refused(code, at),
            // The beginning of a file.
            c::Verdict::Open(at) => return (!is_head(code, at)).then_some(at),
        }
    }
    match language {
        Language::C | Language::Cpp if !is_plain(code) || has_bare_macro(code, place) => {
            return conditional(language, code);
        }
        Language::Bash => return (!is_short(code) && shell::is_script(code)).then_some(place.after),
        Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Yaml if is_short(code) => {
            return None;
        }
        Language::Json if !code.trim_start().starts_with(['{', '[']) => return lexical(language, code),
        Language::Json => {}
        _ if is_short(code) => return lexical(language, code),
        _ => {}
    }
    if has_lag(language, code, place) {
        // What the grammar has not, its brackets and strings are those of the language all the same.
        return if lexis::is_exact(language) { lexical(language, code) } else { None };
    }
    Some(locate(language, code, place, budget))
}

/// Whether the code has a construct that the language knows and this version of its grammar does not, found by running the grammars
/// over the packages of their registries.
fn has_lag(language: Language, code: &str, place: Place) -> bool {
    let bare = lexis::bare(language, code).text;
    // Far after it the grammar has found its way again; but it may have said only at the end that it had not.
    let from = if place.before < bare.len() { place.after.saturating_sub(REACH) } else { 0 };
    let near = from..place.before.saturating_add(REACH).min(bare.len());
    let has = |words: &[&str]| {
        words.iter().any(|word| {
            let within = if word.starts_with('#') { 0..bare.len() } else { near.clone() };
            memchr::memmem::find_iter(bare.get(within.clone()).unwrap_or_default(), word).any(|at| {
                let at = within.start + at;
                let before = at.checked_sub(1).and_then(|before| bare.get(before)).copied().unwrap_or(b' ');
                !word.starts_with(|c: char| c.is_ascii_alphabetic())
                    || !(before.is_ascii_alphanumeric() || before == b'_')
            })
        })
    };
    match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => has(&["enum {", "accessor "]),
        // A backslash at the end of a line of a long string, with white space after it.
        Language::Toml => {
            code.lines().any(|line| line.len() > line.trim_end().len() && line.trim_end().ends_with('\\'))
        }
        // Constructs of the unstable language. What has been asked of its own parser has not the grammar's faults.
        Language::Rust => {
            has(&["#![feature", "~const", "[const]", "gen {", "yield ", "do yeet", "builtin #"])
                // Types of foreign blocks, which a macro reads; a negative number as an argument of a type; a macro that is named like
                // a type; the type of nothing before `as`.
                || (!quick::refuses(language, code)
                    && has(&["macro_rules!", "wasm_bindgen", "<-", "str![", "str!(", "<() as"]))
        }
        Language::Java => has(&["STR.", "value class", "value record", "module "]),
        Language::Json => has(&["NaN", "Infinity"]),
        _ => false,
    }
}

/// Whether the block has so few lines that it may be a form of words.
pub(super) fn is_short(code: &str) -> bool {
    lexis::written_lines(code).count() < LINES
}

fn lexical(language: Language, code: &str) -> Option<usize> {
    uneven(code, &lexis::bare(language, code))
}

/// A string or comment that does not end, or a bracket without its other half, unless the block is but the head of something.
pub(super) fn uneven(code: &str, bare: &lexis::Bare) -> Option<usize> {
    if bare.open.is_some() {
        return bare.open;
    }
    match lexis::unbalanced(&bare.text)? {
        Unbalanced::Open(at) => {
            let after = bare.text.get(at + 1..).unwrap_or_default();
            let is_head = is_short(code) && after.iter().all(u8::is_ascii_whitespace);
            (!is_head).then_some(at)
        }
        // The end of something that began before the block.
        Unbalanced::Closed(at) => (!is_tail(code, at)).then_some(at),
    }
}

/// Whether the bracket at `at` closes what stands before the block: the block begins with it, or further in than it.
fn is_tail(code: &str, at: usize) -> bool {
    let Some(first) = code.lines().find(|line| !line.trim().is_empty()) else { return false };
    let line = code.get(..at).unwrap_or_default().lines().last().map_or(0, lexis::column);
    first.trim_start().starts_with(['}', ')', ']']) || line < lexis::column(first)
}

/// The end of a comment of C or C++ that does not begin, after code: a comment at the top may have begun before the block.
pub(super) fn comment_end(language: Language, code: &str) -> Option<usize> {
    if !matches!(language, Language::C | Language::Cpp) {
        return None;
    }
    let bare = lexis::bare(language, code).text;
    let end = memchr::memmem::find(&bare, b"*/")
        .filter(|&at| !code.get(at + 2..).is_some_and(|rest| rest.starts_with(['*', '/'])))?;
    let before = String::from_utf8_lossy(bare.get(..end)?).into_owned();
    before.lines().any(|line| line.starts_with('#') || line.trim_end().ends_with([';', '{', '}'])).then_some(end)
}

/// Whether a block may be the beginning of a header that is to be gone on with: it has few lines, the condition that begins at `at` is the
/// one that keeps the header from being read twice, and no other ends on the last line, as that one would.
fn is_head(code: &str, at: usize) -> bool {
    let mut directives =
        code.get(at..).unwrap_or_default().lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    let mut words = directives
        .next()
        .unwrap_or_default()
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    let guard = words.find(|word| !matches!(*word, "if" | "ifndef" | "defined"));
    let is_guard = directives
        .next()
        .is_some_and(|line| line.trim_start().starts_with("define") && guard.is_some_and(|guard| line.contains(guard)));
    let last = code.trim_end().lines().last().unwrap_or_default();
    is_guard && lexis::written_lines(code).count() <= HEAD && !last.trim_start().starts_with("#endif")
}

/// Whether the end of a block may be left open: it is that of a function's head, or no line is one of a file.
fn is_open_end(code: &str) -> bool {
    let is_of_file = |line: &str| {
        let name = line.trim_start().strip_prefix('#').map(str::trim_start);
        name.is_some_and(|name| name.starts_with("include") || name.starts_with("define"))
    };
    code.trim_end().ends_with(')') || !code.lines().any(is_of_file)
}

/// The byte at which the reader of C and C++ refuses a text that is neither the head of a file nor the end of something.
fn refused(code: &str, at: usize) -> Option<usize> {
    let is_head = at >= code.len() && lexis::written_lines(code).count() <= HEAD && is_open_end(code);
    let is_close = code.get(at..).is_some_and(|rest| rest.starts_with(['}', ')', ']']));
    (!(is_head || (is_close && is_tail(code, at)))).then_some(at)
}

/// The proof for C and C++ with macros and conditions: the brackets do not balance whichever side of each condition is taken.
fn conditional(language: Language, code: &str) -> Option<usize> {
    let bare = lexis::bare(language, code);
    if let Some(at) = open_condition(&bare.text)
        && lexis::written_lines(code).count() > HEAD
    {
        return Some(at);
    }
    if bare.open.is_some() {
        // An apostrophe may stand in what a condition leaves out or a directive says.
        let at = bare.open?;
        let is_comment = code.get(at..).is_some_and(|rest| rest.starts_with("/*"));
        return (is_comment && !code.contains("#if")).then_some(at);
    }
    let sides = [true, false].map(|first| lexis::unbalanced(&one_side(&bare.text, first)));
    match sides {
        [Some(Unbalanced::Open(at)), Some(Unbalanced::Open(_))] => Some(at),
        [Some(Unbalanced::Closed(at)), Some(_)] if !is_tail(code, at) => Some(at),
        _ => None,
    }
}

/// The last condition of the preprocessor that has no end.
fn open_condition(text: &[u8]) -> Option<usize> {
    let mut open = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let name = line.trim_ascii_start().strip_prefix(b"#").unwrap_or_default().trim_ascii_start();
        if name.starts_with(b"if") {
            open.push(at);
        } else if name.starts_with(b"endif") {
            open.pop();
        }
        at += line.len();
    }
    open.pop()
}

/// The text without its directives, and of each condition only the first side or only the last, and nothing of what `#if 0` takes away.
fn one_side(text: &[u8], first: bool) -> Vec<u8> {
    let mut kept = text.to_vec();
    let mut branch: Vec<(usize, usize, bool)> = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let trimmed = line.trim_ascii();
        let blank = |kept: &mut Vec<u8>, from: usize, to: usize| {
            kept.iter_mut().take(to).skip(from).for_each(|byte| *byte = b' ');
        };
        if goes_on || trimmed.starts_with(b"#") {
            let name = trimmed.strip_prefix(b"#").unwrap_or_default().trim_ascii_start();
            if !goes_on && name.starts_with(b"if") {
                branch.push((at, 0, name.trim_ascii_end() == b"if 0"));
            } else if !goes_on && name.starts_with(b"el") {
                if let Some((start, number, is_dead)) = branch.last_mut() {
                    if !first || *number > 0 || *is_dead {
                        blank(&mut kept, *start, at);
                    }
                    (*start, *number, *is_dead) = (at, *number + 1, false);
                }
            } else if !goes_on
                && name.starts_with(b"endif")
                && let Some((start, number, is_dead)) = branch.pop()
                && (is_dead || (first && number > 0))
            {
                blank(&mut kept, start, at);
            }
            blank(&mut kept, at, at + line.len());
            goes_on = trimmed.ends_with(b"\\");
        }
        at += line.len();
    }
    kept
}

/// Whether a macro is called with a pointer's type: `va_arg(list, char *)`.
fn has_type_argument(code: &str) -> bool {
    code.match_indices("*)").any(|(at, _)| {
        let before = code.get(..at).unwrap_or_default().trim_end_matches(['*', ' ']);
        let name = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ' '));
        name.len() < before.len() && name.ends_with(',')
    })
}

/// Whether a line around the place, of a single word and without a sign after it, can be nothing but a macro.
fn has_bare_macro(code: &str, place: Place) -> bool {
    let word = |line: &str| {
        let line = line.trim();
        line.starts_with(|c: char| c.is_ascii_uppercase())
            && line.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    around(code, place).lines().any(word)
}

/// Whether C or C++ has nothing that only its preprocessor understands, as an answer's small programs do.
fn is_plain(code: &str) -> bool {
    let directive = |line: &str| {
        let name = line.trim_start().strip_prefix('#').map(str::trim_start);
        name.is_some_and(|name| {
            !(name.starts_with("include") || name.starts_with("pragma") || name.starts_with("define"))
        })
    };
    let shouts = |word: &str| {
        word.len() > 2
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            && word.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    !code.lines().any(directive)
        && !has_type_argument(code)
        && !code
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .any(|word| word.starts_with("__") || (shouts(word) && !matches!(word, "NULL" | "FILE" | "EOF")))
}
