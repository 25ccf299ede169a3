//! What a person's words look like, whatever they say.

use crate::counted;
use crate::prose::Prose;
use crate::script::{is_of_word, is_unspaced};

/// The most paths that are counted.
const PATHS_LIMIT: usize = 64;
/// The most names from code that are counted.
const NAMES_LIMIT: usize = 64;
/// The most words of one item of a series.
const ITEM_WORDS: usize = 4;
/// How many characters of a script without spaces are taken for a word.
const CHARACTERS_A_WORD: usize = 2;

/// What the last words of the user's look like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shape {
    /// Whether they end in a question, by its mark or by its first word.
    pub question: bool,
    /// Question marks in the prose, those of one question once.
    pub questions: usize,
    /// Blocks of code between fences.
    pub code_fences: usize,
    /// Whether a diff was pasted.
    pub has_diff: bool,
    /// Whether a stack trace was pasted.
    pub has_stack_trace: bool,
    /// Different paths and names of files in the prose, at most 64.
    pub paths: usize,
    /// Different names in the prose that look like code's (`retry_count`, `OrderMapper`, `run()`), at most 64.
    pub names: usize,
    /// The largest number of things that the prose speaks of ("34 components"); 0 where it speaks of none.
    pub things: u32,
    /// Short items of the prose's longest series ("model, serializer, both forms").
    pub series: usize,
    /// Lines of the prose that are items of a list.
    pub list_items: usize,
    /// Words of the prose.
    pub words: usize,
    /// Bytes that are not prose.
    pub pasted_bytes: usize,
}

impl Shape {
    /// The shape of a text that has `bytes` bytes in full.
    pub(crate) fn of(prose: &Prose, bytes: usize) -> Self {
        let text = prose.text.as_str();
        Self {
            question: is_question(text),
            questions: questions(text),
            code_fences: prose.code_fences,
            has_diff: prose.has_diff,
            has_stack_trace: prose.has_stack_trace,
            paths: paths(text),
            names: names(text),
            things: counted::largest(text),
            series: series(text),
            list_items: text.lines().filter(|line| is_item(line)).count(),
            words: text.split_whitespace().map(words).sum(),
            pasted_bytes: bytes.saturating_sub(text.len()),
        }
    }
}

/// Words that begin a question and hardly anything else, in English, German, French, Spanish and Portuguese. `when` and its like begin
/// more conditions than questions.
const QUESTION_WORDS: [&str; 62] = [
    "what",
    "what's",
    "whats",
    "why",
    "how",
    "how's",
    "who",
    "who's",
    "whose",
    "whom",
    "which",
    "where",
    "where's",
    "was",
    "warum",
    "wieso",
    "weshalb",
    "weswegen",
    "wie",
    "wer",
    "wen",
    "wem",
    "wessen",
    "wo",
    "woher",
    "wohin",
    "wozu",
    "wann",
    "welche",
    "welcher",
    "welches",
    "welchen",
    "pourquoi",
    "comment",
    "quoi",
    "quel",
    "quelle",
    "quels",
    "quelles",
    "qui",
    "où",
    "combien",
    "est-ce",
    "qu'est-ce",
    "qué",
    "cómo",
    "cuándo",
    "dónde",
    "quién",
    "quiénes",
    "cuál",
    "cuáles",
    "cuánto",
    "cuánta",
    "cuántos",
    "cuántas",
    "como",
    "qual",
    "quais",
    "quem",
    "onde",
    "quanto",
];
/// Questions whose first word alone says nothing.
const QUESTION_BEGINNINGS: [&str; 5] = ["por qué ", "por que ", "o que ", "a quoi ", "à quoi "];
/// What follows `comment` where it is no French question.
const COMMENT_ON: [&str; 8] = ["out", "on", "the", "this", "that", "it", "all", "every"];

fn is_question(prose: &str) -> bool {
    let is_closing = |character: char| {
        character.is_whitespace() || matches!(character, '"' | '\'' | '”' | '’' | '»' | ')' | '*' | '_' | '`')
    };
    let text = prose.trim_end_matches(is_closing);
    if text.ends_with(['?', '？', '؟']) {
        return true;
    }
    let sentence = text.trim_end_matches(['.', '!', '…', '。', '！']);
    let sentence = sentence.rsplit(['.', '!', '?', '\n', '。', '！', '？', '؟', '…']).next().unwrap_or_default();
    let sentence = sentence.trim_start_matches(|character: char| !character.is_alphanumeric()).to_lowercase();
    let sentence = sentence.replace('’', "'");
    let mut words = sentence.split(|character: char| character.is_whitespace() || matches!(character, ',' | ':' | ';'));
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_remark = first == "comment" && COMMENT_ON.contains(&second);
    (QUESTION_WORDS.contains(&first) && !is_remark)
        || QUESTION_BEGINNINGS.iter().any(|beginning| sentence.starts_with(beginning))
}

fn questions(prose: &str) -> usize {
    let mut characters = prose.chars().peekable();
    let mut count = 0;
    while let Some(character) = characters.next() {
        let ends = |next: &char| !next.is_alphanumeric() && !matches!(next, '?' | '？' | '!' | '=' | '.');
        let is_last = matches!(character, '？' | '؟') || (character == '?' && characters.peek().is_none_or(ends));
        count += usize::from(is_last);
    }
    count
}

/// The longest run of short pieces between commas.
fn series(prose: &str) -> usize {
    let (mut longest, mut run, mut length) = (0, 0, 0);
    let mut end = |piece: &str, is_over: bool| {
        length = piece.split_whitespace().map(words).sum();
        run = if (1..=ITEM_WORDS).contains(&length) { run + 1 } else { 0 };
        longest = longest.max(run);
        if is_over {
            run = 0;
        }
    };
    let mut from = 0;
    let mut characters = prose.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map_or(' ', |(_, next)| *next);
        let is_between = matches!(character, '、' | '，' | '،') || (character == ',' && !next.is_ascii_digit());
        let is_over =
            matches!(character, '\n' | ':' | '：' | '。' | '?' | '!' | '(' | ')') || (character == '.' && next == ' ');
        if is_between || is_over {
            end(&prose[from..at], is_over);
            from = at + character.len_utf8();
        }
    }
    end(&prose[from..], true);
    longest
}

/// Whether no name of code's has the character.
pub(crate) fn is_beside_name(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || matches!(character, '_' | '`' | '(' | '.' | ':' | '-' | '/'))
}

fn names(prose: &str) -> usize {
    let mut found: Vec<&str> = Vec::new();
    for token in prose.split(is_beside_name) {
        let token = token.trim_end_matches(['.', ':', '-']);
        if found.len() < NAMES_LIMIT && is_name(token) && !found.contains(&token) {
            found.push(token);
        }
    }
    found.len()
}

/// Whether the token is spelt as no word is: `a_b`, `aB`, `run(`, or between backticks.
pub(crate) fn is_name(token: &str) -> bool {
    let bytes = token.as_bytes();
    let is_pair = |pair: &[u8]| {
        (pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
            || (pair[0].is_ascii_alphanumeric() && pair[1] == b'_')
            || (pair[0] == b'_' && pair[1].is_ascii_alphanumeric())
            || (pair[0].is_ascii_alphanumeric() && pair[1] == b'(')
    };
    bytes.len() > 2 && (bytes[0] == b'`' || bytes.windows(2).any(is_pair)) && bytes.iter().any(u8::is_ascii_alphabetic)
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest = match digits {
        0 => line.strip_prefix(['-', '*', '•', '+']),
        1..=3 => line[digits..].strip_prefix(['.', ')']),
        _ => None,
    };
    rest.is_some_and(|rest| rest.starts_with([' ', '\t']))
}

/// How many words a piece between spaces is.
fn words(piece: &str) -> usize {
    let (mut unspaced, mut has_spaced) = (0_usize, false);
    for character in piece.chars().filter(|character| is_of_word(*character)) {
        if is_unspaced(character) {
            unspaced += 1;
        } else {
            has_spaced = true;
        }
    }
    unspaced.div_ceil(CHARACTERS_A_WORD) + usize::from(has_spaced)
}

/// Ends of file names, which sentences do not have.
const EXTENSIONS: [&str; 70] = [
    "py", "pyi", "ipynb", "rs", "ts", "tsx", "mts", "js", "jsx", "mjs", "cjs", "go", "mod", "java", "kt", "kts",
    "scala", "c", "h", "cc", "cpp", "hpp", "cs", "csproj", "fs", "rb", "erb", "php", "swift", "m", "ex", "exs", "erl",
    "hs", "ml", "lua", "pl", "r", "jl", "dart", "zig", "sh", "bash", "ps1", "bat", "sql", "html", "css", "scss",
    "less", "vue", "svelte", "json", "jsonl", "toml", "yaml", "yml", "xml", "md", "rst", "txt", "lock", "cfg", "ini",
    "conf", "env", "proto", "gradle", "csv", "log",
];
/// Names of files without an end.
const NAMES: [&str; 5] = ["Makefile", "Dockerfile", "Jenkinsfile", "Gemfile", "Rakefile"];
/// Names that look like a file's.
const PRODUCTS: [&str; 9] = ["node", "next", "nuxt", "vue", "react", "three", "express", "chart", "socket"];
/// Folders that a path of one step begins with; `client/server` is no path.
const FOLDERS: [&str; 12] =
    ["src", "lib", "app", "apps", "test", "tests", "docs", "crates", "packages", "internal", "cmd", "pkg"];

fn paths(prose: &str) -> usize {
    let is_between = |character: char| {
        character.is_whitespace()
            || matches!(
                character,
                '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';' | '“' | '”' | '‘' | '’'
            )
    };
    let mut found: Vec<&str> = Vec::new();
    for token in prose.split(is_between) {
        let path = without_line_number(token.trim_end_matches(['.', ':', '!', '?']));
        if found.len() < PATHS_LIMIT && is_path(path) && !found.contains(&path) {
            found.push(path);
        }
    }
    found.len()
}

/// The path of `src/a.py:12:5`.
fn without_line_number(token: &str) -> &str {
    let bare = token.trim_end_matches(|character: char| character.is_ascii_digit() || character == ':');
    if token[bare.len()..].starts_with(':') { bare } else { token }
}

pub(crate) fn is_path(token: &str) -> bool {
    let token = token.strip_prefix('@').unwrap_or(token);
    if token.contains("://") || !token.contains(char::is_alphanumeric) {
        return false;
    }
    let mut steps = token.split(['/', '\\']);
    let (first, last) = (steps.next().unwrap_or_default(), token.rsplit(['/', '\\']).next().unwrap_or_default());
    let count = 1 + steps.count();
    if count == 1 {
        return NAMES.contains(&token) || is_file_name(token);
    }
    let is_rooted = matches!(first, "" | "." | ".." | "~") || first.ends_with(':');
    is_rooted
        || FOLDERS.contains(&first)
        || is_file_name(last)
        || NAMES.contains(&last)
        || (count > 2 && !token.contains('='))
}

fn is_file_name(token: &str) -> bool {
    let Some((stem, extension)) = token.rsplit_once('.') else { return false };
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.' | '*');
    let extension = extension.to_ascii_lowercase();
    let is_product = extension == "js" && PRODUCTS.contains(&stem.to_ascii_lowercase().as_str());
    EXTENSIONS.contains(&extension.as_str()) && stem.chars().all(is_name) && !is_product
}
