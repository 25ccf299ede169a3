//! What the read tools of harnesses answer, taken out of its dress.
//!
//! In the packages: Claude Code 2.1.197 and 2.1.332, `OpenCode` 1.18.33, Qwen Code 0.15.10, Pi 0.73.1, Continue 1.5.47; of Codex
//! 0.169.0 the words of the header stand in its program. Not held against a package: Claude Code's older `→`, `OpenCode`'s older
//! `00001|`, and Cline's `read_file`, which version 3.0.65 no longer has. An answer that does not follow its form to the letter is
//! no reading.

/// A form of a read tool's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `1\ttext`, `1:text` or `     1→text`, of Claude Code.
    Tabbed,
    /// `<content>`, then `1: text`; before that `<file>`, then `00001| text`.
    OpenCode,
    /// The bare text, or `Showing lines 1-9 of 20 total lines.`, `---` and a part of it.
    Qwen,
    /// The bare text, and a note in brackets where it goes on.
    Pi,
    /// `Content of path:` and the text.
    Continue,
    /// `[read_file for 'path'] Result:` and the text.
    Cline,
    /// What a shell printed, below Codex's header; the text bare or numbered by `nl -ba` or `cat -n`.
    Codex {
        /// Whether each line has its number.
        numbered: bool,
    },
}

/// What was read of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// All of it.
    Whole(String),
    /// Neighbouring lines.
    Part {
        /// The number of the first, from 1.
        first: usize,
        /// The lines, without their line feeds.
        lines: Vec<String>,
        /// Whether the file ends with the last of them.
        ends: bool,
    },
}

/// The lines that a read tool was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// The first, from 1.
    pub(crate) first: usize,
    /// How many at most; `None` where the call does not say.
    pub(crate) limit: Option<usize>,
}

impl Range {
    pub(crate) const ALL: Self = Self { first: 1, limit: None };
}

/// Older versions of Claude Code show at most so many lines unless asked for more, without a word.
const SILENT_LIMIT: usize = 2000;

/// What stands in an answer instead of what was left out.
const CUT_MARKS: [&str; 4] = ["... [truncated]", "... (line truncated to", "tokens truncated…", "[Truncated"];

/// Whether the file is as it was when last read: Claude Code (2.1.197, 2.1.332) and Qwen Code (0.15.10) say so instead of showing
/// it again.
pub(crate) fn is_unchanged(answer: &str) -> bool {
    ["File unchanged since last read.", "Wasted call"].iter().any(|words| answer.starts_with(words))
        || (answer.starts_with("[File ") && answer.contains(" unchanged since last read in this session"))
}

/// Takes an answer of a read tool out of its dress.
pub(crate) fn read(form: Form, range: Range, answer: &str) -> Option<Reading> {
    let cut = |line: &str| line.len() >= SILENT_LIMIT && line.ends_with("...");
    if CUT_MARKS.iter().any(|mark| answer.contains(mark)) || answer.contains('\u{fffd}') || answer.lines().any(cut) {
        return None;
    }
    match form {
        Form::Tabbed => tabbed(range, answer),
        Form::OpenCode => opencode(range, answer),
        Form::Qwen => qwen(range, answer),
        Form::Pi => pi(range, answer),
        Form::Continue => answer.strip_prefix("Content of ")?.split_once(":\n").map(|(_, text)| whole(text)),
        Form::Cline => {
            let (name, text) = answer.strip_prefix("[read_file for '")?.split_once("'] Result:\n")?;
            (!name.contains('\n')).then(|| bare(text)).flatten().map(whole)
        }
        Form::Codex { numbered } => codex(range, numbered, answer),
    }
}

fn whole(text: &str) -> Reading {
    Reading::Whole(text.replace("\r\n", "\n"))
}

/// A text that carries no dress that is not known here: numbers, tags, fences, notes.
fn bare(text: &str) -> Option<&str> {
    let head = text.trim_start();
    let last = text.trim_end().rsplit('\n').next().unwrap_or_default();
    let dressed = head.is_empty()
        || head.starts_with(['<', '[', '`', '(', '-', '='])
        || head.starts_with(|first: char| first.is_ascii_digit())
        || ["File", "Content", "Showing", "Path", "Read", "Error", "Lines"].iter().any(|word| head.starts_with(word))
        || last.starts_with(['<', '[', '(', '`']);
    (!dressed).then_some(text)
}

/// Splits `12<mark>text` into the number and the text.
fn numbered<'a>(line: &'a str, marks: &[&str]) -> Option<(usize, &'a str)> {
    let line = line.trim_start_matches(' ');
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = line.split_at(digits);
    let text = marks.iter().find_map(|mark| rest.strip_prefix(mark))?;
    Some((number.parse().ok()?, text))
}

/// Lines that are numbered without a gap.
fn gapless(lines: &[&str], marks: &[&str]) -> Option<(usize, Vec<String>)> {
    let (first, _) = numbered(lines.first()?, marks)?;
    let mut texts = Vec::with_capacity(lines.len());
    for (line, expected) in lines.iter().zip(first..) {
        let (number, text) = numbered(line, marks)?;
        if number != expected {
            return None;
        }
        texts.push(text.strip_suffix('\r').unwrap_or(text).to_owned());
    }
    Some((first, texts))
}

fn tabbed(range: Range, answer: &str) -> Option<Reading> {
    if answer.starts_with("<system-reminder>Warning: the file exists but the contents are empty.</system-reminder>") {
        return Some(Reading::Whole(String::new()));
    }
    let body = answer.find("\n\n<system-reminder>\n").map_or(answer, |at| answer.split_at(at).0);
    let lines: Vec<&str> = body.split('\n').collect();
    // A colon where a line begins with a tab (2.1.197).
    let (first, texts) = ["\t", "→", ":"].into_iter().find_map(|mark| gapless(&lines, &[mark]))?;
    let full = match range.limit {
        Some(limit) => texts.len() >= limit,
        None => texts.len() == SILENT_LIMIT,
    };
    (first == range.first).then_some(Reading::Part { first, ends: !full, lines: texts })
}

fn opencode(range: Range, answer: &str) -> Option<Reading> {
    let (body, end, marks): (_, _, &[&str]) = if let Some((_, rest)) = answer.split_once("\n<content>\n") {
        (rest, "\n</content>", &[": "])
    } else {
        (answer.strip_prefix("<file>\n")?, "\n</file>", &["| "])
    };
    let (body, _) = body.rsplit_once(end)?;
    let (body, note) = body.rsplit_once("\n\n(")?;
    let ends = note.starts_with("End of file");
    let lines: Vec<&str> = body.split('\n').collect();
    let (first, texts) = gapless(&lines, marks)?;
    (first == range.first).then_some(Reading::Part { first, lines: texts, ends })
}

fn qwen(range: Range, answer: &str) -> Option<Reading> {
    let Some(rest) = answer.strip_prefix("Showing lines ") else {
        return (range == Range::ALL).then(|| bare(answer)).flatten().map(whole);
    };
    let (numbers, text) = rest.split_once(" total lines.\n\n---\n\n")?;
    let (span, total) = numbers.split_once(" of ")?;
    let (first, last) = span.split_once('-')?;
    let (first, last, total): (usize, usize, usize) = (first.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
    part(first, text, last == total).filter(|_| first > 0)
}

fn part(first: usize, text: &str, ends: bool) -> Option<Reading> {
    let lines: Vec<String> = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect();
    (!text.is_empty()).then_some(Reading::Part { first, lines, ends })
}

fn pi(range: Range, answer: &str) -> Option<Reading> {
    let noted = answer.ends_with("to continue.]").then(|| answer.rsplit_once("\n\n[")).flatten();
    let (text, ends) = noted.map_or((answer, true), |(text, _)| (text, false));
    let text = bare(text)?;
    if range.first == 1 && ends { Some(whole(text)) } else { part(range.first, text, ends) }
}

fn codex(range: Range, numbers: bool, answer: &str) -> Option<Reading> {
    let (header, body) = answer.split_once("Output:\n")?;
    let done = ["Process exited with code 0\n", "Exit code: 0\n"].iter().any(|words| header.contains(words));
    if !done || header.contains("Total output lines") || body.is_empty() {
        return None;
    }
    if !numbers && range == Range::ALL {
        return Some(whole(body));
    }
    let body = body.strip_suffix('\n').unwrap_or(body);
    let lines: Vec<&str> = body.split('\n').collect();
    let ends = range.limit.is_none_or(|limit| lines.len() < limit);
    if numbers {
        let (first, lines) = gapless(&lines, &["\t"])?;
        return (first == range.first).then_some(Reading::Part { first, lines, ends });
    }
    part(range.first, body, ends)
}
