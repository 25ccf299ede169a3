//! The conditions of the preprocessor: what stands in them is read as if they held and as if they did not.

use super::Verdict;
use super::lexer::Tokens;
use super::reading::Reading;
use super::token::{Kind, Token};

/// The most readings of a text at once.
const READINGS: usize = 8;

/// The most conditions within each other.
const NESTED: usize = 64;

/// The most brackets that all copies of readings may have together.
const COPIED: usize = 1 << 18;

/// The lines from which what a condition leaves open is no variant of a statement's head.
const LONG: usize = 8;

struct Condition {
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
}

/// The readings of a text, and the conditions that are open.
pub(super) struct Conditions {
    readings: Vec<Reading>,
    open: Vec<Condition>,
    copied: usize,
}

impl Conditions {
    pub(super) fn new(is_cpp: bool) -> Self {
        Self { readings: vec![Reading::new(is_cpp)], open: Vec::new(), copied: 0 }
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
            match token.kind {
                Kind::When { dead } => self.begin(dead)?,
                Kind::Otherwise { last, dead } => self.otherwise(token, last, dead)?,
                Kind::EndWhen => self.close(token)?,
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

    fn begin(&mut self, is_dead: bool) -> Result<(), Verdict> {
        if self.open.len() == NESTED {
            return Err(Verdict::GivenUp);
        }
        let is_guard = self.readings.iter().all(Reading::is_new);
        let before = self.copy()?;
        self.open.push(Condition { before, after: Vec::new(), has_else: false, is_dead, is_guard, lines: 0 });
        Ok(())
    }

    fn otherwise(&mut self, token: Token, is_else: bool, is_dead: bool) -> Result<(), Verdict> {
        let condition = self.open.last_mut().ok_or(Verdict::Refused(token.at))?;
        let branch = std::mem::replace(&mut self.readings, condition.before.clone());
        if !condition.is_dead {
            merge(&mut condition.after, branch)?;
        }
        condition.has_else |= is_else;
        condition.is_dead = is_dead;
        condition.lines = 0;
        self.copy().map(drop)
    }

    fn close(&mut self, token: Token) -> Result<(), Verdict> {
        let mut condition = self.open.pop().ok_or(Verdict::Refused(token.at))?;
        let branch = std::mem::take(&mut self.readings);
        if !condition.is_dead {
            merge(&mut condition.after, branch)?;
        }
        if condition.may_be_left_out() {
            merge(&mut condition.after, condition.before)?;
        }
        self.readings = condition.after;
        Ok(())
    }

    /// Where no reading takes a token: leaves out the branch that it stands in, if that is of a line, for it may have been written to
    /// fail, and goes to its end.
    pub(super) fn leave_out(&mut self, token: Token, tokens: &mut Tokens) -> Result<(), Verdict> {
        // A line of an assembler's begins so.
        let is_assembler = token.fresh && token.kind == Kind::Dot;
        let refused = if is_assembler { Verdict::GivenUp } else { Verdict::Refused(token.at) };
        let condition = self.open.last_mut().filter(|condition| condition.lines < 2).ok_or(refused)?;
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
        let open = self.readings.iter().map(|reading| reading.unfinished(at));
        match open.min() {
            // A condition that is open is one of the whole text.
            _ if !self.open.is_empty() => Verdict::Refused(at),
            Some(Some(open)) => Verdict::Refused(open),
            _ => Verdict::Accepted,
        }
    }
}

impl Condition {
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
        if !into.contains(&reading) {
            into.push(reading);
        }
    }
    if into.len() > READINGS { Err(Verdict::GivenUp) } else { Ok(()) }
}
