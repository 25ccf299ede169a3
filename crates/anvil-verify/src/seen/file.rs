//! One file, as far as it was seen.

use std::collections::BTreeMap;

use super::reading::Reading;

/// Bytes that a line of a file known in part takes beside its text, about.
const LINE: usize = 48;

/// Which harness showed a file. It decides whether the file can have changed behind the conversation's back, and by which
/// rules an edit of it is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Claude Code: of a file that changed it tells before the next request, or else refuses to edit it, and it matches exactly
    /// (measured with 2.1.197, and in its bundle; 2.1.332 may still edit a file that changed where the text stands in it).
    ClaudeCode,
    /// Qwen Code: its edits refuse a file that changed since it was read (`checkPriorRead` in the bundle of 0.15.10).
    Qwen,
    /// Aider: pastes every file anew, as it is, into each request (`get_files_content` of 0.86.2).
    Aider,
    /// Any other.
    Other,
}

impl Source {
    /// Whether what was seen still holds after the user had a turn, in which they may have worked in their editor.
    pub(crate) fn outlives_a_turn(self) -> bool {
        self != Self::Other
    }
}

/// What is known of a file.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) source: Source,
    /// When it was last seen, in calls of [`super::Seen`].
    pub(crate) age: u64,
    known: Known,
    size: usize,
}

#[derive(Debug)]
enum Known {
    Whole(String),
    /// Lines by number, from 1, and the number of the last, where it was seen that it is the last.
    Part(BTreeMap<usize, String>, Option<usize>),
}

impl File {
    pub(crate) fn new(source: Source, reading: Reading) -> Self {
        let mut file = Self { source, age: 0, known: Known::Part(BTreeMap::new(), None), size: 0 };
        file.add(reading);
        file
    }

    /// Adds what was read. Where it contradicts what was known, the file has changed, and only the new counts.
    pub(crate) fn add(&mut self, reading: Reading) {
        let (first, lines, ends) = match reading {
            Reading::Whole(text) => {
                self.size = text.len();
                self.known = Known::Whole(text);
                return;
            }
            Reading::Part { first, lines, ends } => (first, lines, ends),
        };
        if let Known::Whole(text) = &self.known {
            let mut old = text.split('\n').skip(first.saturating_sub(1));
            if lines.iter().all(|line| old.next() == Some(line.as_str())) {
                return;
            }
            self.known = Known::Part(BTreeMap::new(), None);
            self.size = 0;
        }
        let Known::Part(known, last) = &mut self.known else { return };
        let end = first.saturating_add(lines.len());
        let contradicted = lines.iter().zip(first..).any(|(line, at)| known.get(&at).is_some_and(|old| old != line))
            || last.is_some_and(|last| end > last.saturating_add(1))
            || (ends && known.keys().next_back().is_some_and(|highest| *highest >= end));
        if contradicted {
            known.clear();
            *last = None;
            self.size = 0;
        }
        for (at, line) in (first..).zip(lines) {
            let size = line.len().saturating_add(LINE);
            if known.insert(at, line).is_none() {
                self.size = self.size.saturating_add(size);
            }
        }
        if ends {
            *last = Some(end.saturating_sub(1));
        }
        if *last == Some(known.len()) && known.first_key_value().is_none_or(|(at, _)| *at == 1) {
            let text = std::mem::take(known).into_values().collect::<Vec<_>>().join("\n");
            self.size = text.len();
            self.known = Known::Whole(text);
        }
    }

    /// The text, where all of it is known; whether it ends with a line feed may not be.
    pub(crate) fn whole(&self) -> Option<&str> {
        match &self.known {
            Known::Whole(text) => Some(text),
            Known::Part(..) => None,
        }
    }

    /// The known stretches of the file, each of neighbouring lines.
    pub(crate) fn stretches(&self) -> Vec<String> {
        let lines = match &self.known {
            Known::Whole(text) => return vec![text.clone()],
            Known::Part(lines, _) => lines,
        };
        let mut stretches: Vec<String> = Vec::new();
        let mut next = None;
        for (at, line) in lines {
            match stretches.last_mut() {
                Some(stretch) if next == Some(*at) => {
                    stretch.push('\n');
                    stretch.push_str(line);
                }
                _ => stretches.push(line.clone()),
            }
            next = Some(at.saturating_add(1));
        }
        stretches
    }

    /// Bytes that are gone through when a part of it is read again.
    pub(crate) fn cost(&self) -> usize {
        self.whole().map_or(0, str::len)
    }

    /// Bytes that it holds, about.
    pub(crate) fn size(&self) -> usize {
        self.size
    }
}
