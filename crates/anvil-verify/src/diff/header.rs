//! The extended header that begins with `diff --git`.

use super::line::Line;
use super::name::{self, Strip, common, is_null, is_space, name};

const NAMELESS: &str = "a git header does not say which file it is about";
const CONTRADICTORY: &str = "a file is said to be more than one of new, deleted, renamed and copied";
const MODE: &str = "the mode of a file is not a number";
const OTHER_NAME: &str = "a file has two names in one git header";
const NULL_NAMED: &str = "a new or deleted file has a name where /dev/null belongs";

/// What a line was to a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// A part of it.
    Part,
    /// No part of it; it is over.
    Other,
    /// Nothing that can be judged by itself: git looks for the mode that is missing here on the lines that follow.
    Unknown,
}

/// A header whose lines are being read.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the kinds of lines that a header may have")]
pub(super) struct GitHeader {
    /// The lines after the first.
    pub(super) lines: usize,
    pub(super) creates: bool,
    pub(super) deletes: bool,
    moves: bool,
    copies: bool,
    modes: [u32; 2],
    /// The name that the first line has on both sides.
    both: Option<Vec<u8>>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
}

impl GitHeader {
    /// The header after its first line, of which `text` is what follows `diff --git `.
    ///
    /// `carried` is the name of a header of the same search that had no lines of its own: git remembers it.
    pub(super) fn new(text: &[u8], strip: Strip, carried: Option<Vec<u8>>) -> Self {
        Self { both: common(text, strip), old: carried.clone(), new: carried, ..Self::default() }
    }

    /// Takes one line, whose first words decide what it is.
    pub(super) fn line(&mut self, line: Line<'_>, strip: Strip) -> Result<Heard, &'static str> {
        if line.ended && lacks_mode(line.text) {
            return Ok(Heard::Unknown);
        }
        if !line.ended || line.text.starts_with(b"@@ -") || !self.take(line.text, strip)? {
            return Ok(Heard::Other);
        }
        self.lines += 1;
        if [self.creates, self.deletes, self.moves, self.copies].into_iter().filter(|&is| is).count() > 1 {
            return Err(CONTRADICTORY);
        }
        Ok(Heard::Part)
    }

    fn take(&mut self, text: &[u8], strip: Strip) -> Result<bool, &'static str> {
        if let Some(rest) = text.strip_prefix(b"--- ") {
            check_name(&mut self.old, rest, self.creates, strip)?;
        } else if let Some(rest) = text.strip_prefix(b"+++ ") {
            check_name(&mut self.new, rest, self.deletes, strip)?;
        } else if let Some(rest) = text.strip_prefix(b"old mode ") {
            self.modes[0] = mode(rest)?;
        } else if let Some(rest) = text.strip_prefix(b"new mode ") {
            self.modes[1] = mode(rest)?;
        } else if let Some(rest) = text.strip_prefix(b"deleted file mode ") {
            (self.deletes, self.old) = (true, self.both.clone());
            self.modes[0] = mode(rest)?;
        } else if let Some(rest) = text.strip_prefix(b"new file mode ") {
            (self.creates, self.new) = (true, self.both.clone());
            self.modes[1] = mode(rest)?;
        } else if let Some(rest) = text.strip_prefix(b"index ") {
            self.index(rest)?;
        } else {
            return Ok(self.take_move(text)
                || text.starts_with(b"similarity index ")
                || text.starts_with(b"dissimilarity index "));
        }
        Ok(true)
    }

    /// Names in these lines have no `a/` and `b/`.
    fn take_move(&mut self, text: &[u8]) -> bool {
        let whole = |rest| name(rest, Strip::Nothing, false);
        if let Some(rest) = text.strip_prefix(b"copy from ") {
            (self.copies, self.old) = (true, whole(rest));
        } else if let Some(rest) = text.strip_prefix(b"copy to ") {
            (self.copies, self.new) = (true, whole(rest));
        } else if let Some(rest) = text.strip_prefix(b"rename from ").or(text.strip_prefix(b"rename old ")) {
            (self.moves, self.old) = (true, whole(rest));
        } else if let Some(rest) = text.strip_prefix(b"rename to ").or(text.strip_prefix(b"rename new ")) {
            (self.moves, self.new) = (true, whole(rest));
        } else {
            return false;
        }
        true
    }

    /// `old..new[ mode]`; what does not look like it is passed over.
    fn index(&mut self, text: &[u8]) -> Result<(), &'static str> {
        /// The digits of an object's hash (SHA-1).
        const MAX_HASH_DIGITS: usize = 40;
        let Some(dot) = memchr::memchr(b'.', text).filter(|&dot| dot <= MAX_HASH_DIGITS) else {
            return Ok(());
        };
        let Some(rest) = text.get(dot..).and_then(|rest| rest.strip_prefix(b"..")) else {
            return Ok(());
        };
        if let Some(space) = memchr::memchr(b' ', rest).filter(|&space| space <= MAX_HASH_DIGITS) {
            self.modes[0] = mode(rest.get(space + 1..).unwrap_or_default())?;
        }
        Ok(())
    }

    /// What is wrong with the header as a whole, when its last line was read.
    pub(super) fn finish(&mut self) -> Result<(), &'static str> {
        if self.old.is_none() && self.new.is_none() {
            let both = self.both.take().ok_or(NAMELESS)?;
            (self.old, self.new) = (Some(both.clone()), Some(both));
        }
        let lacks = (self.new.is_none() && !self.deletes) || (self.old.is_none() && !self.creates);
        if lacks { Err(NAMELESS) } else { Ok(()) }
    }

    /// The name that git remembers of a header without lines.
    pub(super) fn into_carried(self) -> Option<Vec<u8>> {
        self.old
    }

    /// Whether the header alone changes something, so that nothing need follow it.
    pub(super) const fn changes(&self) -> bool {
        let [old, new] = self.modes;
        self.creates || self.deletes || self.moves || self.copies || (old != 0 && new != 0 && old != new)
    }
}

/// Whether a line has a name whose quotation does not end on it.
pub(super) fn is_left_open(line: &[u8]) -> bool {
    const NAMED: [&[u8]; 5] = [b"--- \"", b"+++ \"", b"rename ", b"copy from \"", b"copy to \""];
    NAMED.iter().any(|words| line.starts_with(words)) && name::is_left_open(line)
}

/// The name of one side: the first that is heard is taken, and every other must be the same.
fn check_name(known: &mut Option<Vec<u8>>, text: &[u8], is_null_side: bool, strip: Strip) -> Result<(), &'static str> {
    match known {
        Some(_) if is_null_side => Err(NULL_NAMED),
        Some(known) if name(text, strip, true).as_ref() == Some(known) => Ok(()),
        Some(_) => Err(OTHER_NAME),
        None if is_null_side && !is_null(text) => Err(NULL_NAMED),
        None if is_null_side => Ok(()),
        None => {
            *known = name(text, strip, true);
            Ok(())
        }
    }
}

/// Whether a mode is announced and only white space follows.
fn lacks_mode(text: &[u8]) -> bool {
    const ANNOUNCED: [&[u8]; 4] = [b"old mode ", b"new mode ", b"deleted file mode ", b"new file mode "];
    let is_blank = |words: &&[u8]| text.strip_prefix(*words).is_some_and(|rest| rest.trim_ascii().is_empty());
    ANNOUNCED.iter().any(is_blank) || (text.starts_with(b"index ") && text.ends_with(b" "))
}

/// A mode in octal digits, up to white space.
fn mode(text: &[u8]) -> Result<u32, &'static str> {
    let text = text.trim_ascii_start();
    let text = text.strip_prefix(b"+").or(text.strip_prefix(b"-")).unwrap_or(text);
    let digits = text.iter().take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    let ends = text.get(digits).is_none_or(|&byte| is_space(byte));
    if digits == 0 || !ends {
        return Err(MODE);
    }
    Ok(text.iter().take(digits).fold(0, |mode: u32, digit| mode.wrapping_mul(8).wrapping_add(u32::from(digit - b'0'))))
}
