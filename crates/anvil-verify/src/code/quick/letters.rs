//! Letters of ASCII, as Go, Java and JavaScript have them in names.

const IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
        byte += 1;
    }
    table
};

/// Whether a byte is such a letter. Those from 0x80 on are parts of letters that are none of ASCII.
pub(super) fn is_word(byte: u8) -> bool {
    IN_NAMES[usize::from(byte)]
}
