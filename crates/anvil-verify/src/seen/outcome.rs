//! What comes back from a tool that edits.

use super::file::Source;
use crate::edits::request::Tool;

/// Whose file it is after the tool wrote it; `None` where a formatter of the harness may have worked on it since.
pub(super) fn source(tool: Tool) -> Option<Source> {
    match tool {
        Tool::Claude => Some(Source::ClaudeCode),
        Tool::Qwen => Some(Source::Qwen),
        Tool::Pi | Tool::Continue => Some(Source::Other),
        Tool::OpenCode | Tool::Cline => None,
    }
}

/// Whether the words are those of an edit tool that did as it was told, and of nobody who did otherwise on the way.
pub(super) fn succeeded(text: &str) -> bool {
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
    let otherwise =
        ["User modified", "user modified", "auto-format", "The user made", "modified on disk", "PostToolUse"];
    done.iter().any(|words| head.contains(words) || text.starts_with(words))
        && !otherwise.iter().any(|words| text.contains(words))
}

/// Whether a patch was applied by Codex, or by `OpenCode` or `OpenClaw`, who say it in the same words. Cline's words are others,
/// and so is what it makes of a patch.
pub(super) fn is_patched(text: &str) -> bool {
    text.contains("Success. Updated the following files:")
}

/// Whether a shell's command is still at work, in Codex's words.
pub(super) fn goes_on(text: &str) -> bool {
    text.contains("Process running with session ID")
}

/// Whether a shell answers as Codex's does.
pub(super) fn is_of_codex(text: &str) -> bool {
    text.split_once("Output:\n").is_some_and(|(header, _)| {
        header.lines().any(|line| line.starts_with("Process exited with code") || line.starts_with("Exit code:"))
    })
}
