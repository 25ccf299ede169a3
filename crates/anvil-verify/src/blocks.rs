//! What each line of a Markdown text is: prose, code, or of a fence. Follows "Phase 1: block structure" of CommonMark 0.31,
//! appendix, as far as fences depend on it: quotes, lists, raw HTML and indented code are known, what is inside a paragraph is not.

use crate::cursor::Cursor;
use crate::html_block::HtmlEnd;

/// The most quotes and lists in one another; deeper ones are taken for text.
const NESTING_LIMIT: usize = 64;

/// The blocks that are open.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    containers: Vec<Container>,
    leaf: Leaf,
}

#[derive(Debug, Clone, Copy)]
enum Container {
    Quote,
    Item {
        /// How many columns its content is indented.
        indent: usize,
        /// Whether it has no content yet: a blank line then ends it.
        is_empty: bool,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Leaf {
    #[default]
    None,
    Paragraph,
    Html(HtmlEnd),
    Fence(Marker),
}

/// The line that opened a fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marker {
    character: u8,
    length: usize,
    indent: usize,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight<'a> {
    /// Text that may hold code spans.
    Prose,
    /// Indented code.
    Code,
    /// Nothing.
    Blank,
    /// It opens a fence.
    Opens {
        /// Where in the line the marker begins.
        at: usize,
        /// What stands behind the marker.
        info: &'a str,
    },
    /// It is content of the fence that is open.
    Inside {
        /// Columns of a tab that the fence's indentation ends in.
        spaces: usize,
        /// The content.
        text: &'a str,
        /// Whether it would open a fence, with words behind the marker, if none were open.
        looks_open: bool,
    },
    /// It closes the fence that is open.
    Closes,
}

impl Blocks {
    /// Whether a fence is open.
    pub(crate) const fn is_in_fence(&self) -> bool {
        matches!(self.leaf, Leaf::Fence(_))
    }

    /// What the next line is, given without its end, and whether a fence that was open ended before it. `is_whole` is not set
    /// for the first part of a very long line.
    pub(crate) fn line<'a>(&mut self, line: &'a str, is_whole: bool) -> (Sight<'a>, bool) {
        let mut cursor = Cursor::new(line);
        let matched = self.go_into_containers(&mut cursor);
        let all_matched = matched == self.containers.len();
        let mut ended = false;
        match self.leaf {
            Leaf::Fence(marker) if all_matched => return (self.fence_line(cursor, marker, is_whole), false),
            Leaf::Html(end) if all_matched && !(end == HtmlEnd::Blank && cursor.is_blank()) => {
                self.html_text(line);
                return (Sight::Prose, false);
            }
            Leaf::Paragraph => {}
            Leaf::None | Leaf::Fence(_) | Leaf::Html(_) => {
                ended = self.is_in_fence();
                self.close(matched);
            }
        }
        let sight = self.start_blocks(&mut cursor, matched, is_whole);
        (sight, ended)
    }

    /// Takes a further part of a very long line.
    pub(crate) fn part<'a>(&mut self, part: &'a str) -> Sight<'a> {
        match self.leaf {
            Leaf::Fence(_) => Sight::Inside { spaces: 0, text: part, looks_open: false },
            Leaf::Html(_) => {
                self.html_text(part);
                Sight::Prose
            }
            Leaf::None | Leaf::Paragraph => Sight::Prose,
        }
    }

    fn html_text(&mut self, line: &str) {
        if matches!(self.leaf, Leaf::Html(end) if end.is_in(line)) {
            self.leaf = Leaf::None;
        }
    }

    /// How many of the open containers the line goes on with.
    fn go_into_containers(&mut self, cursor: &mut Cursor<'_>) -> usize {
        for (depth, container) in self.containers.iter_mut().enumerate() {
            match container {
                Container::Quote if cursor.indent() <= 3 && cursor.text().starts_with('>') => {
                    cursor.skip_marker(1);
                    cursor.skip_columns(1);
                }
                Container::Item { is_empty: false, indent } if cursor.is_blank() => cursor.skip_columns(*indent),
                Container::Item { indent, is_empty } if !cursor.is_blank() && cursor.indent() >= *indent => {
                    *is_empty = false;
                    cursor.skip_columns(*indent);
                }
                Container::Quote | Container::Item { .. } => return depth,
            }
        }
        self.containers.len()
    }

    fn fence_line<'a>(&mut self, mut cursor: Cursor<'a>, marker: Marker, is_whole: bool) -> Sight<'a> {
        let (length, behind) = run(cursor.text(), marker.character);
        let is_marker = cursor.indent() <= 3 && length >= marker.length;
        if is_marker && is_whole && is_blank(behind) {
            self.leaf = Leaf::None;
            return Sight::Closes;
        }
        let looks_open = is_marker && opening(cursor.text()).is_some();
        cursor.skip_columns(marker.indent);
        let (spaces, text) = cursor.rest();
        Sight::Inside { spaces, text, looks_open }
    }

    /// Opens the blocks that begin on the line, behind the first `matched` containers.
    fn start_blocks<'a>(&mut self, cursor: &mut Cursor<'a>, matched: usize, is_whole: bool) -> Sight<'a> {
        // A paragraph goes on although its containers do not ("lazy continuation"), unless the line begins another block.
        let mut is_lazy = matched < self.containers.len();
        while !cursor.is_blank() && cursor.indent() < 4 {
            let is_in_paragraph = self.leaf == Leaf::Paragraph;
            let is_inner = is_in_paragraph && !is_lazy;
            let text = cursor.text();
            let depth = if is_lazy { matched } else { self.containers.len() };
            if let Some((marker, info)) = opening(text).filter(|_| is_whole) {
                self.close(depth);
                self.leaf = Leaf::Fence(Marker { indent: cursor.indent(), ..marker });
                return Sight::Opens { at: cursor.text_start(), info };
            }
            if let Some(end) = HtmlEnd::of_block(text, is_in_paragraph) {
                self.close(depth);
                self.leaf = Leaf::Html(end);
                self.html_text(text);
                return Sight::Prose;
            }
            if is_heading(text) || (is_inner && is_underline(text)) || is_rule(text) {
                self.close(depth);
                return Sight::Prose;
            }
            if !self.start_container(cursor, depth, is_inner) {
                break;
            }
            is_lazy = false;
        }
        self.text_line(cursor, matched, is_lazy)
    }

    /// Opens a quote or an item of a list where one begins.
    fn start_container(&mut self, cursor: &mut Cursor<'_>, depth: usize, is_inner: bool) -> bool {
        if depth >= NESTING_LIMIT {
            return false;
        }
        let text = cursor.text();
        if text.starts_with('>') {
            self.close(depth);
            cursor.skip_marker(1);
            cursor.skip_columns(1);
            self.containers.push(Container::Quote);
            return true;
        }
        let Some(width) = item_marker(text, is_inner) else { return false };
        self.close(depth);
        let before = cursor.indent();
        cursor.skip_marker(width);
        let is_empty = cursor.is_blank();
        let spaces = if is_empty || cursor.indent() >= 5 { 1 } else { cursor.indent() };
        cursor.skip_columns(spaces);
        self.containers.push(Container::Item { indent: before + width + spaces, is_empty });
        true
    }

    fn text_line<'a>(&mut self, cursor: &Cursor<'_>, matched: usize, is_lazy: bool) -> Sight<'a> {
        if cursor.is_blank() {
            let depth = if is_lazy { matched } else { self.containers.len() };
            self.close(depth);
            return Sight::Blank;
        }
        if self.leaf == Leaf::Paragraph {
            return Sight::Prose;
        }
        if cursor.indent() >= 4 {
            return Sight::Code;
        }
        self.leaf = Leaf::Paragraph;
        Sight::Prose
    }

    fn close(&mut self, depth: usize) {
        self.containers.truncate(depth);
        self.leaf = Leaf::None;
    }
}

/// The marker that the line opens a fence with, and what stands behind it (section 4.5).
fn opening(text: &str) -> Option<(Marker, &str)> {
    let character = *text.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let (length, info) = run(text, character);
    let is_code_span = character == b'`' && info.contains('`');
    (length >= 3 && !is_code_span).then(|| (Marker { character, length, indent: 0 }, info.trim_matches([' ', '\t'])))
}

/// How often the text begins with the character, and what is behind that.
fn run(text: &str, character: u8) -> (usize, &str) {
    let length = text.bytes().take_while(|byte| *byte == character).count();
    (length, &text[length..])
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Whether it is a heading that begins with `#` (section 4.2).
fn is_heading(text: &str) -> bool {
    let (length, rest) = run(text, b'#');
    (1..=6).contains(&length) && matches!(rest.as_bytes().first(), None | Some(b' ' | b'\t'))
}

/// Whether it makes a heading of the paragraph above it (section 4.3).
fn is_underline(text: &str) -> bool {
    [b'=', b'-'].into_iter().any(|character| {
        let (length, rest) = run(text, character);
        length > 0 && is_blank(rest)
    })
}

/// Whether it is a thematic break (section 4.1).
fn is_rule(text: &str) -> bool {
    let Some(&character) = text.as_bytes().first().filter(|byte| matches!(byte, b'*' | b'-' | b'_')) else {
        return false;
    };
    let is_of_rule = |byte: u8| byte == character || matches!(byte, b' ' | b'\t');
    text.bytes().all(is_of_rule) && text.bytes().filter(|byte| *byte == character).count() >= 3
}

/// How wide the marker of a list's item is that the line begins with. Within a paragraph only an item with content begins a
/// list, and a numbered one only with 1 (section 5.2).
fn item_marker(text: &str, is_in_paragraph: bool) -> Option<usize> {
    let width = match text.as_bytes().first()? {
        b'-' | b'+' | b'*' => 1,
        b'0'..=b'9' => {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let is_marker = digits <= 9 && matches!(text.as_bytes().get(digits), Some(b'.' | b')'));
            let is_first = text[..digits].parse() == Ok(1_u32);
            (is_marker && (is_first || !is_in_paragraph)).then_some(digits + 1)?
        }
        _ => return None,
    };
    let rest = &text[width..];
    let is_cut = matches!(rest.as_bytes().first(), None | Some(b' ' | b'\t'));
    (is_cut && !(is_in_paragraph && is_blank(rest))).then_some(width)
}
