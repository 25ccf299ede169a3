//! Ids of tool calls.

use std::borrow::Cow;
use std::fmt::Write;

use crate::hash::fnv1a;
use crate::text::Text;

/// An id that the vendor accepts (`^[a-zA-Z0-9_-]+$`), made of one that it may not: some engines put the function's name and a
/// colon into theirs. The same id always becomes the same, so that calls and results still meet, and two never become one but by
/// a collision of 32 bits.
pub(crate) fn tool_id<'t>(id: &'t Text<'_>) -> Cow<'t, Text<'t>> {
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if !id.is_empty() && id.escaped().chars().all(is_allowed) {
        return Cow::Borrowed(id);
    }
    let decoded = id.decoded();
    let mut allowed: String = decoded.chars().map(|own| if is_allowed(own) { own } else { '_' }).collect();
    // Writing to a string does not fail.
    let _ = write!(allowed, "_{:08x}", fnv1a(&decoded));
    Cow::Owned(Text::quote(&allowed))
}
