//! What taking bytes may cost: whoever drives a relay is told before.

/// What a byte may take, in nanoseconds (measured on one core of a small cloud machine, and rounded up): one that is read and passed on,
/// one that is read and checked, one that is let go after it was held, and one of a whole answer, which goes through all of it at
/// once.
pub(crate) const PASSED_ON: u64 = 10;
pub(crate) const CHECKED: u64 = 6_000;
pub(crate) const LET_GO: u64 = 4;
pub(crate) const OF_A_WHOLE: u64 = 40;

/// What so many bytes take at `each` nanoseconds.
pub(crate) fn cost(bytes: usize, each: u64) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(each)
}
