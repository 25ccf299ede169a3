//! Numbers of things: "34 components", "60ish files", "大概 70 个脚本".

use crate::script::is_unspaced;

/// Counts that say that there are several; a year or a port is none.
const COUNTS: std::ops::RangeInclusive<u32> = 3..=9_999;
/// How the words begin that name a measure, in the languages that write one after a number and a space. `*` ends those that may go on.
const MEASURES: [&str; 84] = [
    "ms",
    "sec*",
    "min",
    "mins",
    "minut*",
    "hour*",
    "hrs",
    "day*",
    "week*",
    "month*",
    "year*",
    "time*",
    "percent*",
    "pixel*",
    "byte*",
    "line*",
    "char*",
    "digit*",
    "deg*",
    "times",
    "bits",
    "people",
    "users",
    "dev*",
    "euro*",
    "dollar*",
    "stunde*",
    "tag",
    "tage*",
    "woche*",
    "monat*",
    "jahr*",
    "sekund*",
    "prozent",
    "zeile*",
    "zeichen",
    "leute*",
    "jour*",
    "heure*",
    "semaine*",
    "mois",
    "ans",
    "année*",
    "ligne*",
    "día*",
    "hora*",
    "semana*",
    "mes",
    "meses",
    "año*",
    "líne*",
    "minuto*",
    "segundo*",
    "dias",
    "mese*",
    "anos",
    "linha*",
    "giorn*",
    "ore*",
    "settiman*",
    "anni",
    "righe",
    "second*",
    "dagen",
    "uur",
    "weken",
    "maand*",
    "jaar",
    "дн*",
    "час*",
    "недел*",
    "месяц*",
    "лет",
    "год*",
    "секунд*",
    "строк*",
    "dni",
    "godzin*",
    "tygodni*",
    "miesięc*",
    "procent*",
    "pts",
    "a.m",
    "p.m",
];
/// What follows a number in Chinese, Japanese and Korean where it is a measure.
const MEASURE_CHARACTERS: &str = "年月日号号天秒分时時周週岁歳度行字点點元円円％倍版级級초분시일월년주명원줄자점도번";

/// The largest number of things that `prose` speaks of; 0 where it speaks of none.
pub(crate) fn largest(prose: &str) -> u32 {
    let bytes = prose.as_bytes();
    let (mut largest, mut at) = (0, 0);
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
        let (before, rest) = (&prose[..at], &prose[at + digits..]);
        let number: String = prose[at..at + digits].chars().filter(char::is_ascii_digit).collect();
        let count = number.parse().unwrap_or(0);
        if COUNTS.contains(&count) && count > largest && stands_free(before) && counts(rest) {
            largest = count;
        }
        at += digits;
    }
    largest
}

/// Whether a number may begin after `before`: in no longer name, and not after one ("Java 21", "PR 482").
fn stands_free(before: &str) -> bool {
    let Some(previous) = before.chars().next_back() else { return true };
    if is_unspaced(previous) || matches!(previous, '~' | '(' | '\n') {
        return true;
    }
    let word = before.trim_end().rsplit(char::is_whitespace).next().unwrap_or_default();
    previous == ' '
        && !word.ends_with(['=', ':', '#', '>', '-'])
        && !(word.starts_with(char::is_uppercase) && before.trim_end().len() > word.len())
}

/// Whether what follows a number is a word for things.
fn counts(rest: &str) -> bool {
    let rest =
        ["+", "ish", "-odd", "多", "几", "余", "数"].iter().find_map(|more| rest.strip_prefix(more)).unwrap_or(rest);
    let spaced = rest.starts_with(' ');
    let rest = rest.trim_start_matches(' ');
    let Some(first) = rest.chars().next() else { return false };
    if is_unspaced(first) || ('\u{ac00}'..='\u{d7ff}').contains(&first) {
        return !MEASURE_CHARACTERS.contains(first);
    }
    let word: String =
        rest.chars().take_while(|next| next.is_alphanumeric() || matches!(next, '-' | '_' | '.' | '*')).collect();
    let is_word = spaced && first.is_alphabetic() && word.chars().count() > 3;
    let word = word.to_lowercase();
    is_word
        && !MEASURES.iter().any(|measure| match measure.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => word == *measure,
        })
}
