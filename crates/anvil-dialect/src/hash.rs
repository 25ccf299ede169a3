//! A short hash for names that must come out the same every time.

/// FNV-1a of 32 bits. No secret: two texts with the same hash can be made.
pub(crate) fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
