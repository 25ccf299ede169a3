//! What a tool call of the history can have done to files.

use serde_json::Value;

use super::file::Source;
use super::reading::{Form, Range};
use super::shell::{self, Deed};
use crate::edits::request::{Holder, Request};

/// What a call can have done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing to any file.
    Nothing,
    /// It read lines of a file.
    Read(Look),
    /// It changed the files that it names.
    Change(Request),
    /// Anything to any file.
    Anything,
    /// Anything to any file, and it goes on doing so.
    Endless,
}

/// A reading of a file that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) path: String,
    pub(super) range: Range,
    pub(super) form: Form,
    pub(super) source: Source,
}

/// Tools that change no file, in lower case and without underscores.
const INERT: [&str; 27] = [
    "grep",
    "glob",
    "ls",
    "list",
    "find",
    "search",
    "websearch",
    "webfetch",
    "fetch",
    "todowrite",
    "todoread",
    "taskcreate",
    "taskget",
    "tasklist",
    "taskupdate",
    "updateplan",
    "viewimage",
    "grepsearch",
    "searchfilecontent",
    "listdirectory",
    "listfiles",
    "searchfiles",
    "searchcode",
    "codebasesearch",
    "filesearch",
    "listcodedefinitionnames",
    "viewdiff",
];

/// Tools that run a shell command.
const SHELLS: [&str; 12] = [
    "Bash",
    "bash",
    "shell",
    "exec_command",
    "local_shell",
    "local_shell_call",
    "shell_command",
    "container.exec",
    "run_shell_command",
    "run_terminal_command",
    "execute_command",
    "exec",
];

/// Sub-agents, which work on for as long as they like when in the background.
const AGENTS: [&str; 4] = ["Agent", "Task", "task", "spawn_agent"];

impl Act {
    /// What the call can have done.
    pub(super) fn of(name: &str, arguments: &str) -> Self {
        if let Some(change) = Request::of(name, arguments).or_else(|| shell_patch(name, arguments)) {
            return Self::Change(change);
        }
        let plain: String = name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect();
        if INERT.contains(&plain.as_str()) {
            return Self::Nothing;
        }
        let Ok(arguments) = serde_json::from_str::<Value>(arguments) else { return Self::Anything };
        if AGENTS.contains(&name) {
            let background = arguments.get("run_in_background").is_some_and(|flag| *flag != Value::Bool(false));
            return if background || name == "spawn_agent" { Self::Endless } else { Self::Anything };
        }
        if SHELLS.contains(&name) {
            return Self::shell(name, &arguments);
        }
        Self::read(name, &arguments)
    }

    fn shell(name: &str, arguments: &Value) -> Self {
        let Some(command) = shell::command(arguments) else { return Self::Anything };
        match shell::deed(&command) {
            // Claude Code, whose shell's name that is, tells of files that changed, or refuses to edit them.
            Deed::Anything if name != "Bash" && (is_in_background(arguments) || shell::goes_on(&command)) => {
                Self::Endless
            }
            Deed::Anything => Self::Anything,
            Deed::Nothing => Self::Nothing,
            Deed::Print { path, range, form } => {
                let directory = arguments.get("workdir").and_then(Value::as_str);
                let path = directory.map_or_else(|| path.clone(), |root| super::path::normal(&path, Some(root)));
                Self::Read(Look { path, range, form, source: Source::Other })
            }
        }
    }

    /// A call of a read tool; a read tool that is not known reads nothing that is understood, but changes nothing either.
    fn read(name: &str, arguments: &Value) -> Self {
        let path = |key: &str| arguments.get(key).and_then(Value::as_str);
        let (path, form, source, from_zero) = match name {
            "Read" if path("file_path").is_some() => (path("file_path"), Form::Tabbed, Source::ClaudeCode, false),
            "Read" => (path("filepath"), Form::Continue, Source::Other, false),
            "read" if path("filePath").is_some() => (path("filePath"), Form::OpenCode, Source::Other, false),
            "read" => (path("path").or_else(|| path("file_path")), Form::Pi, Source::Other, false),
            "read_file" if path("path").is_some() => (path("path"), Form::Cline, Source::Other, false),
            "read_file" => (path("file_path").or_else(|| path("absolute_path")), Form::Qwen, Source::Qwen, true),
            "view" | "read_file_range" | "read_many_files" | "NotebookRead" => return Self::Nothing,
            _ => return Self::Anything,
        };
        let (Some(path), Some(range)) = (path, range(arguments, from_zero)) else { return Self::Nothing };
        Self::Read(Look { path: path.to_owned(), range, form, source })
    }
}

fn is_in_background(arguments: &Value) -> bool {
    let flags = ["run_in_background", "is_background", "background", "runInBackground"];
    flags.iter().any(|flag| arguments.get(*flag).is_some_and(|set| *set == Value::Bool(true)))
}

fn range(arguments: &Value, from_zero: bool) -> Option<Range> {
    let number = |key: &str| match arguments.get(key) {
        None | Some(Value::Null) => Some(None),
        Some(Value::Number(number)) => {
            let whole =
                number.as_u64().or_else(|| number.as_f64().and_then(|number| format!("{number:.0}").parse().ok()));
            whole.and_then(|number| usize::try_from(number).ok()).map(Some)
        }
        Some(_) => None,
    };
    let offset = number("offset")?.unwrap_or(0);
    let first = if from_zero { offset.saturating_add(1) } else { offset.max(1) };
    Some(Range { first, limit: number("limit")? })
}

/// A shell call that does nothing but apply a patch.
pub(crate) fn shell_patch(name: &str, arguments: &str) -> Option<Request> {
    if !SHELLS.contains(&name) {
        return None;
    }
    let arguments: Value = serde_json::from_str(arguments).ok()?;
    let member = arguments.get("command").or_else(|| arguments.get("cmd"))?;
    let words: Vec<&str> = match member {
        Value::Array(words) => words.iter().map(Value::as_str).collect::<Option<_>>()?,
        member => vec![member.as_str()?],
    };
    let text = match words.as_slice() {
        ["apply_patch" | "applypatch", patch] => *patch,
        ["bash" | "sh" | "zsh", "-c" | "-lc", script] | [script] => heredoc(script)?,
        _ => return None,
    };
    Some(Request::Patch { text: text.to_owned(), holder: Holder::Input })
}

/// The text that `apply_patch <<'EOF'` is given, where nothing follows it. Only a quoted mark keeps the text as it stands.
fn heredoc(script: &str) -> Option<&str> {
    let rest = script.trim().strip_prefix("apply_patch")?.trim_start().strip_prefix("<<")?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    let (mark, rest) = rest.split_at(1).1.split_once(quote)?;
    let (_, text) = rest.split_once('\n').filter(|(end, _)| end.trim().is_empty())?;
    let body = text.strip_suffix(mark).filter(|body| body.is_empty() || body.ends_with('\n'))?;
    (!mark.is_empty()).then_some(body)
}
