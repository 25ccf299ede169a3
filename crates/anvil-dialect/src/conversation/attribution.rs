//! The line that says who pays.

use crate::text::Text;

/// How Claude Code's first system block begins. It holds three digits that change with the conversation, so that no prefix
/// cache would ever hold the system prompt after it; it means something to its vendor only.
const ATTRIBUTION: &str = "x-anthropic-billing-header:";

/// The instruction without such a line; `None` if there was nothing else.
pub(crate) fn without_attribution(text: Text<'_>) -> Option<Text<'_>> {
    if !is_attributed(&text) {
        return Some(text);
    }
    let rest = text.decoded().split_once('\n').map(|(_, rest)| Text::quote(rest));
    rest.filter(|rest| !rest.is_blank())
}

/// Whether the instruction begins with such a line.
pub(crate) fn is_attributed(text: &Text<'_>) -> bool {
    text.escaped().starts_with(ATTRIBUTION)
}
