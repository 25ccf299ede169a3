//! Points in time as clients write them.

use jiff::Timestamp;

/// Milliseconds since 1970 of a time as RFC 3339 has it, such as `2026-11-29T06:23:21.763Z`.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    text.trim().parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}
