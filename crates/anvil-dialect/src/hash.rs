//! Hashes that must come out the same every time.

use twox_hash::XxHash3_64;

/// FNV-1a of 32 bits. No secret: two texts with the same hash can be made.
pub(crate) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// XXH3 of 64 bits with seed 0: the same in every process and release. No secret either.
pub(crate) fn xxh3(text: &[u8]) -> u64 {
    XxHash3_64::oneshot(text)
}

#[cfg(test)]
mod tests {
    use super::xxh3;

    #[test]
    fn the_algorithm_is_the_published_one() {
        // XXH3_64bits of nothing, with seed 0 and the default secret (xxHash, "XXH3 test vectors").
        assert_eq!(xxh3(b""), 0x2d06_8005_38d3_94c2);
    }
}
