//! Phrases found in a text, whatever its case, its spaces and its quotation marks.

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind};
use thiserror::Error;

use crate::script::{is_of_word, may_begin, may_end};

/// The most bytes of all phrases. What finds them takes fifty times that.
const PHRASES_LIMIT: usize = 320 * 1024;

/// A list of phrases, made once and looked for in every text.
#[derive(Debug, Clone)]
pub struct Phrases {
    finder: NFA,
    ends: Vec<Ends>,
}

/// How a phrase begins and ends.
#[derive(Debug, Clone, Copy)]
struct Ends {
    first: char,
    last: char,
    /// Whether any ending of its last word will do.
    is_stem: bool,
}

/// A list of phrases cannot be looked for.
#[derive(Debug, Clone, Error)]
pub enum BadPhrases {
    /// One has no character to look for.
    #[error("phrase {index} is empty")]
    Empty {
        /// Which, from 0.
        index: usize,
    },
    /// They are too many.
    #[error("the phrases have more than 327680 bytes")]
    TooLarge,
    /// The finder cannot be built of them.
    #[error("the phrases cannot be looked for: {0}")]
    Unfit(#[from] BuildError),
}

/// Which phrases have been found.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<usize>);

impl Phrases {
    /// A phrase that ends in `*` is a stem: any ending of its last word will do.
    ///
    /// # Errors
    /// [`BadPhrases`] when a phrase is empty, or all of them together are too long.
    pub fn new<P: AsRef<str>>(phrases: impl IntoIterator<Item = P>) -> Result<Self, BadPhrases> {
        let (mut plain, mut ends, mut size) = (Vec::new(), Vec::new(), 0);
        for (index, phrase) in phrases.into_iter().enumerate() {
            let phrase = normal(phrase.as_ref().trim());
            let (stem, is_stem) = phrase.strip_suffix('*').map_or((phrase.as_str(), false), |stem| (stem, true));
            let (Some(first), Some(last)) = (stem.chars().next(), stem.chars().next_back()) else {
                return Err(BadPhrases::Empty { index });
            };
            size += stem.len();
            if size > PHRASES_LIMIT {
                return Err(BadPhrases::TooLarge);
            }
            plain.push(stem.to_owned());
            ends.push(Ends { first, last, is_stem });
        }
        // Standard matches, for phrases that lie in one another all count. A tenth of the size of the full automaton, and as fast.
        let finder = NFA::builder().match_kind(MatchKind::Standard).build(&plain)?;
        Ok(Self { finder, ends })
    }

    /// Which phrases occur in `text`: their places in the list, ascending and each once.
    pub fn find(&self, text: &str) -> Vec<usize> {
        let mut found = Found::default();
        self.mark(text, &mut found);
        found.places()
    }

    /// Marks the phrases that occur in `text`. Takes time in proportion to its length, for phrases that do not repeat one another.
    pub(crate) fn mark(&self, text: &str, found: &mut Found) {
        let text = normal(text);
        let finder = &self.finder;
        // No unanchored search is refused by a finder that is built for them.
        let Ok(mut state) = finder.start_state(Anchored::No) else { return };
        for (last, byte) in text.bytes().enumerate() {
            state = finder.next_state(Anchored::No, state, byte);
            if !(finder.is_special(state) && finder.is_match(state)) {
                continue;
            }
            for index in 0..finder.match_len(state) {
                let pattern = finder.match_pattern(state, index);
                let (place, end) = (pattern.as_usize(), last + 1);
                if self.ends[place].stand_in(&text, end - finder.pattern_len(pattern), end) {
                    found.0.push(place);
                }
            }
        }
    }
}

impl Found {
    /// The places of the phrases that were found, ascending and each once.
    pub(crate) fn places(mut self) -> Vec<usize> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}

impl Ends {
    /// Whether what lies from `start` to `end` of `text` is cut out of no longer word.
    fn stand_in(self, text: &str, start: usize, end: usize) -> bool {
        let begins = !is_of_word(self.first) || may_begin(text[..start].chars().next_back(), self.first);
        let ends = self.is_stem || !is_of_word(self.last) || may_end(self.last, text[end..].chars().next());
        begins && ends
    }
}

/// The text in lower case, with one space for any run of white space and plain quotation marks for the typographic ones.
///
/// Each character is put into lower case by itself, whatever stands beside it: the same text comes out the same wherever it is cut.
fn normal(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        let (plain, others) = rest.split_at(plain_run(rest.as_bytes(), normal.ends_with(' ')));
        let start = normal.len();
        normal.push_str(plain);
        normal[start..].make_ascii_lowercase();
        let mut characters = others.chars();
        let Some(next) = characters.next() else { return normal };
        rest = characters.as_str();
        match next {
            // Han, Kana and Hangul, which have no case.
            '\u{3001}'..='\u{a48f}' | '\u{ac00}'..='\u{d7ff}' => normal.push(next),
            '‘' | '’' => normal.push('\''),
            '“' | '”' => normal.push('"'),
            _ if !next.is_whitespace() => normal.extend(next.to_lowercase()),
            _ if normal.ends_with(' ') => {}
            _ => normal.push(' '),
        }
    }
}

/// How many bytes come next that only their case may change of: ASCII, with no white space but single spaces.
fn plain_run(bytes: &[u8], is_after_space: bool) -> usize {
    let mut was_space = is_after_space;
    let mut is_plain = |byte: &&u8| {
        let is_space = **byte == b' ';
        let is_plain = byte.is_ascii_graphic() || (is_space && !was_space);
        was_space = is_space;
        is_plain
    };
    bytes.iter().take_while(&mut is_plain).count()
}
