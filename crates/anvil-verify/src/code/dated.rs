//! Forms that a language knows and its grammar does not, written as older ones.

use super::language::Language;

/// A form, and an older one of the same length in its place.
type Form = (&'static str, &'static str);

const SCRIPT: [Form; 8] = [
    ("import type *", "import      *"),
    ("export type *", "export      *"),
    ("keyof readonly ", "keyof          "),
    ("import defer ", "import       "),
    ("import source ", "import        "),
    ("await using ", "const       "),
    ("using ", "const "),
    // A function without a name, whose type is that of an object.
    ("default function (", "       function a("),
];

const PYTHON: [Form; 4] =
    [("t\"", "f\""), ("t'", "f'"), ("lazy import ", "     import "), ("lazy from ", "     from ")];

/// The code with older forms in the place of newer, byte for byte as long; `None` where it has none of the newer. A form in a string
/// or a comment is changed too, which changes nothing there.
pub(super) fn dated(language: Language, code: &str) -> Option<String> {
    let forms: &[Form] = match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => &SCRIPT,
        Language::Python => &PYTHON,
        Language::Go => return go(code),
        Language::Rust => return shown(code),
        _ => return None,
    };
    let mut text = code.to_owned();
    for (newer, older) in forms {
        if text.contains(newer) {
            text = replace(&text, newer, older);
        }
    }
    if matches!(language, Language::TypeScript | Language::Tsx) {
        text = without_modules(&text);
    }
    (text != code).then_some(text)
}

/// The code with the marks taken off the lines that rustdoc reads and does not show ("The rustdoc book", "Documentation tests").
fn shown(code: &str) -> Option<String> {
    let is_hidden = |line: &str| line.trim() == "#" || line.trim_start().starts_with("# ");
    let mark = |line: &str| if is_hidden(line) { line.replacen('#', " ", 1) } else { line.to_owned() };
    code.lines().any(is_hidden).then(|| code.split_inclusive('\n').map(mark).collect())
}

/// The code with a call of something else in the place of each `new` of a value, which Go has since 1.26.
fn go(code: &str) -> Option<String> {
    let mut text = code.to_owned();
    for (at, form) in code.match_indices("new(") {
        let argument = code.get(at + form.len()..).unwrap_or_default();
        let begins = !code.get(..at)?.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
        if begins && is_value(argument) {
            text.replace_range(at..at + form.len(), "any(");
        }
    }
    (text != code).then_some(text)
}

/// Whether what begins here is surely no type: a literal, or a name that is called or calculated with.
fn is_value(argument: &str) -> bool {
    let name = argument.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let types = ["map", "struct", "func", "chan", "interface"];
    let named = argument.len() > name.len() && !types.iter().any(|word| argument.strip_suffix(name) == Some(word));
    argument.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '"' | '`' | '\'' | '-' | '!' | '&'))
        || named && name.trim_start_matches(' ').starts_with(['(', '+', '-', '*', '/', '{', '|', '&', '<', '=', '%'])
}

/// The text with a name in the place of each `import("a")`, whose type arguments the grammar does not have.
fn without_modules(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("import(") {
        out.push_str(before);
        let path = after.split_once(')').map(|(path, _)| path).filter(|path| path.len() > 2 && is_string(path));
        out.push_str(&path.map_or_else(|| "import(".to_owned(), |path| "i".repeat("import()".len() + path.len())));
        rest = path.and_then(|path| after.get(path.len() + 1..)).unwrap_or(after);
    }
    out.push_str(rest);
    out
}

fn is_string(text: &str) -> bool {
    ['"', '\''].iter().any(|quote| {
        let inside = text.strip_prefix(*quote).and_then(|text| text.strip_suffix(*quote));
        inside.is_some_and(|inside| !inside.contains([*quote, '\n', '\\']))
    })
}

/// The text with `older` for each `newer` that begins a word.
fn replace(text: &str, newer: &str, older: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(newer) {
        out.push_str(before);
        let begins = !out.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '"' | '\''));
        out.push_str(if begins { older } else { newer });
        rest = after;
    }
    out.push_str(rest);
    out
}
