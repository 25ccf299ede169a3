//! Code within a paragraph, between backticks (CommonMark 0.31, section 6.1).

use memchr::memchr;

/// Whether the text has got into a code span. Backticks that are never closed count as one to the end of their paragraph: what
/// stands behind them may have been meant as code.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct CodeSpan {
    /// How many backticks opened it; 0 outside.
    length: usize,
}

impl CodeSpan {
    /// Whether what comes next is within a span.
    pub(crate) const fn is_open(self) -> bool {
        self.length > 0
    }

    /// Goes on over a text that is cut within no run of backticks.
    pub(crate) fn read(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(found) = memchr(b'`', &bytes[at..]) {
            let start = at + found;
            let length = bytes[start..].iter().take_while(|byte| **byte == b'`').count();
            at = start + length;
            if self.length == 0 {
                let slashes = bytes[..start].iter().rev().take_while(|byte| **byte == b'\\').count();
                self.length = length - slashes % 2;
            } else if self.length == length {
                self.length = 0;
            }
        }
    }
}
