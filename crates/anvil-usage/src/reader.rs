//! One file, from its first byte to its last.

use std::collections::HashSet;
use std::sync::Arc;

use crate::claude::{self, Claude};
use crate::codex::Codex;
use crate::lines::{Line, Lines};
use crate::request::{Pause, Request};

/// Whose log it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Client {
    /// Anthropic's Claude Code.
    ClaudeCode,
    /// OpenAI's Codex.
    Codex,
}

/// What a file as a whole says.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Log {
    /// In the order in which they stand in the file, each once.
    pub requests: Vec<Request>,
    /// A person's pauses.
    pub pauses: Vec<Pause>,
    /// The session's own facts.
    pub session: Session,
    /// Lines that are not empty.
    pub lines: u64,
    /// Lines that are no UTF-8 or no JSON object.
    pub broken: u64,
    /// The number of the first of them, from 1; empty lines count.
    pub first_broken: Option<u64>,
    /// Lines longer than [`crate::LINE_CAP`].
    pub too_long: u64,
    /// Lines of answers that are not counted, because one of their counts is none.
    pub absurd: u64,
    /// Lines that the client wrote in a model's place.
    pub synthetic: u64,
    /// Whether the last line has no end and is no whole document: it was being written.
    pub is_unfinished: bool,
}

/// What a file says of its session.
#[derive(Debug, Default, Eq, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: Option<String>,
    /// The session that it was forked from or started by (Codex).
    pub parent: Option<String>,
    /// Whether it may begin with a copy of the parent's history (Codex).
    pub copies_parent: bool,
    /// The folder that the client worked in.
    pub folder: Option<String>,
}

/// Reads one file.
pub struct Reader {
    lines: Lines,
    state: State,
    log: Log,
}

struct State {
    dialect: Dialect,
    names: Names,
    number: u64,
}

enum Dialect {
    Claude(Claude),
    Codex(Codex),
}

impl Reader {
    /// A reader for a file of this client.
    pub fn new(client: Client) -> Self {
        let dialect = match client {
            Client::ClaudeCode => Dialect::Claude(Claude::default()),
            Client::Codex => Dialect::Codex(Codex::default()),
        };
        let state = State { dialect, names: Names::default(), number: 0 };
        Self { lines: Lines::default(), state, log: Log::default() }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, piece: &[u8]) {
        let Self { lines, state, log } = self;
        lines.feed(piece, |line| {
            if !state.take(&line, log) {
                log.broken += 1;
                log.first_broken.get_or_insert(state.number);
            }
        });
    }

    /// The file is at its end.
    pub fn finish(mut self) -> Log {
        let Self { lines, state, log } = &mut self;
        lines.finish(|line| {
            // Whether a line without an end is broken or not yet written, nobody can know.
            log.is_unfinished = !state.take(&line, log);
        });
        if let Dialect::Claude(_) = state.dialect {
            claude::settle(log);
        }
        self.log
    }
}

impl State {
    /// False: the line is broken.
    fn take(&mut self, line: &Line<'_>, log: &mut Log) -> bool {
        self.number += 1;
        let line = match line {
            Line::Whole(line) => line.trim_ascii(),
            Line::TooLong => {
                log.lines += 1;
                log.too_long += 1;
                return true;
            }
        };
        if line.is_empty() {
            return true;
        }
        log.lines += 1;
        let Ok(line) = std::str::from_utf8(line) else { return false };
        match &mut self.dialect {
            Dialect::Claude(claude) => claude.take(line, log, &mut self.names).is_ok(),
            Dialect::Codex(codex) => codex.take(line, log, &mut self.names).is_ok(),
        }
    }
}

/// Texts that come again and again, each held once.
#[derive(Default)]
pub(crate) struct Names(HashSet<Arc<str>>);

impl Names {
    pub(crate) fn of(&mut self, name: &str) -> Arc<str> {
        if let Some(held) = self.0.get(name) {
            return held.clone();
        }
        let held: Arc<str> = name.into();
        self.0.insert(held.clone());
        held
    }
}
