//! The files that a conversation holds, as they provably are now.

mod act;
mod doubt;
mod file;
mod notice;
mod outcome;
mod paste;
mod path;
mod pending;
mod reading;
mod shell;

use std::collections::HashMap;

pub(crate) use act::shell_patch;
pub(crate) use file::{File, Source};
pub(crate) use notice::InText;
pub(crate) use paste::FENCES;

use act::{Act, Look};
use pending::{Pending, collide};
use reading::Reading;

use crate::edits::patch::{self, Deed, Reader};
use crate::edits::replace;
use crate::edits::request::{Holder, Request, Tool};

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
    is_codex: bool,
    in_text: Option<InText>,
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
                let names: Vec<String> = self.paths(&request).iter().map(normal).collect();
                if (1..=MAX_NAMES).contains(&names.len()) {
                    (Act::Change(request), names)
                } else {
                    (Act::Anything, names)
                }
            }
            act => (act, Vec::new()),
        }
    }

    /// The files that a request names; none where it cannot be read.
    fn paths(&self, request: &Request) -> Vec<String> {
        match request {
            Request::Replace { path, .. } | Request::Write { path, .. } => vec![path.clone()],
            Request::Patch { text, holder } => {
                let sections = patch::parse(text, Reader::of(*holder, self.is_codex)).unwrap_or_default();
                let names = |section: patch::Section| match section.deed {
                    Deed::Update { to: Some(to), .. } => vec![section.path, to],
                    _ => vec![section.path],
                };
                sections.into_iter().flat_map(names).collect()
            }
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
            self.lose(&call);
            call.names.iter().for_each(|name| self.forget(name));
        }
        self.is_codex |= outcome::is_of_codex(text);
        match call.act {
            Act::Anything => {
                self.unsettled |= outcome::goes_on(text);
                self.forget_all();
            }
            Act::Read(look) if !call.overlapped && !is_error => self.looked(&look, text),
            Act::Change(request) if !call.overlapped => self.changed(request, text, is_error),
            // A reading that failed says nothing of the file.
            Act::Read(_) | Act::Change(_) | Act::Nothing | Act::Endless => {}
        }
        self.heed(text);
    }

    /// What the system's, or the developer's, instructions say, at the beginning or on the way.
    pub fn instructions(&mut self, text: &str) {
        self.in_text = notice::in_text(text).or(self.in_text);
        self.forget_named(text);
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
            self.is_codex = true;
        }
        // Aider puts its instructions there for models that take no system message.
        self.in_text = notice::in_text(text).or(self.in_text);
        if let Some(files) = paste::aider(text) {
            self.drop_where(|_, file| file.source == Source::Aider);
            for (path, text) in files {
                self.store(path, Source::Aider, Reading::Whole(text.to_owned()));
            }
        } else if notice::tells_of_changes(text) {
            self.forget_all();
        } else if !notice::is_of_the_harness(text) {
            self.drop_where(|_, file| !file.source.outlives_a_turn());
        }
        self.heed(text);
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
        let is_other = |name: &String| *name != path && path::may_be_one(name, &path);
        self.files.get(&path).filter(|_| !self.files.keys().any(is_other))
    }

    /// Whether the conversation is Codex's.
    pub(crate) fn is_codex(&self) -> bool {
        self.is_codex
    }

    /// The edits that the harness takes from the text of answers.
    pub(crate) fn in_text(&self) -> Option<InText> {
        self.in_text
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
            None if reading::is_unchanged(text) => {}
            None => self.forget(&look.path),
        }
    }

    /// An edit has come back.
    fn changed(&mut self, request: Request, text: &str, is_error: bool) {
        let failed = is_error || text.starts_with("<tool_use_error>");
        match request {
            // A patch that fails may have changed some of its files.
            Request::Patch { text: patch, holder } => {
                self.patched(&patch, holder, !failed && outcome::is_patched(text));
            }
            _ if failed => {}
            Request::Replace { path, .. } | Request::Write { path, .. } if !outcome::succeeded(text) => {
                self.forget(&path);
            }
            Request::Write { tool, path, text } => {
                self.forget_aliases(&path, &[]);
                // Claude Code takes white space from the lines' ends, except in Markdown.
                match outcome::source(tool).filter(|_| tool != Tool::Claude || !replace::ends_blank(&text)) {
                    Some(source) => self.store(&path, source, Reading::Whole(text.replace("\r\n", "\n"))),
                    None => self.forget(&path),
                }
            }
            Request::Replace { tool: Tool::Cline, path, .. } => match paste::final_content(text) {
                Some(text) => self.store(&path, Source::Other, Reading::Whole(text.to_owned())),
                None => self.forget(&path),
            },
            Request::Replace { tool, path, changes } => {
                self.forget_aliases(&path, &changes);
                let before = self.whole(&path).map(str::to_owned);
                let mut after = before.filter(|_| outcome::source(tool).is_some());
                for change in &changes {
                    let cost = after.as_ref().map_or(0, String::len);
                    after = after.filter(|_| self.afford(cost)).and_then(|text| replace::applied(&text, change));
                }
                self.rewrite(&path, after);
            }
        }
    }

    /// A patch has come back.
    fn patched(&mut self, text: &str, holder: Holder, applied: bool) {
        let reader = Reader::of(holder, self.is_codex);
        let Ok(sections) = patch::parse(text, reader) else { return self.forget_all() };
        let applied = applied && reader == Reader::Codex;
        for section in sections {
            self.forget_aliases(&section.path, &[]);
            match section.deed {
                Deed::Add(text) if applied => self.store(&section.path, Source::Other, Reading::Whole(text)),
                Deed::Update { chunks, to: None } if applied => {
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
}
