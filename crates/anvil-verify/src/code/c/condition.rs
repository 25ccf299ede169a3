//! The conditions of the preprocessor: what stands in them is read as if they held and as if they did not.

use super::Verdict;
use super::lexer::Tokens;
use super::reading::Reading;
use super::token::{Bracket, Kind, Token};

/// The most readings of a text at once.
const READINGS: usize = 8;

/// The most conditions within each other.
const NESTED: usize = 64;

/// The most brackets that all copies of readings may have together.
const COPIED: usize = 1 << 18;

/// The lines from which what a condition leaves open is no variant of a statement's head.
const LONG: usize = 8;

struct Condition {
    /// Where it begins.
    at: usize,
    /// What was read before it.
    before: Vec<Reading>,
    /// What was read up to the end of one of its branches.
    after: Vec<Reading>,
    has_else: bool,
    /// Whether nothing in this branch is read.
    is_dead: bool,
    /// Whether it holds all there is, as that does which keeps a header from being read twice.
    is_guard: bool,
    /// The lines of this branch so far.
    lines: usize,
    /// Each of its branches so far that has to be gone on with, a bit each.
    sides: u8,
    /// How many directives stood before this branch that end the compiling.
    errors: usize,
}

/// The readings of a text, and the conditions that are open.
pub(super) struct Conditions {
    readings: Vec<Reading>,
    open: Vec<Condition>,
    copied: usize,
    /// The branches of the condition that has ended last, each of which has to be gone on with up to the next directive.
    due: u8,
}

impl Conditions {
    pub(super) fn new(is_cpp: bool) -> Self {
        Self { readings: vec![Reading::new(is_cpp)], open: Vec::new(), copied: 0, due: 0 }
    }

    /// The readings that are to take a token.
    pub(super) fn readings(&mut self, token: Token) -> &mut Vec<Reading> {
        if token.fresh {
            self.open.iter_mut().for_each(|condition| condition.lines += 1);
        }
        &mut self.readings
    }

    /// Takes a directive, and those after it up to one whose branch is read.
    pub(super) fn turn(&mut self, mut token: Token, tokens: &mut Tokens) -> Result<(), Verdict> {
        loop {
            self.due = 0;
            match token.kind {
                Kind::When { dead } => self.begin(token.at, dead, tokens.errors)?,
                Kind::Otherwise { last, dead } => self.otherwise(token, last, dead, tokens.errors)?,
                Kind::EndWhen => self.close(token, tokens.errors)?,
                _ => return Ok(()),
            }
            if self.open.last().is_none_or(|condition| !condition.is_dead) {
                return Ok(());
            }
            token = tokens.skip(&mut 0);
        }
    }

    /// A copy of the readings, as long as there have not been too many.
    fn copy(&mut self) -> Result<Vec<Reading>, Verdict> {
        self.copied += self.readings.iter().map(Reading::depth).sum::<usize>();
        if self.copied > COPIED || self.readings.len() > READINGS {
            return Err(Verdict::GivenUp);
        }
        Ok(self.readings.clone())
    }

    fn begin(&mut self, at: usize, is_dead: bool, errors: usize) -> Result<(), Verdict> {
        if self.open.len() == NESTED {
            return Err(Verdict::GivenUp);
        }
        let is_guard =
            !self.open.iter().any(|condition| condition.is_guard) && self.readings.iter().all(Reading::is_new);
        let before = self.copy()?;
        self.open.push(Condition {
            at,
            before,
            after: Vec::new(),
            has_else: false,
            is_dead,
            is_guard,
            lines: 0,
            sides: 0,
            errors,
        });
        Ok(())
    }

    fn otherwise(&mut self, token: Token, is_else: bool, is_dead: bool, errors: usize) -> Result<(), Verdict> {
        let condition = self.open.last_mut().ok_or(Verdict::Refused(token.at))?;
        let branch = std::mem::replace(&mut self.readings, condition.before.clone());
        condition.end_branch(branch, errors)?;
        condition.has_else |= is_else;
        condition.is_dead = is_dead;
        condition.lines = 0;
        condition.errors = errors;
        self.copy().map(drop)
    }

    fn close(&mut self, token: Token, errors: usize) -> Result<(), Verdict> {
        let mut condition = self.open.pop().ok_or(Verdict::Refused(token.at))?;
        let branch = std::mem::take(&mut self.readings);
        condition.end_branch(branch, errors)?;
        if condition.may_be_left_out() {
            for reading in &mut condition.before {
                reading.sides = 0;
            }
            merge(&mut condition.after, condition.before)?;
        }
        self.readings = condition.after;
        self.due = condition.sides;
        Ok(())
    }

    /// Whether every branch of the condition before can be gone on with. It is asked up to the next directive: from there on a second
    /// condition may be bound to it.
    pub(super) fn are_gone_on(&self) -> bool {
        self.due & !self.readings.iter().fold(0, |sides, reading| sides | reading.sides) == 0
    }

    /// Where no reading takes a token: leaves out the branch that it stands in, if that is of a line, for it may have been written to
    /// fail, and goes to its end.
    pub(super) fn leave_out(&mut self, token: Token, tokens: &mut Tokens) -> Result<(), Verdict> {
        // A line of an assembler's begins so.
        let is_assembler = token.fresh && token.kind == Kind::Dot;
        let refused = if is_assembler { Verdict::GivenUp } else { Verdict::Refused(token.at) };
        // What is written to fail is words, and no line of words begins with a bracket.
        let is_bracket =
            matches!(token.kind, Kind::Open(Bracket::Square) | Kind::Close(Bracket::Round | Bracket::Square));
        let is_brace = matches!(token.kind, Kind::Open(Bracket::Curly) | Kind::Close(Bracket::Curly));
        let is_code =
            is_bracket || tokens.code.get(token.at) == Some(&b'#') || (!is_brace && tokens.ends_statement(token.at));
        let condition = self.open.last_mut().filter(|condition| condition.lines < 2 && !is_code).ok_or(refused)?;
        let mut lines = 0;
        let end = tokens.skip(&mut lines);
        if lines > 1 || end.kind == Kind::End {
            return Err(refused);
        }
        condition.is_dead = true;
        self.turn(end, tokens)
    }

    /// The verdict at the end of the text.
    pub(super) fn end(&self, at: usize) -> Verdict {
        let unfinished = self.readings.iter().map(|reading| reading.unfinished(at)).min().flatten();
        match (self.open.as_slice(), unfinished) {
            ([], None) => Verdict::Accepted,
            ([], Some(at)) => Verdict::Refused(at),
            ([condition], None) if condition.is_guard => Verdict::Open(condition.at),
            ([.., condition], _) => Verdict::Refused(condition.at),
        }
    }
}

impl Condition {
    /// Keeps the readings of a branch that has ended.
    fn end_branch(&mut self, mut branch: Vec<Reading>, errors: usize) -> Result<(), Verdict> {
        if self.is_dead {
            return Ok(());
        }
        // A line of words may be written to fail.
        let is_due =
            self.lines > 0 && self.errors == errors && !(self.lines < 2 && branch.iter().all(Reading::is_words));
        let side = if is_due { self.sides.wrapping_add(1) & !self.sides } else { 0 };
        self.sides |= side;
        for reading in &mut branch {
            reading.sides = side;
        }
        merge(&mut self.after, branch)
    }

    /// Whether the text may be read without it. Not where it leaves open what nothing else closes.
    fn may_be_left_out(&self) -> bool {
        let is_deeper = |after: &Reading| self.before.iter().all(|before| after.depth() > before.depth());
        let opens = |after: &Reading| after.is_within_call() || (self.lines > LONG && is_deeper(after));
        !self.has_else && (self.is_dead || !(self.is_guard || self.after.iter().any(opens)))
    }
}

/// Adds the readings that differ from those there are.
fn merge(into: &mut Vec<Reading>, from: Vec<Reading>) -> Result<(), Verdict> {
    for reading in from {
        match into.iter_mut().find(|other| **other == reading) {
            Some(other) => other.sides |= reading.sides,
            None => into.push(reading),
        }
    }
    if into.len() > READINGS { Err(Verdict::GivenUp) } else { Ok(()) }
}
