//! Fenced blocks of code in a streamed text, as CommonMark 0.31 has them.
//!
//! A line tells what it is when it is complete; a lone carriage return ends none.

use crate::blocks::{Blocks, Sight};
use crate::defect::Defect;
use crate::lines::{Lines, Segment};
use crate::span::Span;

/// The most bytes of a block that are kept; the content of a larger one is dropped.
pub const BLOCK_LIMIT: usize = 1024 * 1024;

/// Finds the fenced blocks of a text that arrives in pieces.
#[derive(Debug, Default)]
pub struct Fences {
    lines: Lines,
    reader: Reader,
}

/// What a text turns out to be, in its order.
#[derive(Debug)]
pub enum FenceEvent<'a> {
    /// A line outside of fences, with its end and with what it is indented by; or a part of a line of more than 4 KiB.
    Text {
        /// The line.
        text: &'a str,
        /// Where in the text it begins.
        start: usize,
        /// What kind of line.
        kind: TextKind,
        /// Whether it may be meant as code: what is a fence above it is doubtful, as [`FencedBlock::is_doubtful`] has it.
        is_doubtful: bool,
    },
    /// A fence has begun.
    Opened {
        /// What stands behind the marker: the language, mostly.
        info: &'a str,
        /// The line that opens it, from its marker on.
        span: Span,
    },
    /// A piece of what is inside: a line with its end, without what the fence is indented by.
    Content(&'a str),
    /// The fence has ended.
    Closed(FencedBlock),
}

/// What a line outside of fences is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// Text, headings, rules, tables, HTML.
    Prose,
    /// Indented code.
    Code,
    /// A blank line.
    Blank,
}

/// A fenced block that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FencedBlock {
    /// What stands behind the marker.
    pub info: String,
    /// What is inside, without what the fence is indented by; empty where `is_whole` is not set.
    pub content: String,
    /// Whether all of the content was kept: false above [`BLOCK_LIMIT`].
    pub is_whole: bool,
    /// Whether a marker closed it, rather than the end of the text or of the list or quote around it.
    pub is_closed: bool,
    /// Whether a fence with an info string stood inside this block or an earlier one. Then the answer may have meant other
    /// blocks than CommonMark sees: models nest fences without longer markers.
    pub is_doubtful: bool,
    /// The block with its markers, in the text.
    pub span: Span,
}

/// Where a text has got to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Outside of fences: what has arrived is text.
    Text,
    /// In a line that may yet open a fence.
    Start,
    /// Inside a fence.
    Fence,
}

impl Fences {
    /// Takes the next piece of the text.
    pub fn feed(&mut self, piece: &str, mut told: impl FnMut(FenceEvent<'_>)) {
        let reader = &mut self.reader;
        self.lines.feed(piece, |segment| reader.take(segment, &mut told));
    }

    /// Tells what is left when the text is over. A fence that is open ends, without being closed.
    pub fn end(&mut self, mut told: impl FnMut(FenceEvent<'_>)) {
        let reader = &mut self.reader;
        self.lines.end(|segment| reader.take(segment, &mut told));
        reader.end_of_text(&mut told);
    }

    /// Where the text has got to.
    pub fn place(&self) -> Place {
        match self.lines.begun() {
            _ if self.reader.blocks.is_in_fence() => Place::Fence,
            Some(line) if may_open(line) => Place::Start,
            _ => Place::Text,
        }
    }

    /// Whether what is a fence in the text so far is doubtful, as [`FencedBlock::is_doubtful`] has it.
    pub const fn is_doubtful(&self) -> bool {
        self.reader.is_doubtful
    }

    /// After [`end`](Self::end): the fence that was open when the text was over.
    ///
    /// Whether that is a defect is for the caller to say: an answer that a cap cut is no answer that forgot its fence. A marker
    /// without an info string and with nothing inside is none here, for it most likely closes what CommonMark had closed before.
    pub fn open_fence(&self) -> Option<Defect> {
        self.reader.left_open.map(|span| Defect::OpenFence { span })
    }
}

/// Whether a line that begins so may open a fence, behind the markers of quotes and lists.
fn may_open(line: &str) -> bool {
    let of_container =
        |character: char| matches!(character, ' ' | '\t' | '>' | '-' | '+' | '*' | '.' | ')' | '0'..='9');
    let rest = line.trim_start_matches(of_container);
    !line.is_empty() && (rest.is_empty() || rest.starts_with(['`', '~']))
}

#[derive(Debug, Default)]
struct Reader {
    blocks: Blocks,
    open: Option<Open>,
    is_doubtful: bool,
    left_open: Option<Span>,
    /// Where the text ends so far.
    end: usize,
    /// What the line is of which parts follow.
    kind: Option<TextKind>,
}

/// The fence that is open.
#[derive(Debug)]
struct Open {
    block: FencedBlock,
    opening: Span,
    is_blank: bool,
}

impl Reader {
    fn take(&mut self, segment: Segment<'_>, told: &mut impl FnMut(FenceEvent<'_>)) {
        let Segment { text, start, is_first, is_last } = segment;
        let line = text.trim_end_matches(['\n', '\r']);
        let sight = if is_first {
            let (sight, has_ended) = self.blocks.line(line, is_last);
            if has_ended {
                self.close(false, told);
            }
            sight
        } else {
            self.blocks.part(line)
        };
        self.end = start + text.len();
        match sight {
            Sight::Prose | Sight::Code | Sight::Blank => self.text(segment, sight, told),
            Sight::Opens { at, info } => {
                let span = Span::new(start + at, start + line.len());
                self.open(info, span);
                told(FenceEvent::Opened { info, span });
            }
            Sight::Inside { spaces, text: inner, looks_open } => {
                self.is_doubtful |= looks_open;
                self.content(&"   "[..spaces.min(3)], told);
                self.content(inner, told);
                self.content(if text.len() > line.len() { "\n" } else { "" }, told);
            }
            Sight::Closes => self.close(true, told),
        }
    }

    fn text(&mut self, segment: Segment<'_>, sight: Sight<'_>, told: &mut impl FnMut(FenceEvent<'_>)) {
        let seen = match sight {
            Sight::Code => TextKind::Code,
            Sight::Blank => TextKind::Blank,
            _ => TextKind::Prose,
        };
        let kind = if segment.is_first { seen } else { self.kind.unwrap_or(seen) };
        self.kind = Some(kind);
        told(FenceEvent::Text { text: segment.text, start: segment.start, kind, is_doubtful: self.is_doubtful });
    }

    fn open(&mut self, info: &str, span: Span) {
        let (info, content) = (info.to_owned(), String::new());
        let is_doubtful = self.is_doubtful;
        let block = FencedBlock { info, content, is_whole: true, is_closed: false, is_doubtful, span };
        self.open = Some(Open { block, opening: span, is_blank: true });
    }

    fn content(&mut self, text: &str, told: &mut impl FnMut(FenceEvent<'_>)) {
        let Some(open) = self.open.as_mut().filter(|_| !text.is_empty()) else { return };
        let block = &mut open.block;
        open.is_blank &= text.trim_ascii().is_empty();
        block.is_whole &= block.content.len() + text.len() <= BLOCK_LIMIT;
        if block.is_whole {
            block.content.push_str(text);
        } else {
            block.content = String::new();
        }
        told(FenceEvent::Content(text));
    }

    fn close(&mut self, is_closed: bool, told: &mut impl FnMut(FenceEvent<'_>)) {
        let Some(Open { mut block, .. }) = self.open.take() else { return };
        block.is_closed = is_closed;
        block.is_doubtful |= self.is_doubtful;
        block.span.end = self.end;
        told(FenceEvent::Closed(block));
    }

    fn end_of_text(&mut self, told: &mut impl FnMut(FenceEvent<'_>)) {
        if let Some(open) = &self.open {
            let is_stray = open.is_blank && open.block.info.is_empty();
            self.left_open = (!self.is_doubtful && !is_stray).then_some(open.opening);
        }
        self.close(false, told);
    }
}
