//! Generated conversations beside the files as they truly are then: an edit that truly applies is never rejected.

use anvil_verify::{Seen, edits};
use proptest::prelude::*;
use serde_json::json;

use super::label;

/// The files; the last is the first, by a folder that is a link.
const PATHS: [&str; 3] = ["/p/a.py", "/p/lib/b.py", "/q/a.py"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harness {
    Claude,
    Pi,
}

#[derive(Debug, Clone)]
enum Step {
    Read {
        file: usize,
        part: Option<(usize, usize)>,
    },
    Edit {
        file: usize,
        from: usize,
        len: usize,
        new: String,
        all: bool,
    },
    Fail {
        file: usize,
        says_so: bool,
    },
    Write {
        file: usize,
        text: String,
    },
    Look,
    Run {
        file: usize,
        text: String,
    },
    /// Someone else writes the file. Claude Code tells of it, where and how it does; otherwise the user takes a turn.
    Outside {
        file: usize,
        text: String,
        told: usize,
    },
    Turn,
    /// A reading and an edit side by side.
    Both {
        file: usize,
        new: String,
    },
    Compact,
}

fn texts() -> impl Strategy<Value = String> {
    "[abc \n]{0,30}"
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let file = 0..PATHS.len();
    let step = prop_oneof![
        4 => (file.clone(), proptest::option::of((1_usize..6, 1_usize..6))).prop_map(|(file, part)| Step::Read { file, part }),
        4 => (file.clone(), 0_usize..30, 1_usize..9, texts(), any::<bool>())
            .prop_map(|(file, from, len, new, all)| Step::Edit { file, from, len, new, all }),
        1 => (file.clone(), any::<bool>()).prop_map(|(file, says_so)| Step::Fail { file, says_so }),
        2 => (file.clone(), texts()).prop_map(|(file, text)| Step::Write { file, text }),
        1 => Just(Step::Look),
        1 => (file.clone(), texts()).prop_map(|(file, text)| Step::Run { file, text }),
        2 => (file.clone(), texts(), 0_usize..6).prop_map(|(file, text, told)| Step::Outside { file, text, told }),
        1 => Just(Step::Turn),
        1 => (file, texts()).prop_map(|(file, new)| Step::Both { file, new }),
        1 => Just(Step::Compact),
    ];
    proptest::collection::vec(step, 1..14)
}

/// A conversation and the files as they are.
struct World {
    harness: Harness,
    seen: Seen,
    files: [String; 2],
    calls: usize,
}

impl World {
    fn text(&mut self, file: usize) -> &mut String {
        &mut self.files[file % 2]
    }

    fn call(&mut self, name: &str, arguments: &serde_json::Value) -> String {
        self.calls += 1;
        let id = format!("call {}", self.calls);
        self.seen.call(&id, name, &arguments.to_string());
        id
    }

    fn asks_to_read(&mut self, file: usize, part: Option<(usize, usize)>) -> String {
        let (name, key) = if self.harness == Harness::Claude { ("Read", "file_path") } else { ("read", "path") };
        let mut arguments = json!({key: PATHS[file]});
        if let Some((first, limit)) = part {
            arguments["offset"] = json!(first);
            arguments["limit"] = json!(limit);
        }
        self.call(name, &arguments)
    }

    fn shown(&mut self, file: usize, part: Option<(usize, usize)>) -> Option<String> {
        let (first, limit) = part.unwrap_or((1, usize::MAX));
        let text = self.text(file).clone();
        let lines: Vec<&str> = text.split('\n').collect();
        let shown: Vec<&str> = lines.iter().skip(first - 1).take(limit).copied().collect();
        if shown.is_empty() || (text.is_empty() && self.harness == Harness::Claude) {
            return None;
        }
        if self.harness == Harness::Claude {
            let numbered = shown.iter().zip(first..).map(|(line, at)| format!("{at}\t{line}"));
            return Some(numbered.collect::<Vec<_>>().join("\n"));
        }
        let left = lines.len() - (first - 1 + shown.len());
        let note = format!("\n\n[{left} more lines in file. Use offset={} to continue.]", first + shown.len());
        Some(shown.join("\n") + if left > 0 { &note } else { "" })
    }

    fn asks_to_edit(&mut self, file: usize, old: &str, new: &str, all: bool) -> String {
        if self.harness == Harness::Claude {
            let arguments = json!({"file_path": PATHS[file], "old_string": old, "new_string": new, "replace_all": all});
            return self.call("Edit", &arguments);
        }
        self.call("edit", &json!({"path": PATHS[file], "edits": [{"oldText": old, "newText": new}]}))
    }

    /// What the tool makes of the file; `None` where it refuses.
    fn edited(&mut self, file: usize, old: &str, new: &str, all: bool) -> Option<String> {
        let is_claude = self.harness == Harness::Claude;
        let text = self.text(file).clone();
        let count = text.matches(old).count();
        let new = if is_claude { bare(new) } else { new.to_owned() };
        if old.is_empty() || old == new || count == 0 || (count > 1 && !(all && is_claude)) {
            return None;
        }
        let longer = format!("{old}\n");
        let swallows = is_claude && new.is_empty() && !old.ends_with('\n') && text.contains(&longer);
        Some(text.replace(if swallows { &longer } else { old }, &new))
    }

    fn edit(&mut self, file: usize, old: &str, new: &str, all: bool) {
        let id = self.asks_to_edit(file, old, new, all);
        let answer = self.edited(file, old, new, all);
        self.edit_came_back(file, &id, answer);
    }

    fn edit_came_back(&mut self, file: usize, id: &str, after: Option<String>) {
        match after {
            Some(after) => {
                *self.text(file) = after;
                let done = "The file has been updated successfully. Successfully replaced 1 block(s).";
                self.seen.result(id, done, false);
            }
            None => self.seen.result(id, "String to replace not found in file.", true),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Read { file, part } => {
                let id = self.asks_to_read(file, part);
                match self.shown(file, part) {
                    Some(shown) => self.seen.result(&id, &shown, false),
                    None => self.seen.result(&id, "there is no such line", true),
                }
            }
            Step::Edit { file, from, len, new, all } => {
                let old: String = self.text(file).chars().skip(from).take(len).collect();
                self.edit(file, &old, &new, all);
            }
            Step::Fail { file, says_so } => {
                let id = self.asks_to_edit(file, "nowhere", "x", false);
                self.seen.result(&id, "<tool_use_error>String to replace not found</tool_use_error>", says_so);
            }
            Step::Write { file, text } => {
                let (name, key) =
                    if self.harness == Harness::Claude { ("Write", "file_path") } else { ("write", "path") };
                let id = self.call(name, &json!({key: PATHS[file], "content": text}));
                *self.text(file) = if self.harness == Harness::Claude { bare(&text) } else { text };
                self.seen.result(&id, "The file has been updated successfully. Successfully wrote 9 bytes", false);
            }
            Step::Look => {
                let id = self.call("Bash", &json!({"command": "ls -la /p | head -n 3"}));
                self.seen.result(&id, "a.py", false);
            }
            Step::Run { file, text } => {
                let id = self.call("Bash", &json!({"command": "make format"}));
                *self.text(file) = text;
                self.seen.result(&id, "done", false);
            }
            Step::Outside { file, text, told } => {
                *self.text(file) = text;
                self.tell(file, told);
            }
            Step::Turn => self.seen.user("go on"),
            Step::Both { file, new } => {
                let (shown, old) = (self.shown(file, None), self.text(file).chars().take(4).collect::<String>());
                let (reading, editing) = (self.asks_to_read(file, None), self.asks_to_edit(file, &old, &new, false));
                let after = self.edited(file, &old, &new, false);
                self.edit_came_back(file, &editing, after);
                self.seen.result(&reading, &shown.unwrap_or_default(), false);
            }
            Step::Compact => {
                self.seen = Seen::new();
                self.seen.user("This session is being continued from a previous conversation.");
            }
        }
    }

    fn tell(&mut self, file: usize, told: usize) {
        if self.harness == Harness::Pi {
            return self.seen.user("I have changed something");
        }
        // Both names of a file that has two were read, so both are told.
        let names = if file == 1 { [PATHS[1]; 2] } else { [PATHS[0], PATHS[2]] };
        let note = names.map(|name| match told % 2 {
            0 => format!("Note: {name} was modified, either by the user or by a linter. This change was intentional."),
            _ => format!("Note: {name} was altered, in words of a version to come."),
        });
        let note = format!("<system-reminder>\n{}\n</system-reminder>", note.join("\n"));
        match told / 2 {
            0 => self.seen.user(&note),
            1 => self.seen.instructions(&note),
            _ => {
                let id = self.call("Bash", &json!({"command": "git status"}));
                self.seen.result(&id, &format!("clean\n\n{note}"), false);
            }
        }
    }
}

/// As Claude Code writes a text.
fn bare(text: &str) -> String {
    text.split('\n').map(str::trim_end).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn an_edit_that_truly_applies_is_never_rejected(
        claude in any::<bool>(),
        first in (texts(), texts()),
        steps in steps(),
        last in proptest::collection::vec((0..PATHS.len(), 0_usize..30, 1_usize..9), 6),
    ) {
        let harness = if claude { Harness::Claude } else { Harness::Pi };
        let mut world = World { harness, seen: Seen::new(), files: [first.0, first.1], calls: 0 };
        for step in steps {
            world.step(step);
        }
        for (file, from, len) in last {
            let old: String = world.text(file).chars().skip(from).take(len).collect();
            let Some(_) = world.edited(file, &old, "NEW", false) else { continue };
            let (name, arguments) = if claude {
                ("Edit", json!({"file_path": PATHS[file], "old_string": old, "new_string": "NEW"}))
            } else {
                ("edit", json!({"path": PATHS[file], "oldText": old, "newText": "NEW"}))
            };
            let verdict = label(edits::call(name, &arguments.to_string(), &world.seen));
            prop_assert_eq!(verdict, None, "{} {:?} in {:?}", PATHS[file], old, world.text(file));
        }
    }

    #[test]
    fn a_file_that_is_read_again_is_judged_by(first in texts(), second in "[abc \n]{1,30}", steps in steps()) {
        let mut world = World { harness: Harness::Claude, seen: Seen::new(), files: [first, second.clone()], calls: 0 };
        for step in steps {
            world.step(step);
        }
        *world.text(1) = second;
        world.tell(1, 0);
        world.step(Step::Read { file: 1, part: None });
        let call = json!({"file_path": PATHS[1], "old_string": "nowhere", "new_string": "NEW"}).to_string();
        prop_assert_eq!(label(edits::call("Edit", &call, &world.seen)), Some("edit_text_missing"));
    }
}
