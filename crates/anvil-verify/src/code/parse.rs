//! A parse that stops at the first error, and that no text can stretch.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::Duration;

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use super::language::Language;
use super::{c, clock, lexis, quick, shell};

/// Calls of tree-sitter's progress callback that the readings of one block may take together; a call is made every hundred
/// steps of the parser. On the machine that this was measured on, a call is about 15 microseconds.
const STEPS: u32 = 2_600;

/// How long the readings of one block may take together, in the thread's own time, whatever their steps: one of a text that means many
/// things takes a thousand times as long as another. No block that a model writes comes near it, and what else the machine does, a
/// model on its cores say, is not counted: it would have broken code pass.
const LONGEST: Duration = Duration::from_millis(250);

/// What is left to the readings of one block. Counts steps before time, so that a verdict is the same on every machine.
#[derive(Debug)]
pub(super) struct Budget {
    steps: u32,
    began: Duration,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { steps: STEPS, began: clock::now() }
    }

    fn step(&mut self) -> ControlFlow<()> {
        self.steps = self.steps.saturating_sub(1);
        let is_spent = self.steps == 0 || clock::now().saturating_sub(self.began) > LONGEST;
        if is_spent { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Between which bytes a grammar first fails: the parser says where it is only every hundred steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Up to here all is well.
    pub(super) after: usize,
    /// Before here it fails.
    pub(super) before: usize,
}

/// What a parse came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A reader that is as strict as the language has this text.
    Right,
    /// The grammar has it, which is wider than the language.
    Clean,
    /// The grammar does not have it.
    Broken(Place),
    /// The steps ran out first.
    Undecided,
}

thread_local! {
    // Making a parser and giving it a language costs more than a small block does; each thread keeps one for each language it met.
    static PARSERS: RefCell<[Option<Parser>; Language::ALL.len()]> = const { RefCell::new([const { None }; Language::ALL.len()]) };
}

/// What the reader of a language says of a text, or where there is none or it does not know, the grammar.
pub(super) fn parse(language: Language, code: &str, budget: &mut Budget) -> Outcome {
    match language {
        Language::Bash => shell::read(code),
        Language::C | Language::Cpp => match c::read(language, code) {
            c::Verdict::Accepted => Outcome::Right,
            c::Verdict::Refused(at) | c::Verdict::Open(at) => Outcome::Broken(Place { after: at, before: at }),
            c::Verdict::GivenUp => by_grammar(language, code, budget),
        },
        _ if quick::accepts(language, code) => Outcome::Right,
        _ => by_grammar(language, code, budget),
    }
}

/// Whether the grammar of `language` has this text.
fn by_grammar(language: Language, code: &str, budget: &mut Budget) -> Outcome {
    if is_too_deep(language, code) {
        return Outcome::Undecided;
    }
    let (mut after, mut failed) = (0, None);
    let tree = run(language, code, &mut |state| {
        // Set when every way to go on has failed, so the tree would hold an error wherever the parser went from here.
        if state.has_error() {
            failed = Some(Place { after, before: state.current_byte_offset().max(after) });
            return ControlFlow::Break(());
        }
        after = state.current_byte_offset();
        budget.step()
    });
    match (tree, failed) {
        (Some(tree), _) if tree.root_node().has_error() => Outcome::Broken(Place { after, before: code.len() }),
        (Some(_), _) => Outcome::Clean,
        (None, Some(place)) => Outcome::Broken(place),
        (None, None) => Outcome::Undecided,
    }
}

/// The deepest indentation that is parsed, in columns. The scanners of Python and YAML save what is open in 1,024 bytes (two and four for
/// each level) and write past them, and the parser then ends the process; so no text gets near.
const DEEPEST: usize = 200;

/// Whether a line may open or stand in more levels of indentation than the scanner of the language can save.
fn is_too_deep(language: Language, code: &str) -> bool {
    if !matches!(language, Language::Python | Language::Yaml) {
        return false;
    }
    code.split(['\n', '\r']).any(|line| {
        let blanks = lexis::column(line);
        let columns = blanks + 7 * line.bytes().take(blanks).filter(|&byte| byte == b'\t').count();
        let levels = if language == Language::Yaml { signs(line) } else { 0 };
        columns + levels > DEEPEST
    })
}

/// The signs of a line of YAML, each of which may open a level.
fn signs(line: &str) -> usize {
    let followed = line.bytes().zip(line.bytes().skip(1).chain([b' ']));
    followed.filter(|(byte, next)| matches!(byte, b'-' | b'?' | b':') && next.is_ascii_whitespace()).count()
}

/// The byte where the grammar first fails, as exactly as the steps that are left allow.
pub(super) fn locate(language: Language, code: &str, place: Place, budget: &mut Budget) -> usize {
    let Some(tree) = run(language, code, &mut |_| budget.step()) else { return place.after };
    let mut node = tree.root_node();
    while !(node.is_error() || node.is_missing()) {
        let mut cursor = node.walk();
        let Some(next) = node.children(&mut cursor).find(|child| child.has_error() || child.is_missing()) else {
            break;
        };
        node = next;
    }
    // The node may begin long before the parser noticed: it holds all that was open.
    node.start_byte().clamp(place.after, place.before)
}

fn run(language: Language, code: &str, progress: &mut dyn FnMut(&ParseState) -> ControlFlow<()>) -> Option<Tree> {
    PARSERS.with_borrow_mut(|parsers| {
        let slot = parsers.get_mut(language as usize)?;
        if slot.is_none() {
            let mut parser = Parser::new();
            // Fails for a language that has no grammar, or one of another version of tree-sitter, which the tests would show.
            parser.set_language(&language.grammar()?).ok()?;
            *slot = Some(parser);
        }
        let parser = slot.as_mut()?;
        let mut progress = |state: &ParseState| progress(state);
        let options = ParseOptions::new().progress_callback(&mut progress);
        let bytes = code.as_bytes();
        let tree = parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options));
        if tree.is_none() {
            parser.reset();
        }
        tree
    })
}
