//! What an edit call asks for, whichever harness's tool it calls.

use serde_json::{Map, Value};

/// The tool by whose rules an edit is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `Edit` and `MultiEdit` with `file_path`: Claude Code's, or Continue's, which has the same form.
    Claude,
    /// `edit` with `filePath`.
    OpenCode,
    /// `edit` with `file_path`.
    Qwen,
    /// `edit` with `path`, `oldText` or `edits`.
    Pi,
    /// `single_find_and_replace` and `multi_edit`.
    Continue,
    /// `replace_in_file`.
    Cline,
}

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) old: String,
    pub(crate) new: String,
    /// Whether every place is meant.
    pub(crate) all: bool,
}

/// What an edit call asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// To replace texts of a file.
    Replace {
        /// By whose rules.
        tool: Tool,
        /// The file.
        path: String,
        /// The replacements, in order.
        changes: Vec<Change>,
    },
    /// To write a file anew.
    Write {
        /// By whose rules.
        tool: Tool,
        /// The file.
        path: String,
        /// All of its text.
        text: String,
    },
    /// To apply a patch in Codex's form.
    Patch {
        /// The patch.
        text: String,
        /// In what.
        holder: Holder,
    },
}

/// What a patch stands in, which tells who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder {
    /// Nothing: the tool is free-form, as Codex's.
    Nothing,
    /// `input`, or a shell's command: Codex's, or a tool of Cline or `OpenClaw` of that name. Cline 3.0.65 takes lines for one
    /// another of which two thirds are alike, and a patch without its first and last line.
    Input,
    /// `patchText`: `OpenCode`'s.
    PatchText,
}

impl Request {
    /// Reads an edit call; `None` where it is none, or none that is understood.
    pub(crate) fn of(name: &str, arguments: &str) -> Option<Self> {
        if name == "apply_patch" {
            return Self::patch(arguments);
        }
        if !is_edit(name) {
            return None;
        }
        let Ok(Value::Object(arguments)) = serde_json::from_str(arguments) else { return None };
        let text = |key: &str| arguments.get(key).and_then(Value::as_str).map(str::to_owned);
        match name {
            "Write" | "write" | "write_file" | "write_to_file" => {
                let (tool, path) = writer(name, &arguments)?;
                Some(Self::Write { tool, path, text: text("content")? })
            }
            "Edit" => Self::replace(Tool::Claude, text("file_path")?, vec![change(&arguments)?]),
            "MultiEdit" => Self::replace(Tool::Claude, text("file_path")?, changes(arguments.get("edits")?)?),
            "edit" => Self::edit(&arguments),
            "single_find_and_replace" => Self::replace(Tool::Continue, text("filepath")?, vec![change(&arguments)?]),
            "multi_edit" => Self::replace(Tool::Continue, text("filepath")?, changes(arguments.get("edits")?)?),
            "replace_in_file" => {
                let path = text("path").or_else(|| text("absolutePath"))?;
                Self::replace(Tool::Cline, path, super::cline::changes(&text("diff")?)?)
            }
            _ => None,
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the arms that read a call all yield an option")]
    fn replace(tool: Tool, path: String, changes: Vec<Change>) -> Option<Self> {
        Some(Self::Replace { tool, path, changes })
    }

    /// `edit`, whose arguments tell whose it is.
    fn edit(arguments: &Map<String, Value>) -> Option<Self> {
        let text = |key: &str| arguments.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(path) = text("filePath") {
            return Self::replace(Tool::OpenCode, path, vec![change(arguments)?]);
        }
        if let (Some(path), Some(_)) = (text("file_path"), arguments.get("old_string")) {
            return Self::replace(Tool::Qwen, path, vec![change(arguments)?]);
        }
        let path = text("path").or_else(|| text("file_path"))?;
        let several = match arguments.get("edits") {
            None => Vec::new(),
            Some(Value::String(inner)) => changes(&serde_json::from_str(inner).ok()?)?,
            Some(several) => changes(several)?,
        };
        let one = change(arguments);
        Self::replace(Tool::Pi, path, several.into_iter().chain(one).collect())
    }

    /// A patch: as it is, or as a member of an object.
    fn patch(arguments: &str) -> Option<Self> {
        match serde_json::from_str(arguments) {
            Ok(Value::Object(object)) => {
                let member = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
                let input = member("input").or_else(|| member("patch"));
                let holder = if input.is_some() { Holder::Input } else { Holder::PatchText };
                Some(Self::Patch { text: input.or_else(|| member("patchText"))?, holder })
            }
            Ok(Value::String(text)) => Some(Self::Patch { text, holder: Holder::Input }),
            Ok(_) => None,
            Err(_) => Some(Self::Patch { text: arguments.to_owned(), holder: Holder::Nothing }),
        }
    }
}

/// Whether the name is an edit tool's.
pub(super) fn is_edit(name: &str) -> bool {
    [
        "Edit",
        "MultiEdit",
        "edit",
        "multi_edit",
        "single_find_and_replace",
        "replace_in_file",
        "Write",
        "write",
        "write_file",
        "write_to_file",
    ]
    .contains(&name)
}

/// Whose tool writes, and which file.
fn writer(name: &str, arguments: &Map<String, Value>) -> Option<(Tool, String)> {
    let path = |key: &str| arguments.get(key).and_then(Value::as_str).map(str::to_owned);
    match name {
        "Write" => path("file_path")
            .map(|path| (Tool::Claude, path))
            .or_else(|| path("filepath").map(|path| (Tool::Continue, path))),
        "write" => path("filePath")
            .map(|path| (Tool::OpenCode, path))
            .or_else(|| path("path").or_else(|| path("file_path")).map(|path| (Tool::Pi, path))),
        "write_file" => path("file_path").or_else(|| path("absolute_path")).map(|path| (Tool::Qwen, path)),
        _ => path("path").map(|path| (Tool::Cline, path)),
    }
}

fn changes(edits: &Value) -> Option<Vec<Change>> {
    edits.as_array()?.iter().map(|edit| change(edit.as_object()?)).collect()
}

fn change(edit: &Map<String, Value>) -> Option<Change> {
    let text = |keys: [&str; 3]| keys.iter().find_map(|key| edit.get(*key)).and_then(Value::as_str).map(str::to_owned);
    let all = ["replace_all", "replaceAll", "allow_multiple"].iter().find_map(|key| edit.get(*key));
    // Older versions of Qwen Code ask how many places are meant.
    let several = edit.get("expected_replacements").is_some_and(|count| count.as_u64() != Some(1));
    Some(Change {
        old: text(["old_string", "oldString", "oldText"])?,
        new: text(["new_string", "newString", "newText"])?,
        all: several || all.is_some_and(|all| *all != Value::Bool(false) && !all.is_null()),
    })
}
