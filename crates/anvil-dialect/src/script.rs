//! Where a word ends, in scripts with spaces between words and without.

/// How a script tells where its words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// By what is no letter: Latin, Cyrillic, Greek, Arabic and all others.
    Spaced,
    /// By spaces, but particles are written to the end of a word.
    Hangul,
    /// Not at all: Han, Kana, Thai, Lao, Khmer, Burmese.
    Unspaced,
}

/// Whether the character is of a script that is written without spaces.
pub(crate) fn is_unspaced(character: char) -> bool {
    script(character) == Script::Unspaced
}

/// Whether a word may begin at `next` after `previous`.
pub(crate) fn may_begin(previous: Option<char>, next: char) -> bool {
    !previous.is_some_and(|previous| is_joined(previous, next))
}

/// Whether a word may end at `last` before `next`.
pub(crate) fn may_end(last: char, next: Option<char>) -> bool {
    script(last) == Script::Hangul || !next.is_some_and(|next| is_joined(last, next))
}

/// Whether both belong to one word, as far as two characters show it. Where the script changes another word begins.
fn is_joined(left: char, right: char) -> bool {
    is_of_word(left) && is_of_word(right) && script(left) == script(right) && !is_unspaced(left)
}

/// Whether the character is part of a word; an accent that stands for itself is.
pub(crate) fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '\u{300}'..='\u{36f}')
}

fn script(character: char) -> Script {
    match character {
        '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' => {
            Script::Hangul
        }
        '\u{e00}'..='\u{eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fdf}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3021}'..='\u{3029}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{3ffff}' => Script::Unspaced,
        _ => Script::Spaced,
    }
}
