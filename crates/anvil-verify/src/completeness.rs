//! Whether an answer is all there: every choice that began has finished.

use crate::defect::Defect;
use crate::verdict::Passed;

/// Follows the choices of one answer, a bit each.
#[derive(Debug, Default, Clone, Copy)]
pub struct Completeness {
    begun: u128,
    finished: u128,
}

impl Completeness {
    /// Notes the choices that an event belongs to and those that it finishes.
    pub fn note(&mut self, begun: u128, finished: u128) {
        self.begun |= begun;
        self.finished |= finished;
    }

    /// Whether every choice that began has finished, and at least one began.
    pub fn is_complete(&self) -> bool {
        self.begun != 0 && self.begun & !self.finished == 0
    }

    /// The verdict when the stream is over.
    ///
    /// # Errors
    /// [`Defect::NoAnswer`] when nothing had begun, [`Defect::StreamCut`] when something had not finished.
    pub fn verdict(&self) -> Result<Passed, Defect> {
        match (self.begun, self.is_complete()) {
            (0, _) => Err(Defect::NoAnswer),
            (_, false) => Err(Defect::StreamCut),
            (_, true) => Ok(Passed::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_no_answer() {
        assert_eq!(Completeness::default().verdict().unwrap_err(), Defect::NoAnswer);
    }

    #[test]
    fn one_open_choice_of_two_is_a_cut() {
        let mut completeness = Completeness::default();
        completeness.note(0b01, 0);
        completeness.note(0b10, 0b10);
        assert_eq!(completeness.verdict().unwrap_err(), Defect::StreamCut);
        completeness.note(0b01, 0b01);
        assert!(completeness.verdict().is_ok());
    }
}
