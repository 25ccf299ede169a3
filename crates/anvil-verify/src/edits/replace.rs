//! Texts of a file that are replaced by others.

use super::request::{Change, Tool};
use super::{WORK, fold};
use crate::defect::Defect;
use crate::seen::{File, Source};

/// Short forms of tags that Claude Code puts long ones in place of where the text is not found (bundle of 2.1.197); an old text
/// with one of them is not judged.
const SHORT_FORMS: [&str; 18] = [
    "<fnr>",
    "<n>",
    "</n>",
    "<o>",
    "</o>",
    "<e>",
    "</e>",
    "<s>",
    "</s>",
    "<r>",
    "</r>",
    "< META_START >",
    "< META_END >",
    "< EOT >",
    "< META >",
    "< SOS >",
    "\n\nH:",
    "\n\nA:",
];

/// Whether the replacements apply, in order.
pub(super) fn check(tool: Tool, changes: &[Change], file: Option<&File>) -> Result<(), Defect> {
    without_effect(tool, changes)?;
    let Some(file) = file else { return Ok(()) };
    let Some(whole) = file.whole() else { return in_part(tool, changes, file) };
    let strict = tool == Tool::Claude && file.source == Source::ClaudeCode;
    let mut text = whole.to_owned();
    let mut budget = WORK;
    for (edit, change) in changes.iter().enumerate() {
        budget = budget.saturating_sub(text.len().saturating_add(change.old.len()).saturating_mul(4));
        if budget == 0 {
            return Ok(());
        }
        let old = change.old.replace("\r\n", "\n");
        if old.is_empty() {
            return if edit == 0 { empty(tool, file, &text) } else { Ok(()) };
        }
        if !stands(strict, &text, &old) {
            return Err(Defect::EditTextMissing { edit });
        }
        if is_ambiguous(tool, change, text.matches(&old).take(2).count()) {
            return Err(Defect::EditTextAmbiguous { edit });
        }
        // Pi and Cline find every text in the file as it was; the others in what the replacement before has made of it.
        if !matches!(tool, Tool::Pi | Tool::Cline) {
            let Some(next) = applied(&text, change) else { return Ok(()) };
            text = next;
        }
    }
    Ok(())
}

/// A text replaced by itself, where the tool refuses that whatever the file.
fn without_effect(tool: Tool, changes: &[Change]) -> Result<(), Defect> {
    let same = |change: &Change| change.old == change.new;
    // White space at a line's end is taken from the new text (Claude Code), or from the file (Pi), before they are compared.
    let bare = |change: &Change| same(change) && !ends_blank(&change.old);
    let plain = |change: &Change| bare(change) && change.old.is_ascii();
    let edit = match tool {
        Tool::Claude => changes.iter().position(bare),
        Tool::OpenCode | Tool::Continue => changes.iter().position(same),
        Tool::Pi if !changes.is_empty() && changes.iter().all(plain) => Some(0),
        // Qwen Code may still turn typographic quotes into plain ones; Cline writes the file as it is.
        Tool::Pi | Tool::Qwen | Tool::Cline => None,
    };
    edit.map_or(Ok(()), |edit| Err(Defect::EditWithoutEffect { edit }))
}

/// Whether a line ends with white space.
pub(crate) fn ends_blank(text: &str) -> bool {
    text.split('\n').any(|line| line.strip_suffix('\r').unwrap_or(line).ends_with(char::is_whitespace))
}

/// An empty old text asks for a new file; of a file that is there it says nothing. Continue's `Edit`, which has the form of
/// Claude Code's, takes it for the file's beginning, and older versions of `OpenCode` for all of the file.
fn empty(tool: Tool, file: &File, text: &str) -> Result<(), Defect> {
    let refused = tool == Tool::Qwen || (tool == Tool::Claude && file.source == Source::ClaudeCode);
    if refused && !text.trim().is_empty() { Err(Defect::EditTextAmbiguous { edit: 0 }) } else { Ok(()) }
}

/// What can be said of the first replacement in a file of which only parts are known: that its text stands there twice.
fn in_part(tool: Tool, changes: &[Change], file: &File) -> Result<(), Defect> {
    let Some(change) = changes.first() else { return Ok(()) };
    let old = change.old.replace("\r\n", "\n");
    if old.is_empty() {
        return Ok(());
    }
    let count = file.stretches().iter().map(|stretch| stretch.matches(&old).take(2).count()).sum();
    if is_ambiguous(tool, change, count) { Err(Defect::EditTextAmbiguous { edit: 0 }) } else { Ok(()) }
}

/// Whether the tool refuses a text that stands to the letter in `count` places.
fn is_ambiguous(tool: Tool, change: &Change, count: usize) -> bool {
    let refuses = match tool {
        Tool::Claude | Tool::Continue | Tool::Pi => !change.old.trim().is_empty(),
        // It takes the line's end along when it deletes, which may single out one place.
        Tool::Qwen => !change.new.is_empty(),
        // OpenCode goes on to other readings, of which one may be unique; Cline takes the first place.
        Tool::OpenCode | Tool::Cline => false,
    };
    let all = change.all && tool != Tool::Pi;
    // An old text with other ends of lines is found line by line, perhaps in one place only.
    refuses && !all && count > 1 && !change.old.contains('\r')
}

/// Whether the old text stands in the file under any reading that the tool tries.
fn stands(strict: bool, text: &str, old: &str) -> bool {
    if text.contains(old) || format!("{text}\n").contains(old) {
        return true;
    }
    if strict {
        return SHORT_FORMS.iter().any(|form| old.contains(form))
            || [false, true]
                .iter()
                .any(|escapes| fold::exact(&format!("{text}\n"), *escapes).contains(&fold::exact(old, *escapes)));
    }
    stands_loosely(text, old)
}

/// Whether the old text stands in the file under any reading that any tool tries.
pub(super) fn stands_loosely(text: &str, old: &str) -> bool {
    let blank = old.trim().is_empty();
    if blank || text.contains(old) || fold::may_compose(old) || fold::may_compose(text) {
        return true;
    }
    let under = |escapes| fold::squeezed(text, escapes).contains(&fold::squeezed(old, escapes));
    under(false) || under(true) || is_anchored(text, old)
}

/// Whether the first and the last line of several stand in the file: some tools then forgive what is between. Of two lines
/// with a line feed at the end `OpenCode` 1.18.33 still finds three lines that begin and end so.
fn is_anchored(text: &str, old: &str) -> bool {
    let file = fold::lines(text);
    [old, old.trim()].iter().any(|old| {
        let lines: Vec<&str> = old.strip_suffix('\n').unwrap_or(old).split('\n').collect();
        let ends = [lines.first(), lines.last()];
        lines.len() >= 2 && ends.into_iter().flatten().all(|line| file.contains(&fold::lines(line)))
    })
}

/// The file after a replacement that applies to the letter; `None` where it does so only under another reading, where it is
/// unclear in which place or how much of the white space around goes along, and where it would grow without measure.
pub(crate) fn applied(text: &str, change: &Change) -> Option<String> {
    let old = change.old.replace("\r\n", "\n");
    let new = change.new.replace("\r\n", "\n");
    let swallows = new.is_empty() && !old.ends_with('\n');
    let escapes = [&old, &new].iter().any(|text| text.contains("\\u"));
    if old.is_empty() || ends_blank(&new) || swallows || escapes {
        return None;
    }
    let count = text.matches(&old).count();
    let growth = count.checked_mul(new.len())?;
    ((count == 1 || (change.all && count > 1)) && growth <= WORK).then(|| text.replace(&old, &new))
}
