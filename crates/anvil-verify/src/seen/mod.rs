//! The files that a conversation holds, as they provably are now.

mod act;
mod file;
mod paste;
mod path;
mod reading;
mod shell;

use std::collections::HashMap;

pub(crate) use act::shell_patch;
pub(crate) use file::{File, Source};

use act::{Act, Look};
use reading::Reading;

use crate::edits::patch::{self, Deed};
use crate::edits::replace;
use crate::edits::request::{Request, Tool};

/// Bytes of files that are kept; the files seen longest ago are let go, and are then not known.
const MAX_BYTES: usize = 16 << 20;
/// Files that are kept.
const MAX_FILES: usize = 256;
/// Calls without a result that are followed; with more, nothing is known any more.
const MAX_PENDING: usize = 256;
/// Files of one call that are followed; a patch of more may have changed any.
const MAX_NAMES: usize = 64;
/// Bytes of known files that are gone through to keep them up to date; after that a changed file is let go instead.
const WORK: usize = 128 << 20;
/// Names of files that are compared with each other; with more, nothing is known any more. Each reading of a file while 256 are known
/// takes about 512 of them.
const COMPARISONS: usize = 4 << 20;

/// Bytes of an answer that only says that a file has not changed.
const MAX_NOTE: usize = 600;

/// The files that a conversation holds, as they provably are now.
///
/// The caller feeds it the conversation, in order: each tool call, each tool result, each text of the user. A file is known as
/// far as it was seen, in the forms in which the harnesses show files. A call that changes the file is followed, or makes it
/// unknown; one that may have changed any file (a shell command that is not plainly a reading one, a tool that is not known)
/// makes all of them unknown, until they are read again. So do the user's turns, unless the harness itself notices a change.
#[derive(Debug, Default)]
pub struct Seen {
    files: HashMap<String, File>,
    pending: HashMap<String, Pending>,
    root: Option<String>,
    bytes: usize,
    clock: u64,
    worked: usize,
    compared: usize,
    /// Something may be changing files all the time.
    unsettled: bool,
}

/// A call without a result.
#[derive(Debug)]
struct Pending {
    act: Act,
    /// The files that it reads or changes.
    names: Vec<String>,
    /// Whether its place among the others that ran beside it is not known.
    overlapped: bool,
}

impl Seen {
    /// A conversation of which nothing was seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tool call of the history: its id, the tool, the arguments as the JSON text (or the bare text of a free-form tool).
    pub fn call(&mut self, id: &str, name: &str, arguments: &str) {
        if self.unsettled {
            return;
        }
        let (act, names) = self.understood(Act::of(name, arguments));
        match act {
            Act::Anything => self.forget_all(),
            Act::Endless => self.unsettled = true,
            _ => {}
        }
        if self.pending.len() >= MAX_PENDING {
            self.unsettled = true;
            return;
        }
        self.compare_with_pending(names.len());
        if self.unsettled {
            return;
        }
        let mut call = Pending { act, names, overlapped: false };
        for other in self.pending.values_mut() {
            let collided = collide(&call, other);
            other.overlapped |= collided;
            call.overlapped |= collided;
        }
        if let Some(before) = self.pending.insert(id.to_owned(), call) {
            self.lose(&before);
        }
    }

    /// The call with the names of its files; one that changes files that cannot be named may have changed any.
    fn understood(&self, act: Act) -> (Act, Vec<String>) {
        let normal = |path: &String| path::normal(path, self.root.as_deref());
        match act {
            Act::Read(look) => {
                let names = vec![normal(&look.path)];
                (Act::Read(look), names)
            }
            Act::Change(request) => {
                let names: Vec<String> = paths(&request).iter().map(normal).collect();
                if (1..=MAX_NAMES).contains(&names.len()) {
                    (Act::Change(request), names)
                } else {
                    (Act::Anything, names)
                }
            }
            act => (act, Vec::new()),
        }
    }

    /// A tool result of the history. Where the dialect does not say whether it is an error, `is_error` is false.
    pub fn result(&mut self, id: &str, text: &str, is_error: bool) {
        if self.unsettled {
            return;
        }
        let Some(call) = self.pending.remove(id) else {
            self.forget_all();
            return;
        };
        self.compare_with_pending(call.names.len());
        if call.overlapped {
            for name in &call.names {
                self.forget(name);
            }
        }
        match call.act {
            Act::Anything => self.forget_all(),
            Act::Read(look) if !call.overlapped && !is_error => self.looked(&look, text),
            Act::Change(request) if !call.overlapped => self.changed(request, text, is_error),
            // A reading that failed says nothing of the file.
            Act::Read(_) | Act::Change(_) | Act::Nothing | Act::Endless => {}
        }
    }

    /// What the user wrote or pasted.
    pub fn user(&mut self, text: &str) {
        if self.unsettled {
            return;
        }
        for (_, call) in std::mem::take(&mut self.pending) {
            self.lose(&call);
        }
        if let Some(root) = paste::root(text) {
            self.root = Some(root.to_owned());
        }
        if let Some(files) = paste::aider(text) {
            self.drop_where(|_, file| file.source == Source::Aider);
            for (path, text) in files {
                self.store(path, Source::Aider, Reading::Whole(text.to_owned()));
            }
        } else if paste::tells_of_changes(text) {
            self.forget_all();
        } else if !paste::is_of_the_harness(text) {
            self.drop_where(|_, file| !file.source.outlives_a_turn());
        }
    }

    /// What is known of the file of that name, where it is certain.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        let root = self.root.as_deref();
        let path = path::normal(path, root);
        let unsure = |pending: &Pending| match &pending.act {
            Act::Anything | Act::Endless => true,
            Act::Change(_) => pending.names.iter().any(|other| path::may_be_one(other, &path)),
            Act::Nothing | Act::Read(_) => false,
        };
        if self.unsettled || self.pending.values().any(unsure) {
            return None;
        }
        let mut candidates = self.files.iter().filter(|(name, _)| path::may_be_one(name, &path));
        match (self.files.get(&path), candidates.next(), candidates.next()) {
            (Some(file), _, None) | (None, Some((_, file)), None) => Some(file),
            _ => None,
        }
    }

    /// The text of the file of that name, where all of it is known and certain.
    pub(crate) fn whole(&self, path: &str) -> Option<&str> {
        self.file(path)?.whole()
    }

    /// The files that the user's harness pasted, which are those that it edits by the text of the answer.
    pub(crate) fn pasted(&self) -> impl Iterator<Item = (&str, &str)> {
        let certain = self.files.iter().filter(|(_, file)| !self.unsettled && file.source == Source::Aider);
        certain.filter_map(|(path, file)| Some((path.as_str(), file.whole()?)))
    }

    /// Whether two names may be one file's.
    pub(crate) fn may_be_one(&self, one: &str, other: &str) -> bool {
        let root = self.root.as_deref();
        path::may_be_one(&path::normal(one, root), &path::normal(other, root))
    }

    /// A reading has come back.
    fn looked(&mut self, look: &Look, text: &str) {
        match reading::read(look.form, look.range, text) {
            Some(reading) => self.store(&look.path, look.source, reading),
            // The file is as it was when last read: Claude Code and Qwen Code say so instead of showing it again.
            None if text.len() < MAX_NOTE && text.to_lowercase().contains("unchanged") => {}
            None => self.forget(&look.path),
        }
    }

    /// An edit has come back.
    fn changed(&mut self, request: Request, text: &str, is_error: bool) {
        let failed = is_error || text.starts_with("<tool_use_error>");
        match request {
            // A patch that fails may have changed some of its files.
            Request::Patch { text: patch, codex } => self.patched(&patch, codex, !failed && text.contains("Success")),
            _ if failed => {}
            Request::Replace { path, .. } | Request::Write { path, .. } if !succeeded(text) => self.forget(&path),
            Request::Write { tool, path, text } => match source(tool) {
                Some(source) => self.store(&path, source, Reading::Whole(text.replace("\r\n", "\n"))),
                None => self.forget(&path),
            },
            Request::Replace { tool: Tool::Cline, path, .. } => match paste::final_content(text) {
                Some(text) => self.store(&path, Source::Other, Reading::Whole(text.to_owned())),
                None => self.forget(&path),
            },
            Request::Replace { tool, path, changes } => {
                let before = self.whole(&path).map(str::to_owned);
                let mut after = before.filter(|_| source(tool).is_some());
                for change in &changes {
                    let cost = after.as_ref().map_or(0, String::len);
                    after = after.filter(|_| self.afford(cost)).and_then(|text| replace::applied(&text, change));
                }
                self.rewrite(&path, after);
            }
        }
    }

    /// A patch has come back.
    fn patched(&mut self, text: &str, codex: bool, applied: bool) {
        let Ok(sections) = patch::parse(text, codex) else { return self.forget_all() };
        for section in sections {
            match section.deed {
                Deed::Add(text) if applied && codex => self.store(&section.path, Source::Other, Reading::Whole(text)),
                Deed::Update { chunks, to: None } if applied && codex => {
                    let mut after = self.whole(&section.path).map(str::to_owned);
                    for chunk in &chunks {
                        let cost = after.as_ref().map_or(0, String::len);
                        after = after.filter(|_| self.afford(cost)).and_then(|text| chunk.applied(&text));
                    }
                    self.rewrite(&section.path, after);
                }
                Deed::Update { to: Some(to), .. } => {
                    self.forget(&section.path);
                    self.forget(&to);
                }
                Deed::Add(_) | Deed::Delete | Deed::Update { .. } => self.forget(&section.path),
            }
        }
    }

    /// Puts a new text in the place of a known file's, or lets it go.
    fn rewrite(&mut self, path: &str, text: Option<String>) {
        match (text, self.file(path).map(|file| file.source)) {
            (Some(text), Some(source)) => self.store(path, source, Reading::Whole(text)),
            _ => self.forget(path),
        }
    }

    /// The bytes of the files that are known.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Notes that so many names are compared with those of the calls that have no result yet.
    fn compare_with_pending(&mut self, names: usize) {
        let others: usize = self.pending.values().map(|other| other.names.len()).sum();
        self.compare(names.saturating_mul(others));
    }

    /// Notes comparisons; where they become too many, nothing is known from here on.
    fn compare(&mut self, names: usize) {
        self.compared = self.compared.saturating_add(names);
        if self.compared > COMPARISONS {
            self.unsettled = true;
            self.pending.clear();
            self.forget_all();
        }
    }

    /// Whether so much more work may be done.
    fn afford(&mut self, cost: usize) -> bool {
        self.worked = self.worked.saturating_add(cost);
        self.worked <= WORK
    }

    fn store(&mut self, path: &str, source: Source, reading: Reading) {
        let root = self.root.as_deref();
        let path = path::normal(path, root);
        // Under another name it may be another file or this one: only the newest counts.
        self.drop_where(|name, _| name != path && path::may_be_one(name, &path));
        self.clock = self.clock.saturating_add(1);
        let mut file = match (self.take(&path), reading) {
            (Some(mut file), reading @ Reading::Part { .. }) if file.source == source && self.afford(file.cost()) => {
                file.add(reading);
                file
            }
            (_, reading) => File::new(source, reading),
        };
        if self.unsettled {
            return;
        }
        file.age = self.clock;
        self.bytes = self.bytes.saturating_add(file.size());
        self.files.insert(path, file);
        while self.bytes > MAX_BYTES || self.files.len() > MAX_FILES {
            let oldest = self.files.iter().min_by_key(|(_, file)| file.age).map(|(path, _)| path.clone());
            let Some(oldest) = oldest else { break };
            self.take(&oldest);
        }
    }

    fn take(&mut self, path: &str) -> Option<File> {
        let file = self.files.remove(path)?;
        self.bytes = self.bytes.saturating_sub(file.size());
        Some(file)
    }

    fn drop_where(&mut self, gone: impl Fn(&str, &File) -> bool) {
        self.compare(self.files.len());
        self.files.retain(|path, file| !gone(path, file));
        self.bytes = self.files.values().map(File::size).sum();
    }

    /// Lets go of every file that the path may name.
    fn forget(&mut self, path: &str) {
        let path = path::normal(path, self.root.as_deref());
        self.drop_where(|name, _| path::may_be_one(name, &path));
    }

    fn forget_all(&mut self) {
        self.files.clear();
        self.bytes = 0;
    }

    /// Lets go of what a call may have changed.
    fn lose(&mut self, call: &Pending) {
        match call.act {
            Act::Nothing | Act::Read(_) => {}
            Act::Change(_) => call.names.iter().for_each(|name| self.forget(name)),
            Act::Anything | Act::Endless => self.forget_all(),
        }
    }
}

/// The files that a request names; none where it cannot be read.
fn paths(request: &Request) -> Vec<String> {
    match request {
        Request::Replace { path, .. } | Request::Write { path, .. } => vec![path.clone()],
        Request::Patch { text, codex } => {
            let sections = patch::parse(text, *codex).unwrap_or_default();
            let names = |section: patch::Section| match section.deed {
                Deed::Update { to: Some(to), .. } => vec![section.path, to],
                _ => vec![section.path],
            };
            sections.into_iter().flat_map(names).collect()
        }
    }
}

/// Whether two calls that run side by side give different outcomes in different orders.
fn collide(one: &Pending, other: &Pending) -> bool {
    let meet = || one.names.iter().any(|name| other.names.iter().any(|named| path::may_be_one(name, named)));
    match (&one.act, &other.act) {
        (Act::Anything | Act::Endless, Act::Read(_) | Act::Change(_))
        | (Act::Read(_) | Act::Change(_), Act::Anything | Act::Endless) => true,
        // Claude Code runs its edits one after the other, in the order of the calls.
        (
            Act::Change(Request::Replace { tool: Tool::Claude, .. }),
            Act::Change(Request::Replace { tool: Tool::Claude, .. }),
        ) => false,
        (Act::Read(_) | Act::Change(_), Act::Change(_)) | (Act::Change(_), Act::Read(_)) => meet(),
        _ => false,
    }
}

/// Whose file it is after the tool wrote it; `None` where a formatter of the harness may have worked on it since.
fn source(tool: Tool) -> Option<Source> {
    match tool {
        Tool::Claude => Some(Source::ClaudeCode),
        Tool::Qwen => Some(Source::Qwen),
        Tool::Pi | Tool::Continue => Some(Source::Other),
        Tool::OpenCode | Tool::Cline => None,
    }
}

/// Whether the words are those of an edit tool that did as it was told, and of nobody who did otherwise on the way.
fn succeeded(text: &str) -> bool {
    let done = [
        "has been updated",
        "File created successfully",
        "Successfully replaced",
        "Successfully wrote",
        "Successfully edited",
        "Successfully created",
        "Successfully overwrote",
        "<final_file_content",
    ];
    let head = text.get(..text.len().min(400)).unwrap_or(text);
    let otherwise = ["User modified", "user modified", "auto-format", "The user made"];
    done.iter().any(|words| head.contains(words) || text.starts_with(words))
        && !otherwise.iter().any(|words| text.contains(words))
}
