//! A place in a line, counted in columns: a tab goes to the next multiple of four (CommonMark 0.31, section 2.2).

/// Reads a line's white space and markers from the left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    line: &'a str,
    at: usize,
    column: usize,
    /// Whether part of the tab at `at` has been read.
    is_in_tab: bool,
    /// The first byte from `at` on that is no white space, and its column.
    next: usize,
    next_column: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of a line without its end.
    pub(crate) fn new(line: &'a str) -> Self {
        let mut cursor = Self { line, at: 0, column: 0, is_in_tab: false, next: 0, next_column: 0 };
        cursor.look_ahead();
        cursor
    }

    /// How many columns of white space come next.
    pub(crate) const fn indent(&self) -> usize {
        self.next_column - self.column
    }

    /// What comes after the white space.
    pub(crate) fn text(&self) -> &'a str {
        &self.line[self.next..]
    }

    /// Where in the line that begins.
    pub(crate) const fn text_start(&self) -> usize {
        self.next
    }

    /// Whether only white space is left.
    pub(crate) const fn is_blank(&self) -> bool {
        self.next == self.line.len()
    }

    /// What is left, with its white space: how many columns of a tab that was read in part, and the rest.
    pub(crate) fn rest(&self) -> (usize, &'a str) {
        if self.is_in_tab { (4 - self.column % 4, &self.line[self.at + 1..]) } else { (0, &self.line[self.at..]) }
    }

    /// Goes over at most so many columns of white space.
    pub(crate) fn skip_columns(&mut self, columns: usize) {
        let mut left = columns.min(self.indent());
        while left > 0 {
            let width = if self.line.as_bytes()[self.at] == b'\t' { 4 - self.column % 4 } else { 1 };
            let taken = left.min(width);
            self.column += taken;
            left -= taken;
            self.is_in_tab = taken < width;
            self.at += usize::from(!self.is_in_tab);
        }
    }

    /// Goes over white space and then so many bytes of ASCII.
    pub(crate) fn skip_marker(&mut self, bytes: usize) {
        (self.at, self.column, self.is_in_tab) = (self.next + bytes, self.next_column + bytes, false);
        self.look_ahead();
    }

    fn look_ahead(&mut self) {
        (self.next, self.next_column) = (self.at, self.column);
        for byte in &self.line.as_bytes()[self.at..] {
            match byte {
                b' ' => self.next_column += 1,
                b'\t' => self.next_column += 4 - self.next_column % 4,
                _ => return,
            }
            self.next += 1;
        }
    }
}
