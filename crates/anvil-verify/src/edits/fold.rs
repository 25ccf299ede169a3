//! Readings of a text under which the tools of harnesses still find it.
//!
//! A tool that finds a text only when it stands there to the letter gives up early; others try again without regard to white
//! space, quotes or escapes. Each function here maps a text such that two texts which such a tool takes for one become one, so
//! "missing even here" proves "missing".

/// Plain letters for typographic quotes, dashes and spaces, as Qwen Code, Pi and Codex replace them.
const fn plain(letter: char) -> char {
    match letter {
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// As Claude Code still finds it: either form of a line's end, of quotes, and with `escapes` `\u00e9` for `é`, on either side
/// (the matching of `Edit` in the bundle of 2.1.197).
pub(super) fn exact(text: &str, escapes: bool) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some((escaped, after)) = escapes.then(|| escape(rest)).flatten() {
            folded.push(quote(escaped));
            rest = after;
            continue;
        }
        rest = rest.split_at(letter.len_utf8()).1;
        if letter != '\r' {
            folded.push(quote(letter));
        }
    }
    folded
}

fn quote(letter: char) -> char {
    match letter {
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        other => other,
    }
}

/// The letter that `\uXXXX` at the front stands for, or a pair of them, and what follows. Half a pair stays as it is.
fn escape(text: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(text)?;
    let pair = unit(rest).filter(|_| (0xd800..0xdc00).contains(&first));
    let (units, rest) = pair.map_or(([first, 0], rest), |(second, after)| ([first, second], after));
    let count = if pair.is_some() { 2 } else { 1 };
    let letter = char::decode_utf16(units.into_iter().take(count)).next()?.ok()?;
    Some((letter, rest))
}

fn unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let code = digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())??;
    Some((code, text.get(6..)?))
}

/// Without white space and case, with plain punctuation; with `escapes`, as if `\n` and its like had been unescaped.
pub(super) fn squeezed(text: &str, escapes: bool) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if escapes && letter == '\\' {
            letters.next_if(|next| matches!(next, 'n' | 't' | 'r'));
            continue;
        }
        let letter = plain(letter);
        if !letter.is_whitespace() && letter != '\u{feff}' {
            folded.extend(letter.to_lowercase().map(|lower| if lower == 'ς' { 'σ' } else { lower }));
        }
    }
    folded
}

/// The lines that are not blank, without surrounding white space, with plain punctuation, between line feeds: a run of lines
/// stands in a file when its folded form stands in the file's. Blank lines do not count because readers of patches differ in
/// what an empty line between marked ones means; `OpenCode` also takes three dots for an ellipsis.
pub(super) fn lines(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().saturating_add(2));
    folded.push('\n');
    for line in text.split('\n') {
        let plain: String = line.chars().map(plain).collect();
        let line = plain.trim_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
        if !line.is_empty() {
            folded.push_str(&line.replace('…', "..."));
            folded.push('\n');
        }
    }
    folded
}

/// The lines without white space at their ends, with plain punctuation and, as Pi's reading makes them, dots for an ellipsis.
pub(super) fn ends(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for line in text.split('\n') {
        let line = line.trim_end_matches(|letter: char| letter.is_whitespace() || letter == '\u{feff}');
        for letter in line.chars() {
            match plain(letter) {
                '…' => folded.push_str("..."),
                letter => folded.push(letter),
            }
        }
        folded.push('\n');
    }
    folded
}

/// The lines without white space at their beginnings, between line feeds.
pub(super) fn starts(text: &str) -> String {
    let mut folded = String::with_capacity(text.len().saturating_add(2));
    folded.push('\n');
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        folded.push_str(line.trim_start().trim_end_matches('\r'));
        folded.push('\n');
    }
    folded
}

/// Whether Unicode's compatibility forms (NFKC, by which Pi compares) may change the text beyond what is folded here.
pub(super) fn may_compose(text: &str) -> bool {
    !text.chars().all(|letter| {
        letter.is_ascii()
            || plain(letter).is_ascii()
            || matches!(letter,
                '…' | 'À'..='ı' | 'Ķ'..='ľ' | 'Ł'..='ň' | 'Ŋ'..='ž' | 'А'..='я' | 'ё'
                | '\u{2190}'..='\u{21ff}' | '\u{2500}'..='\u{27bf}' | '一'..='\u{9fff}' | '\u{1f300}'..='\u{1faff}')
    })
}
