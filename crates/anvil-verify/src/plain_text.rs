//! Plain text within a string of JSON: all that stands for itself, up to a quote, a backslash or a control character.

/// What is looked at at once.
const WORD: usize = size_of::<u64>();

/// Texts are looked at by words up to here, and then by blocks: most strings end soon.
const SHORT: usize = 4 * WORD;
const BLOCK: usize = 32;

/// How many bytes from the first on are plain.
#[inline]
pub(crate) fn length(bytes: &[u8]) -> usize {
    let Some((short, rest)) = bytes.split_at_checked(SHORT) else { return by_words(bytes) };
    let length = by_words(short);
    if length < SHORT { length } else { SHORT + by_blocks(rest) }
}

fn by_words(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<WORD>();
    for (count, word) in words.iter().enumerate() {
        if let Some(place) = first(u64::from_le_bytes(*word)) {
            return count * WORD + place;
        }
    }
    bytes.len() - rest.len() + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

fn by_blocks(bytes: &[u8]) -> usize {
    let at = blocks(bytes);
    at + by_words(bytes.get(at..).unwrap_or_default())
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

/// Where in a word the first byte is that is not plain. With its second bit turned a quote comes next to the control characters. A
/// borrow reaches only bytes after one that is marked itself, so that the first mark is right.
const fn first(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const HIGH: u64 = u64::from_le_bytes([0x80; WORD]);
    let (turned, escapes) = (word ^ (ONES * 2), word ^ (ONES * b'\\' as u64));
    let marks = (turned.wrapping_sub(ONES * 0x21) | escapes.wrapping_sub(ONES)) & !word & HIGH;
    if marks == 0 { None } else { Some((marks.trailing_zeros() / u8::BITS) as usize) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SHORT, first, is_special, length};

    fn slow_length(bytes: &[u8]) -> usize {
        bytes.iter().position(|&byte| is_special(byte)).unwrap_or(bytes.len())
    }

    #[test]
    fn every_byte_is_told_from_every_other_at_each_place_of_a_word() {
        for (byte, other) in (0..=u8::MAX).flat_map(|byte| (0..=u8::MAX).map(move |other| (byte, other))) {
            for place in 0..8 {
                let mut word = [other; 8];
                word[place] = byte;
                let slow = word.iter().position(|&byte| is_special(byte));
                assert_eq!(first(u64::from_le_bytes(word)), slow, "{word:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_text_is_plain_up_to_its_first_sign(
            bytes in prop::collection::vec(prop_oneof![40 => 0x23..=0x5B_u8, 1 => any::<u8>()], 0..5 * SHORT)
        ) {
            for start in 0..bytes.len() {
                prop_assert_eq!(length(&bytes[start..]), slow_length(&bytes[start..]));
            }
        }
    }
}
