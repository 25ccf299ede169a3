//! Words: those that programs are written with, and those of people among them.

use super::language::Language;

/// Three plain words in a row that no program has: neither a keyword among them nor a sign, on a line that has no brackets.
pub(super) fn is_prose(language: Language, line: &str) -> bool {
    let line = line.trim();
    if !line.starts_with(|c: char| c.is_alphabetic() || c == '*' || c == '-')
        || line.contains(['(', '{', '[', '=', ';', '"', '\\', '$', '|', '<'])
    {
        return false;
    }
    if matches!(
        language,
        Language::Yaml | Language::Bash | Language::Html | Language::Css | Language::Json | Language::Toml
    ) {
        return false;
    }
    let mut row = 0;
    line.split(' ').any(|word| {
        let bare = word.trim_end_matches(['.', ',', ':', '!', '?']);
        let plain = !bare.is_empty() && bare.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-');
        row = if plain && !KEYWORDS.contains(&bare) { row + 1 } else { 0 };
        // Words with commas between them are a list of names.
        let is_prose = row > 2;
        row = if word.ends_with(',') { 0 } else { row };
        is_prose
    })
}

/// Words of the languages that have their statements without signs.
pub(super) const KEYWORDS: &[&str] = &[
    "and",
    "as",
    "assert",
    "async",
    "await",
    "case",
    "class",
    "const",
    "def",
    "default",
    "del",
    "do",
    "dyn",
    "else",
    "enum",
    "except",
    "export",
    "extends",
    "extern",
    "final",
    "finally",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "global",
    "goto",
    "if",
    "impl",
    "implements",
    "import",
    "in",
    "inline",
    "instanceof",
    "interface",
    "is",
    "lambda",
    "let",
    "match",
    "mod",
    "mut",
    "namespace",
    "new",
    "nonlocal",
    "not",
    "or",
    "package",
    "print",
    "private",
    "protected",
    "pub",
    "public",
    "raise",
    "range",
    "return",
    "static",
    "struct",
    "switch",
    "template",
    "throw",
    "throws",
    "trait",
    "try",
    "type",
    "typename",
    "typeof",
    "unsafe",
    "unsigned",
    "use",
    "using",
    "var",
    "void",
    "where",
    "while",
    "with",
    "yield",
    "int",
    "long",
    "char",
    "short",
    "signed",
    "volatile",
    "abstract",
    "of",
    "exec",
];
