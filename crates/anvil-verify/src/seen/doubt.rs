//! What is let go because it is no longer certain.

use super::act::Act;
use super::file::{File, Source};
use super::pending::Pending;
use super::{Seen, notice, path};
use crate::edits::request::{Change, Request};

impl Seen {
    /// Lets go of every file that the path may name.
    pub(super) fn forget(&mut self, path: &str) {
        let path = path::normal(path, self.root.as_deref());
        self.drop_where(|name, _| path::may_be_one(name, &path));
    }

    /// Lets go of the files that what the harness adds to a text names: they have changed, or may have.
    pub(super) fn heed(&mut self, text: &str) {
        for reminder in notice::reminders(text) {
            self.forget_named(reminder);
        }
    }

    /// Lets go of the files that the text names, except those that are pasted anew each time.
    pub(super) fn forget_named(&mut self, text: &str) {
        if !self.afford(text.len().saturating_mul(self.files.len())) {
            return self.forget_all();
        }
        self.drop_where(|path, file| file.source != Source::Aider && notice::names(text, path));
    }

    /// Lets go of what may be the file of that name under another, by a link: what has the same text; where the text is not
    /// known, what has all that was replaced in it; where that is not known either, what has the same last name.
    pub(super) fn forget_aliases(&mut self, path: &str, changes: &[Change]) {
        let path = path::normal(path, self.root.as_deref());
        let text = self.whole(&path).map(str::to_owned);
        if !self.afford(self.bytes.saturating_mul(changes.len().saturating_add(1))) {
            return self.forget_all();
        }
        let last = path.rsplit('/').next().unwrap_or(&path);
        let is_alias = |name: &str, file: &File| match (&text, changes, file.whole()) {
            (Some(text), _, whole) => whole.is_none_or(|whole| whole.trim_end() == text.trim_end()),
            (None, [], _) | (None, _, None) => name.rsplit('/').next() == Some(last),
            (None, changes, Some(whole)) => changes.iter().all(|change| whole.contains(&change.old)),
        };
        self.drop_where(|name, file| name != path && file.source != Source::Aider && is_alias(name, file));
    }

    pub(super) fn forget_all(&mut self) {
        self.files.clear();
        self.bytes = 0;
    }

    /// Lets go of what a call may have changed.
    pub(super) fn lose(&mut self, call: &Pending) {
        match &call.act {
            Act::Nothing | Act::Read(_) => {}
            Act::Change(request) => {
                let changes = if let Request::Replace { changes, .. } = request { changes.as_slice() } else { &[] };
                for name in &call.names {
                    self.forget_aliases(name, changes);
                    self.forget(name);
                }
            }
            Act::Anything | Act::Endless => self.forget_all(),
        }
    }
}
