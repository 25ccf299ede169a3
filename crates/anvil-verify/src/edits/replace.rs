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
        if !stands(tool, file.source, &text, &old) {
            return Err(Defect::EditTextMissing { edit });
        }
        if is_ambiguous(tool, file.source, change, text.matches(&old).take(2).count()) {
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
    if is_ambiguous(tool, file.source, change, count) { Err(Defect::EditTextAmbiguous { edit: 0 }) } else { Ok(()) }
}

/// Whether the tool refuses a text that stands to the letter in `count` places.
fn is_ambiguous(tool: Tool, source: Source, change: &Change, count: usize) -> bool {
    let refuses = match tool {
        Tool::Claude if source == Source::ClaudeCode => true,
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
fn stands(tool: Tool, source: Source, text: &str, old: &str) -> bool {
    if text.contains(old) || format!("{text}\n").contains(old) {
        return true;
    }
    match (tool, source) {
        (Tool::Claude, Source::ClaudeCode) => {
            let text = format!("{text}\n");
            let under = |escapes| fold::exact(&text, escapes).contains(&fold::exact(old, escapes));
            SHORT_FORMS.iter().any(|form| old.contains(form)) || under(false) || under(true)
        }
        (Tool::Qwen, Source::Qwen) => stands_but_for_ends(text, old),
        (Tool::Pi, _) => fold::may_compose(old) || fold::may_compose(text) || stands_but_for_ends(text, old),
        _ => stands_loosely(text, old),
    }
}

/// Whether the old text stands in the file but for white space at the ends of lines, and for punctuation: as Qwen Code 0.15.10
/// (`editHelper.ts`), Pi 0.73.1 (`edit-diff.ts`) and `OpenClaw` 2026.9.6 find it.
fn stands_but_for_ends(text: &str, old: &str) -> bool {
    old.trim().is_empty() || fold::ends(text).contains(fold::ends(old).trim_end_matches('\n'))
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

/// Whether the old text stands in the file as a run of whole lines, but for white space before each, as Aider finds it.
pub(super) fn stands_in_lines(text: &str, old: &str) -> bool {
    let splits = |text: &str| text.contains(['\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let strips = |text: &str| text.contains(|letter: char| ('\u{1c}'..='\u{1f}').contains(&letter));
    if old.trim().is_empty() || [text, old].iter().any(|text| splits(text) || strips(text)) {
        return true;
    }
    // Empty lines at the end are dropped.
    let end = old.trim_end().len();
    let blank = old.get(end..).and_then(|rest| rest.find('\n')).map_or(old.len(), |at| end.saturating_add(at));
    let (file, old) = (fold::starts(text), fold::starts(old.get(..blank).unwrap_or(old)));
    // An empty line at the front may be too much.
    file.contains(&old) || old.strip_prefix('\n').is_some_and(|rest| rest.starts_with('\n') && file.contains(rest))
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
