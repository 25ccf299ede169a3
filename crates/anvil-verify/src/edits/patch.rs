//! Patches in Codex's form: `*** Begin Patch`, sections of files, `*** End Patch`.
//!
//! The form is the grammar that Codex offers with its `apply_patch` tool. Codex looks for the lines of a change as they are, then
//! without trailing, then without surrounding white space, then with plain punctuation (`codex-rs/apply-patch`, `seek_sequence`
//! and `parser`; `OpenCode` 1.18.33 does the same). The verdicts are held against those of Codex 0.169.0 itself in
//! `tests/verify/edits/oracle.rs`.

use super::fold;
use super::request::Holder;
use crate::defect::Defect;
use crate::seen::Seen;
use crate::span::Span;

const BEGIN: &str = "*** Begin Patch";
const END: &str = "*** End Patch";

/// What a patch does to one file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) path: String,
    pub(crate) deed: Deed,
}

/// What is done to a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It is written anew.
    Add(String),
    /// It is taken away.
    Delete,
    /// It is changed, and perhaps moved.
    Update { chunks: Vec<Chunk>, to: Option<String> },
}

/// A change in one place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Lines that stand somewhere before the change.
    pub(crate) context: Vec<String>,
    pub(crate) old: Vec<String>,
    pub(crate) new: Vec<String>,
}

/// Who reads a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Codex, which refuses what it does not understand.
    Codex,
    /// `OpenCode`, which passes over it.
    OpenCode,
    /// Perhaps one of those, perhaps one who is more lenient in all.
    Unknown,
}

impl Reader {
    /// Who reads what stands in `holder`.
    pub(crate) fn of(holder: Holder, is_codex: bool) -> Self {
        match holder {
            Holder::Nothing => Self::Codex,
            Holder::Input if is_codex => Self::Codex,
            Holder::Input => Self::Unknown,
            Holder::PatchText => Self::OpenCode,
        }
    }
}

/// Reads a patch. Only that is refused which the reader certainly does not take.
///
/// # Errors
/// [`Defect::MalformedPatch`].
pub(crate) fn parse(text: &str, reader: Reader) -> Result<Vec<Section>, Defect> {
    let mut sections: Vec<Section> = Vec::new();
    let (mut begun, mut passes, mut offset) = (false, false, 0);
    for line in text.split('\n') {
        let span = Span::new(offset, offset.saturating_add(line.len()));
        offset = offset.saturating_add(line.len()).saturating_add(1);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if !begun {
            begun = line.trim() == BEGIN;
        } else if line.trim() == END {
            return Ok(sections);
        } else if reader != Reader::OpenCode || !passes_over(line, &mut passes) {
            let read = section_line(&mut sections, line, reader);
            read.or_else(|reason| match reader {
                Reader::Codex => Err(Defect::MalformedPatch { reason, span }),
                Reader::OpenCode | Reader::Unknown => Ok(()),
            })?;
        }
    }
    let has = |marker: &str| text.lines().any(|line| line.trim_start().starts_with(marker));
    if reader == Reader::Unknown && has(BEGIN) == has(END) {
        return Ok(sections);
    }
    let reason = if begun { "it has no `*** End Patch`" } else { "it has no `*** Begin Patch`" };
    Err(Defect::MalformedPatch { reason, span: Span::new(0, text.len()) })
}

/// Whether `OpenCode` passes over the line: what follows a line of three stars that names no file, up to one that does.
fn passes_over(line: &str, passes: &mut bool) -> bool {
    if line.starts_with("***") {
        let headers = ["*** Add File:", "*** Delete File:", "*** Update File:", "*** Move to:"];
        *passes = !headers.iter().any(|header| line.starts_with(header));
    }
    *passes
}

/// One line between the beginning and the end.
fn section_line(sections: &mut Vec<Section>, line: &str, reader: Reader) -> Result<(), &'static str> {
    if let Some(header) = line.trim_start().strip_prefix("*** ").filter(|_| !line.starts_with(['+', '-', ' '])) {
        return header_line(sections, header.trim_end());
    }
    match sections.last_mut().map(|section| &mut section.deed) {
        Some(Deed::Add(text)) => {
            let Some(added) = line.strip_prefix('+') else {
                return if line.trim().is_empty() {
                    Ok(())
                } else {
                    Err("a line of a new file does not begin with `+`")
                };
            };
            text.push_str(added);
            text.push('\n');
            Ok(())
        }
        // `OpenCode` begins to read at the first `@@`.
        Some(Deed::Update { chunks, .. })
            if reader == Reader::OpenCode && chunks.is_empty() && !line.starts_with("@@") =>
        {
            Ok(())
        }
        Some(Deed::Update { chunks, .. }) => chunk_line(chunks, line),
        _ if line.trim().is_empty() => Ok(()),
        Some(Deed::Delete) => Err("there are lines below the deletion of a file"),
        None => Err("there are lines before the first file"),
    }
}

/// A line that begins with three stars.
fn header_line(sections: &mut Vec<Section>, header: &str) -> Result<(), &'static str> {
    let (word, path) = header.split_once(':').unwrap_or((header, ""));
    let path = path.trim();
    let deed = match word {
        "Add File" => Deed::Add(String::new()),
        "Delete File" => Deed::Delete,
        "Update File" => Deed::Update { chunks: Vec::new(), to: None },
        "Move to" => {
            if let Some(Section { deed: Deed::Update { to, .. }, .. }) = sections.last_mut() {
                *to = Some(path.to_owned());
            }
            return Ok(());
        }
        // `End of File`, and headers of newer versions.
        _ => return Ok(()),
    };
    if path.is_empty() {
        return Err("a file has no name");
    }
    sections.push(Section { path: path.to_owned(), deed });
    Ok(())
}

fn chunk_line(chunks: &mut Vec<Chunk>, line: &str) -> Result<(), &'static str> {
    if let Some(context) = line.strip_prefix("@@") {
        if chunks.last().is_none_or(|chunk| !chunk.old.is_empty() || !chunk.new.is_empty()) {
            chunks.push(Chunk::default());
        }
        let context = context.trim();
        if let (Some(chunk), false) = (chunks.last_mut(), context.is_empty()) {
            chunk.context.push(context.to_owned());
        }
        return Ok(());
    }
    let mut letters = line.chars();
    let mark = letters.next();
    let rest = letters.as_str();
    if !matches!(mark, Some(' ' | '+' | '-') | None) {
        return Err("a line of a change begins with none of ` `, `+`, `-`, `@@`");
    }
    if chunks.is_empty() {
        chunks.push(Chunk::default());
    }
    let Some(chunk) = chunks.last_mut() else { return Ok(()) };
    if mark != Some('+') {
        chunk.old.push(rest.to_owned());
    }
    if mark != Some('-') {
        chunk.new.push(rest.to_owned());
    }
    Ok(())
}

/// Whether each change of the patch can find its place.
///
/// # Errors
/// [`Defect::MalformedPatch`], [`Defect::PatchContextMissing`].
pub(super) fn check(text: &str, holder: Holder, seen: &Seen) -> Result<(), Defect> {
    let reader = Reader::of(holder, seen.is_codex());
    let sections = parse(text, reader)?;
    if reader == Reader::Unknown {
        return Ok(());
    }
    let mut hunk = 0_usize;
    let mut budget = super::WORK;
    for (at, section) in sections.iter().enumerate() {
        let Deed::Update { chunks, .. } = &section.deed else { continue };
        let first = hunk;
        hunk = hunk.saturating_add(chunks.len());
        // What an earlier section of the same patch made of the file is not followed.
        let touched = sections.iter().take(at).any(|before| before.is_about(&section.path, seen));
        let Some(file) = (!touched).then(|| seen.whole(&section.path)).flatten() else { continue };
        let lines = fold::lines(file);
        for (chunk, hunk) in chunks.iter().zip(first..) {
            budget = budget.saturating_sub(lines.len().saturating_mul(chunk.context.len().saturating_add(2)));
            if budget == 0 {
                return Ok(());
            }
            if !finds(&lines, chunk) {
                return Err(Defect::PatchContextMissing { hunk });
            }
        }
    }
    Ok(())
}

impl Section {
    /// Whether the section changes what may be the file of that name.
    fn is_about(&self, path: &str, seen: &Seen) -> bool {
        let to = match &self.deed {
            Deed::Update { to: Some(to), .. } => seen.may_be_one(to, path),
            _ => false,
        };
        to || seen.may_be_one(&self.path, path)
    }
}

/// Whether the lines of a change stand in a folded file.
fn finds(file: &str, chunk: &Chunk) -> bool {
    let stands = |lines: &[String]| file.contains(&fold::lines(&lines.join("\n")));
    let old = chunk.old.as_slice();
    let without_last = match old.split_last() {
        Some((last, rest)) if last.trim().is_empty() => rest,
        _ => old,
    };
    chunk.context.iter().all(|line| stands(std::slice::from_ref(line)))
        && (without_last.is_empty() || stands(old) || stands(without_last))
}

impl Chunk {
    /// The file after this change, where its lines stand there to the letter, once, and its place is not sought by more.
    pub(crate) fn applied(&self, text: &str) -> Option<String> {
        let lines = |lines: &[String]| lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>();
        let ends = text.ends_with('\n');
        let file = format!("\n{}{}", text, if ends { "" } else { "\n" });
        let (old, new) = (format!("\n{}", lines(&self.old)), format!("\n{}", lines(&self.new)));
        if self.old.is_empty() || file.matches(&old).take(2).count() != 1 {
            return None;
        }
        let after = file.replacen(&old, &new, 1);
        after.strip_prefix('\n').map(str::to_owned)
    }
}
