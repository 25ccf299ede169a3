//! Signs that a block was not meant to run: an ellipsis for what is left out, a session at a prompt, a template, a
//! signature, prose, an edit.

use super::language::Language;
use super::lexis;
use super::parse::Place;
use super::words::{KEYWORDS, is_prose};

/// How far from an error, in lines, a sign excuses it.
const NEAR: usize = 2;

/// The most lines of a list of signatures that ends with one.
pub(super) const LIST: usize = 12;

/// Whether `code` shows how something looks rather than saying it in full. Looked for only where no grammar has the block, and, but
/// for the signs of an edit, only near the `place` where it fails.
pub(super) fn is_sketch(language: Language, code: &str, place: Place) -> bool {
    let lexis::Bare { text, open } = lexis::bare(language, code);
    let bare = String::from_utf8_lossy(&text);
    if is_edit(language, &bare) || is_numbered(&bare) || is_ruled(language, &bare) {
        return true;
    }
    // Where strings can be told for sure, one that lost its end is where it fails.
    let place = open.filter(|_| lexis::is_exact(language)).map_or(place, |at| Place { after: at, before: at });
    let here = around(code, place);
    let by_line = if language == Language::Bash { line_by_line(language, here) } else { String::new() };
    let bare_here = if language == Language::Bash { &by_line } else { around(&bare, place) };
    let before_here = around(&bare, Place { after: 0, before: place.before });
    // A string that lost its end hides what follows from `bare`, so then signs that stand on a line by themselves are looked for in the
    // code as it is. Else, and where it is a text of many lines that lost it, its words are not taken for signs.
    let is_long = open
        .and_then(|at| code.get(at..))
        .is_some_and(|text| text.starts_with("/*") || text.starts_with("\"\"\"") || text.starts_with("'''"));
    let lines = if open.is_some() && !is_long { here } else { bare_here };
    // Where a string that may have many lines lost one of its marks, the words around are what it says.
    let is_code = match language {
        Language::Python => code.matches("\"\"\"").count().is_multiple_of(2),
        Language::Rust => open.and_then(|at| code.get(at..)).is_none_or(|text| !text.starts_with(['"', 'r', 'b'])),
        _ => true,
    };
    lines.lines().any(|line| is_session(language, line) || (is_code && is_prose(language, line)))
        || here.lines().zip(bare_here.lines()).any(|(line, bare)| is_elided(language, line, bare))
        || bare_here.chars().any(is_typography)
        || is_template(language, bare_here)
        || here.lines().any(has_commented_hole)
        || bare_here.lines().any(|line| has_blank(language, line))
        || has_ellipsis(language, if is_left_out_anywhere(language) { before_here } else { bare_here })
        || has_signature(language, bare_here, is_long_before(&bare, bare_here))
}

/// Arrows, dots, quotation marks and pictures, which no language has among its signs; the marks of a script's letters are none.
fn is_typography(c: char) -> bool {
    matches!(c, '\u{a7}' | '\u{ab}' | '\u{b0}'..='\u{b7}' | '\u{bb}' | '\u{d7}' | '\u{f7}' | '\u{2010}'..='\u{2bff}' | '\u{3000}'..='\u{303f}')
        || matches!(c, '\u{fe00}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff65}' | '\u{1f000}'..)
}

/// The lines of `text` around a place.
pub(super) fn around(text: &str, place: Place) -> &str {
    let bytes = text.as_bytes();
    let lines = |from: usize, count: usize| {
        memchr::memchr_iter(b'\n', bytes.get(from..).unwrap_or_default()).nth(count).map(|at| from + at)
    };
    let start =
        memchr::memrchr_iter(b'\n', bytes.get(..place.after).unwrap_or_default()).nth(NEAR).map_or(0, |at| at + 1);
    text.get(start..lines(place.before, NEAR).unwrap_or(text.len())).unwrap_or(text)
}

/// The text of lines without their strings and comments, each line read by itself: in the shell a string that lost its end makes strings of
/// all that stands between others.
fn line_by_line(language: Language, lines: &str) -> String {
    lines
        .split_inclusive('\n')
        .map(|line| String::from_utf8_lossy(&lexis::bare(language, line).text).into_owned())
        .collect()
}

/// Whether the comment of a line says that code is left out there; `bare` is the line without its strings and comments.
fn is_elided(language: Language, line: &str, bare: &str) -> bool {
    let marks: &[&str] = if language == Language::Bash { &["#"] } else { &["//", "#", "/*", "<!--", "--"] };
    let comment = marks.iter().filter_map(|mark| line.find(mark)).min();
    let Some(said) = comment.and_then(|at| line.get(at..)) else { return false };
    if bare.len() == line.len() && comment.and_then(|at| bare.get(at..=at)) == Some("\"") {
        return false;
    }
    // Words that a script's comments have too; its reader is exact, and what is left out is rarely what it fails on.
    if language == Language::Bash {
        return said.contains("...") || said.contains('…');
    }
    let said = said.to_ascii_lowercase();
    [
        "...",
        "…",
        "existing",
        "rest of",
        "your code",
        "goes here",
        "omitted",
        "unchanged",
        "same as",
        "remaining",
        "previous code",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// A line of a session: a prompt and what was typed, a magic of a notebook, the head of a trace.
pub(super) fn is_session(language: Language, line: &str) -> bool {
    let line = line.trim_start();
    if [
        ">>> ",
        "$ ",
        "In [",
        "Out[",
        "PS ",
        "C:\\",
        "Traceback (most",
        "root@",
        "user@",
        "mysql>",
        "sqlite>",
        "postgres=",
    ]
    .iter()
    .any(|prompt| line.starts_with(prompt))
    {
        return true;
    }
    match language {
        Language::Python => line == ">>>" || line.starts_with(['%', '!', '?', '$']),
        Language::JavaScript | Language::TypeScript | Language::Rust => line.starts_with("> ") || line == ">",
        _ => false,
    }
}

/// The marks of an edit or of a conflict, or several lines that a diff would mark.
fn is_edit(language: Language, code: &str) -> bool {
    let marked = |line: &str| (line.starts_with(['+', '-']) && !line.starts_with("---")) || line.starts_with("@@");
    let is_mark = |line: &str| {
        ["<<<<<<<", ">>>>>>>", "======="]
            .iter()
            .any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
            || ["*** Begin", "*** Update", "*** Add", "*** End"].iter().any(|mark| line.starts_with(mark))
    };
    code.lines().map(str::trim_end).any(is_mark)
        || code.lines().filter(|line| marked(line)).nth(1).is_some()
            && (!may_begin_with_minus(language, code) || code.lines().any(|line| line.starts_with('+')))
        || code.lines().any(|line| line.starts_with("+++ ") || line.starts_with("@@ -"))
}

/// Whether lines that begin with `-` may be none of a diff: the members of a list, the options of a command.
fn may_begin_with_minus(language: Language, code: &str) -> bool {
    language == Language::Bash || code.lines().any(|line| line.starts_with("- "))
}

/// Whether most lines begin with their number.
fn is_numbered(code: &str) -> bool {
    let numbered = |line: &&str| {
        let line = line.trim_start();
        let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < line.len() && rest.trim_start_matches(' ').starts_with(['|', ':', '→', '\t', '│', '.'])
    };
    let lines = lexis::written_lines(code);
    lines.clone().count() > 1 && lines.clone().filter(numbered).count() * 2 > lines.count()
}

/// Whether a template language stands in the code.
fn is_template(language: Language, bare: &str) -> bool {
    if bare.contains("{%") || bare.contains("<%") || bare.contains("<?") || bare.contains("@@") {
        return true;
    }
    let curly = !matches!(language, Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Rust);
    curly
        && bare.match_indices("{{").any(|(at, braces)| {
            // The expressions of workflow files stand where a value may.
            if language == Language::Yaml && bare.get(..at).is_some_and(|before| before.ends_with('$')) {
                return false;
            }
            let rest = bare.get(at + braces.len()..).unwrap_or_default();
            rest.trim_start_matches(['-', '~'])
                .trim_start_matches(' ')
                .starts_with(|c: char| c.is_ascii_alphabetic() || c == '.' || c == '$')
        })
}

/// Whether a line is drawn between others, as in a table, or an arrow alone points from what is run to what comes of it.
fn is_ruled(language: Language, bare: &str) -> bool {
    let is_script = matches!(language, Language::JavaScript | Language::TypeScript);
    let is_rule = |line: &str| (line.len() > 3 && line.trim_matches('-').is_empty()) || (is_script && line == "=>");
    language != Language::Yaml && bare.lines().map(str::trim).any(is_rule)
}

/// Whether nothing but a comment stands between parentheses: `if (/* a condition */)`.
fn has_commented_hole(line: &str) -> bool {
    line.split_once("(/*").is_some_and(|(_, rest)| rest.contains("*/)"))
}

/// A blank to be filled in: `<your key>`, `<YOUR_KEY>`.
fn has_blank(language: Language, line: &str) -> bool {
    let markup = matches!(language, Language::Html | Language::JavaScript | Language::TypeScript | Language::Tsx);
    let generic = matches!(language, Language::Java | Language::Cpp | Language::Rust | Language::C);
    line.split('<').skip(1).filter_map(|rest| rest.split_once('>')).any(|(name, _)| {
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_alphanumeric() || " _-./'|:".contains(c));
        // `template <typename T>`, `vector<const char>`
        let is_worded =
            language == Language::Cpp && name.split(' ').next().is_some_and(|word| KEYWORDS.contains(&word));
        let is_type = generic && (is_worded || !name.contains([' ', '-']));
        let is_tag = markup && !name.contains('_');
        named && !is_type && !is_tag
    })
}

/// Whether the language has no dots like those for what is left out, so that they need not be near the place: its grammar may go on for
/// long after them.
const fn is_left_out_anywhere(language: Language) -> bool {
    use Language as L;
    matches!(language, L::JavaScript | L::TypeScript | L::Tsx | L::Json | L::Toml | L::Rust)
}

/// Dots where something is left out, as opposed to those that the language has.
fn has_ellipsis(language: Language, bare: &str) -> bool {
    let bytes = bare.as_bytes();
    memchr::memmem::find_iter(bytes, "...").any(|at| {
        let line = bytes.get(..at).unwrap_or_default();
        let before = line.iter().rev().copied().find(|byte| !matches!(byte, b' ' | b'\t'));
        let after = bytes.iter().skip(at + 3).copied().find(|byte| !matches!(byte, b' ' | b'\t'));
        let alone = matches!(before, None | Some(b'\n')) && matches!(after, None | Some(b'\n' | b'\r' | b','));
        let last = before.or(Some(b'\n'));
        match language {
            // A whole statement, an index, a default; but nothing among the members of a dictionary or after an operator.
            Language::Python => {
                let previous = line.iter().rev().copied().find(|byte| !byte.is_ascii_whitespace());
                let among = matches!(previous, Some(b',' | b'{' | b'(' | b'['));
                (alone && among)
                    || line.trim_ascii_end().ends_with(b"import")
                    || matches!((last, after), (Some(b','), Some(b'}' | b')')) | (Some(b'{' | b'('), Some(b'}')))
            }
            Language::C | Language::Cpp => alone || matches!((last, after), (Some(b'{'), Some(b'}'))),
            // A word of the shell like others, but for parentheses, which no word has.
            Language::Bash => alone || matches!((last, after), (Some(b'('), Some(b')'))),
            Language::JavaScript | Language::TypeScript | Language::Tsx | Language::Go => {
                !after.is_some_and(|byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'[' | b'{' | b'(' | b'"' | b'*')
                }) && !last.is_some_and(|byte| byte.is_ascii_alphanumeric())
                    || alone
            }
            Language::Java => {
                alone || !last.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'>' | b']'))
            }
            _ => true,
        }
    })
}

/// Whether a block ends with these lines of it, and is longer than a list of signatures.
fn is_long_before(bare: &str, last: &str) -> bool {
    bare.ends_with(last) && lexis::written_lines(bare).count() > LIST
}

/// A signature without a body: the line that begins one does not open anything, and nothing further in follows. `is_long`: much stands before,
/// and then one at the very end is where the code was cut off.
fn has_signature(language: Language, bare: &str, is_long: bool) -> bool {
    let mut lines = lexis::written_lines(bare).peekable();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        let indentation = line.len() - start.len();
        let end = start.trim_end();
        let heads = match language {
            Language::Python => {
                start.starts_with("def ") || start.starts_with("class ") || start.starts_with("async def ")
            }
            Language::Rust => {
                start.starts_with("fn ")
                    || (start.starts_with("pub") && start.contains("fn "))
                    || start.starts_with("impl ")
                    || start.starts_with("async fn ")
            }
            Language::JavaScript | Language::TypeScript | Language::Tsx => {
                start.starts_with("function ") || start.starts_with("async function ") || start.starts_with("class ")
            }
            Language::Java => ["public ", "private ", "protected ", "static ", "class ", "interface "]
                .iter()
                .any(|word| start.starts_with(word)),
            _ => false,
        };
        let closed = end.ends_with([')', ']', '>']) || end.ends_with(|c: char| c.is_alphanumeric());
        let lonely = lines.peek().is_none_or(|next| {
            let start = next.trim_start();
            next.len() - start.len() <= indentation
                && !start.starts_with(['{', '.', '-', ')', ':', '=', '?', '+', '&', '|'])
                && !start.starts_with("where")
                && !start.starts_with("throws")
        });
        let whole = !end.contains('{')
            && end.matches('(').count() == end.matches(')').count()
            && end.matches('[').count() == end.matches(']').count();
        let is_cut = is_long && lines.peek().is_none();
        if heads && closed && whole && lonely && !is_cut {
            return true;
        }
    }
    false
}
