//! What harnesses tell the model of themselves: of files that changed, and how it is to answer.

/// Edits that a harness takes from the text of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InText {
    /// SEARCH/REPLACE blocks.
    Blocks,
    /// Unified diffs.
    Diffs,
}

/// The edits that instructions ask for in the text of answers, in the words of Aider 0.86.2 (`coders/*_prompts.py`); its modes for
/// questions and plans have the files but not these words.
pub(super) fn in_text(instructions: &str) -> Option<InText> {
    let blocks = ["*SEARCH/REPLACE block* Rules", "*SEARCH/REPLACE BLOCK*"];
    if blocks.iter().any(|words| instructions.contains(words)) {
        return Some(InText::Blocks);
    }
    instructions.contains("Return edits similar to unified diffs").then_some(InText::Diffs)
}

/// Whether a harness tells that a file changed under the model's hands.
pub(super) fn tells_of_changes(text: &str) -> bool {
    [
        "was modified, either by the user or by a linter",
        "changed on disk since you last read it",
        "modified since you last",
        "# Recently Modified Files",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// Whether the harness wrote the message by itself, in the middle of the work.
pub(super) fn is_of_the_harness(text: &str) -> bool {
    let text = text.trim();
    ["system-reminder", "environment_context"].iter().any(|tag| {
        let inner =
            text.strip_prefix('<').and_then(|rest| rest.strip_prefix(tag)).and_then(|rest| rest.strip_prefix('>'));
        inner.is_some_and(|inner| {
            inner.ends_with('>') && inner.strip_suffix('>').is_some_and(|inner| inner.ends_with(&format!("</{tag}")))
        })
    })
}

/// The harness's reminders in a text, also in a tool's result, where Claude Code may put them. What language servers report
/// names files that did not change, and is left out.
pub(super) fn reminders(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split("<system-reminder>").skip(1);
    inner
        .map(|rest| rest.split_once("</system-reminder>").map_or(rest, |(inner, _)| inner))
        .filter(|inner| !inner.contains("<new-diagnostics>"))
}

/// Whether the text names the file. Harnesses word differently that a file changed, and from version to version, but they all
/// name it.
pub(super) fn names(text: &str, path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| text.contains(last))
}
