//! Plain text within a string of JSON: all that stands for itself, up to a quote, a backslash or a control character.

/// What is looked at at once.
const WORD: usize = size_of::<u64>();

/// Texts are looked at by words up to here, and then by blocks: most strings end soon.
const SHORT: usize = 4 * WORD;
const BLOCK: usize = 32;

/// How many bytes from the first on are plain.
#[inline]
pub(crate) fn length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some((word, _)) = bytes.get(at..).and_then(<[u8]>::split_first_chunk::<WORD>) {
        if let Some(place) = first(u64::from_le_bytes(*word)) {
            return at + place;
        }
        at += WORD;
        if at == SHORT {
            at += blocks(bytes.get(at..).unwrap_or_default());
        }
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

/// The bytes of the whole blocks that are plain.
fn blocks(bytes: &[u8]) -> usize {
    // Without a way out of the inner loop it is done many bytes at a time.
    let is_plain = |block: &&[u8; BLOCK]| !block.iter().fold(false, |any, &byte| any | is_special(byte));
    bytes.as_chunks::<BLOCK>().0.iter().take_while(is_plain).count() * BLOCK
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Where in a word the first byte is that is not plain. A borrow reaches only bytes after one that is marked itself, so that the first
/// mark is right.
const fn first(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const HIGH: u64 = u64::from_le_bytes([0x80; WORD]);
    let (quotes, escapes) = (word ^ (ONES * b'"' as u64), word ^ (ONES * b'\\' as u64));
    let marks = (word.wrapping_sub(ONES * 0x20) & !word)
        | (quotes.wrapping_sub(ONES) & !quotes)
        | (escapes.wrapping_sub(ONES) & !escapes);
    let marks = marks & HIGH;
    if marks == 0 { None } else { Some((marks.trailing_zeros() / u8::BITS) as usize) }
}
