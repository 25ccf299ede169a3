//! What a shell command can have done to files.
//!
//! A command is understood only where every program in it is on a short list of those that only read, with options that only
//! read. Everything else may have changed any file.

use serde_json::Value;

use super::reading::{Form, Range};

/// What a command did, as far as it can be known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It only read.
    Nothing,
    /// It only printed lines of one file.
    Print {
        /// The file.
        path: String,
        /// Which lines.
        range: Range,
        /// How they look.
        form: Form,
    },
    /// It may have changed files.
    Anything,
}

/// Programs that only read, whatever their options.
const READERS: [&str; 32] = [
    "cat",
    "ls",
    "grep",
    "egrep",
    "fgrep",
    "head",
    "tail",
    "nl",
    "pwd",
    "wc",
    "cd",
    "echo",
    "printf",
    "true",
    "false",
    "test",
    "which",
    "stat",
    "strings",
    "du",
    "df",
    "diff",
    "cmp",
    "cut",
    "tr",
    "basename",
    "dirname",
    "whoami",
    "uname",
    "realpath",
    "readlink",
    "sha256sum",
];

/// Subcommands of git that only read.
const GIT_READERS: [&str; 8] = ["status", "diff", "log", "show", "ls-files", "rev-parse", "blame", "grep"];

/// Actions of find that do more than print.
const FIND_DEEDS: [&str; 4] = ["-exec", "-ok", "-delete", "-fprint"];

/// The command of a shell call: one text for a shell, from `command` or `cmd`, where a list is a program and its words.
pub(crate) fn command(arguments: &Value) -> Option<String> {
    let command = arguments.get("command").or_else(|| arguments.get("cmd"))?;
    let Value::Array(words) = command else { return command.as_str().map(str::to_owned) };
    let words: Vec<&str> = words.iter().map(Value::as_str).collect::<Option<_>>()?;
    match words.as_slice() {
        ["bash" | "sh" | "zsh" | "/bin/bash" | "/bin/sh" | "/bin/zsh", "-c" | "-lc", script] => {
            Some((*script).to_owned())
        }
        words if words.iter().all(|word| word.chars().all(is_plain)) => Some(words.join(" ")),
        _ => None,
    }
}

/// Whether a part of the command may be at work after it has come back: there is a `&` that joins nothing.
pub(crate) fn goes_on(command: &str) -> bool {
    let joined = command.replace("&&", " ").replace(">&", " ").replace("&>", " ").replace("|&", " ");
    joined.contains('&') || ["nohup ", "setsid ", "disown"].iter().any(|word| command.contains(word))
}

fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || "-_./,=+:@%".contains(letter)
}

/// What the command did.
pub(crate) fn deed(command: &str) -> Deed {
    let command = command.replace("2>/dev/null", " ").replace("2>&1", " ");
    let Some(pipelines) = pipelines(&command) else { return Deed::Anything };
    if !pipelines.iter().flatten().all(only_reads) {
        return Deed::Anything;
    }
    match pipelines.as_slice() {
        [pipeline] => printed(pipeline).unwrap_or(Deed::Nothing),
        _ => Deed::Nothing,
    }
}

type Words = Vec<String>;

/// Splits a command into pipelines of words; `None` where it holds what is not understood here (redirections, substitutions,
/// variables, groups, background jobs).
fn pipelines(command: &str) -> Option<Vec<Vec<Words>>> {
    let mut pipelines = vec![vec![Words::new()]];
    let mut word: Option<String> = None;
    let mut letters = command.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => quoted(&mut letters, word.get_or_insert_default(), '\'')?,
            '"' => quoted(&mut letters, word.get_or_insert_default(), '"')?,
            '\\' => word.get_or_insert_default().push(letters.next().filter(|next| *next != '\n')?),
            '>' | '<' | '`' | '$' | '(' | ')' | '{' | '}' | '#' | '!' => return None,
            ' ' | '\t' => flush(&mut pipelines, &mut word),
            ';' | '\n' | '|' | '&' => {
                flush(&mut pipelines, &mut word);
                let twice = letters.next_if_eq(&letter).is_some();
                match (letter, twice) {
                    ('|', false) => pipelines.last_mut()?.push(Words::new()),
                    ('&', false) => return None,
                    _ => pipelines.push(vec![Words::new()]),
                }
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    flush(&mut pipelines, &mut word);
    pipelines.retain(|pipeline| pipeline.iter().any(|words| !words.is_empty()));
    Some(pipelines)
}

fn flush(pipelines: &mut [Vec<Words>], word: &mut Option<String>) {
    let words = pipelines.last_mut().and_then(|pipeline| pipeline.last_mut());
    if let (Some(words), Some(word)) = (words, word.take()) {
        words.push(word);
    }
}

fn quoted(letters: &mut impl Iterator<Item = char>, word: &mut String, mark: char) -> Option<()> {
    loop {
        match letters.next()? {
            letter if letter == mark => return Some(()),
            '`' | '$' | '\\' if mark == '"' => return None,
            letter => word.push(letter),
        }
    }
}

fn only_reads(words: &Words) -> bool {
    let Some((program, options)) = words.split_first() else { return false };
    let has = |starts: &[&str]| options.iter().any(|option| starts.iter().any(|start| option.starts_with(start)));
    match program.as_str() {
        "rg" => !has(&["--pre"]),
        "find" => !has(&FIND_DEEDS) && !has(&["-fls"]),
        "sed" => sed(options).is_some(),
        "sort" | "tree" => !options.iter().any(|option| option.starts_with('-') && option.contains('o')),
        "git" => {
            options.first().is_some_and(|verb| GIT_READERS.contains(&verb.as_str()))
                && !has(&["--output", "--ext-diff", "-O"])
        }
        program => READERS.contains(&program),
    }
}

/// The lines and files of `sed -n 1,20p file`.
fn sed(options: &[String]) -> Option<(Range, &[String])> {
    let (first, rest) = options.split_first()?;
    let (script, files) = rest.split_first()?;
    let lines = script.strip_suffix('p').filter(|_| first == "-n")?;
    let (first, last) = lines.split_once(',').unwrap_or((lines, lines));
    let first: usize = first.parse().ok().filter(|first| *first > 0)?;
    let limit = match last {
        "$" => None,
        last => Some(last.parse::<usize>().ok()?.checked_sub(first)?.checked_add(1)?),
    };
    files.iter().all(|file| !file.starts_with('-')).then_some((Range { first, limit }, files))
}

/// The one file whose lines a pipeline prints.
fn printed(pipeline: &[Words]) -> Option<Deed> {
    let (first, rest) = pipeline.split_first()?;
    let words: Vec<&str> = first.iter().map(String::as_str).collect();
    let numbered = Form::Codex { numbered: true };
    let (path, mut range, form) = match words.as_slice() {
        ["cat", path] => (*path, Range::ALL, Form::Codex { numbered: false }),
        ["cat", "-n", path] | ["nl", "-ba", path] => (*path, Range::ALL, numbered),
        ["head", "-n", count, path] => {
            let limit = Some(count.parse().ok()?);
            (*path, Range { first: 1, limit }, Form::Codex { numbered: false })
        }
        ["sed", ..] => {
            let (range, files) = sed(first.get(1..)?)?;
            let [path] = files else { return None };
            (path.as_str(), range, Form::Codex { numbered: false })
        }
        _ => return None,
    };
    match rest {
        [] => {}
        [words] if range == Range::ALL && words.first().is_some_and(|word| word == "sed") => {
            let (lines, files) = sed(words.get(1..)?)?;
            range = lines;
            if !files.is_empty() {
                return None;
            }
        }
        _ => return None,
    }
    (!path.starts_with('-') && !path.contains(['*', '?', '[', '~'])).then(|| Deed::Print {
        path: path.to_owned(),
        range,
        form,
    })
}
