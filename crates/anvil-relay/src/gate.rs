//! The gate: what the tier's events say goes through the checks before the window may open.

use std::ops::Range;
use std::sync::Arc;

use anvil_dialect::{Delta, DeltaReader, FinishReason, Sureness, Usage};
use anvil_verify::{Answer, Defect, Ending, Finish, Passed, Span};

use crate::report::Verified;
use crate::setup::Setup;
use crate::utterance::Utterance;

/// How long an answer is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hold {
    /// Until its first event, which is not checked further.
    #[default]
    None,
    /// Text until its opening checks have passed, each tool call and each block of code until it is whole and has passed.
    Block,
    /// Until the verdict on all of it.
    Whole,
}

/// The checks of one answer, if it is checked.
#[derive(Debug)]
pub(crate) enum Gate {
    /// Nothing is checked but the form.
    Open,
    Checking(Box<Checking>),
    /// The answer says what only its own dialect can say: it is not understood here, and nothing of it can be proven. It is held as
    /// long as before.
    Lost(Hold),
}

/// What has come so far, and what is to be done about it.
#[derive(Debug)]
pub(crate) struct Checking {
    hold: Hold,
    answer: Answer,
    /// Reads what an event of the client's own dialect says.
    reader: Option<DeltaReader>,
    calls: Vec<usize>,
    sureness: Sureness,
    /// A call that a cap may have cut.
    suspected: Option<Defect>,
    is_cut: bool,
}

/// A call whose arguments are to be said otherwise than the tier did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    pub(crate) call: usize,
    pub(crate) arguments: String,
}

impl Gate {
    pub(crate) fn new(setup: &Setup) -> Self {
        match (&setup.expected, setup.hold) {
            (Some(expected), hold @ (Hold::Block | Hold::Whole)) => {
                let reader = (setup.client == setup.tier).then(|| DeltaReader::new(setup.tier));
                let answer = Answer::new(Arc::clone(expected));
                Self::Checking(Box::new(Checking::new(hold, answer, reader)))
            }
            _ => Self::Open,
        }
    }

    /// Checks what was heard. `own` is the proof that its form is right, which is all that an open gate asks for. What comes back
    /// opens the window; `None` keeps it closed.
    ///
    /// # Errors
    /// The first defect that is proven.
    pub(crate) fn check(
        &mut self,
        utterance: &mut Utterance<'_>,
        own: Passed,
        repairs: &mut Vec<Repair>,
    ) -> Result<Option<Passed>, Defect> {
        let checking = match self {
            Self::Open => return Ok(Some(own)),
            Self::Lost(hold) => return Ok((*hold != Hold::Whole).then_some(own)),
            Self::Checking(checking) => checking,
        };
        let hold = checking.hold;
        if checking.hear(utterance, repairs)? {
            return Ok(if hold == Hold::Whole { None } else { checking.clear() });
        }
        *self = Self::Lost(hold);
        Ok((hold != Hold::Whole).then_some(own))
    }

    /// Checks all steps of a whole answer.
    ///
    /// # Errors
    /// The first defect that is proven.
    pub(crate) fn check_all(&mut self, steps: &[Delta<'_>], repairs: &mut Vec<Repair>) -> Result<(), Defect> {
        match self {
            Self::Checking(checking) => checking.check_all(steps, repairs),
            Self::Open | Self::Lost(_) => Ok(()),
        }
    }

    /// The verdict on the whole answer; `complete` is the proof that it is all there.
    ///
    /// # Errors
    /// The first defect that is proven.
    pub(crate) fn end(
        &mut self,
        complete: Passed,
        finish: Option<FinishReason>,
        usage: Usage,
        repairs: &mut Vec<Repair>,
    ) -> Result<Passed, Defect> {
        let Self::Checking(checking) = self else { return Ok(complete) };
        if !checking.is_cut {
            checking.end_calls(repairs)?;
        }
        checking.answer.end(Ending {
            finish: finish.map_or(Finish::Unknown, finish_of),
            input_tokens: usage.input,
            output_tokens: usage.output,
            mean_logprob: checking.sureness.mean().map(|mean| (mean, checking.sureness.tokens)),
        })
    }

    /// What the checks of the next event may cost at most, about, in nanoseconds, besides reading it; `None` where nothing is checked.
    pub(crate) fn outstanding(&self) -> Option<u64> {
        match self {
            Self::Checking(checking) => Some(checking.answer.outstanding()),
            Self::Open | Self::Lost(_) => None,
        }
    }

    /// Whether what has come was checked.
    pub(crate) fn verified(&self) -> Verified {
        match self {
            Self::Checking(_) => Verified::Checked,
            Self::Open | Self::Lost(_) => Verified::Skipped,
        }
    }

    /// How sure the model was of its words, where the tier says so.
    pub(crate) fn sureness(&self) -> Sureness {
        match self {
            Self::Checking(checking) => checking.sureness,
            Self::Open | Self::Lost(_) => Sureness::default(),
        }
    }

    /// What was repaired, by the labels of the repairs.
    pub(crate) fn repaired(&self) -> Vec<&'static str> {
        match self {
            Self::Checking(checking) => checking.answer.repaired().to_vec(),
            Self::Open | Self::Lost(_) => Vec::new(),
        }
    }
}

impl Checking {
    fn new(hold: Hold, answer: Answer, reader: Option<DeltaReader>) -> Self {
        let (calls, sureness) = (Vec::new(), Sureness::default());
        Self { hold, answer, reader, calls, sureness, suspected: None, is_cut: false }
    }

    fn clear(&self) -> Option<Passed> {
        if self.suspected.is_none() { self.answer.clear() } else { None }
    }

    /// Feeds the checks; whether what was heard is understood.
    fn hear(&mut self, utterance: &mut Utterance<'_>, repairs: &mut Vec<Repair>) -> Result<bool, Defect> {
        match utterance {
            Utterance::Steps(steps) => self.check_all(steps, repairs)?,
            Utterance::Event(event) => {
                let Some(reader) = &mut self.reader else { return Ok(false) };
                let mut steps = Vec::with_capacity(4);
                if reader.read(&event.data, &mut steps).is_err() {
                    return Ok(false);
                }
                event.arguments = places(&steps, &event.data);
                self.check_all(&steps, repairs)?;
            }
        }
        Ok(true)
    }

    /// Feeds the checks with a whole answer's steps.
    fn check_all(&mut self, steps: &[Delta<'_>], repairs: &mut Vec<Repair>) -> Result<(), Defect> {
        steps.iter().try_for_each(|step| self.check(step, repairs))
    }

    fn check(&mut self, step: &Delta<'_>, repairs: &mut Vec<Repair>) -> Result<(), Defect> {
        let goes_on =
            matches!(step, Delta::Text(_) | Delta::Reasoning(_) | Delta::Call { .. } | Delta::Arguments { .. });
        if goes_on && let Some(defect) = self.suspected.take() {
            return Err(defect);
        }
        match step {
            Delta::Text(text) => self.answer.text(&text.decoded()),
            Delta::Reasoning(text) => self.answer.reasoning(&text.decoded()),
            Delta::Call { call, id, name } => {
                // Not every dialect says when a call is over, and pieces of several may come in turn: the answer's end ends them.
                self.calls.push(*call);
                self.answer.call(*call, &id.decoded(), &name.decoded())
            }
            Delta::Arguments { call, json } => self.answer.arguments(*call, &json.decoded()),
            Delta::CallEnd { call } => {
                self.calls.retain(|open| open != call);
                match self.end_call(*call, repairs) {
                    // A cap may have cut it, which only the end of the answer tells.
                    Err(defect @ Defect::MalformedArguments { .. }) => {
                        self.suspected = Some(defect);
                        Ok(())
                    }
                    ended => ended,
                }
            }
            Delta::Stop(reason) if reason.finish() == FinishReason::Length => {
                self.suspected = None;
                self.is_cut = true;
                Ok(())
            }
            Delta::Stop(_) => self.end_calls(repairs),
            Delta::Foreign => {
                self.answer.foreign();
                Ok(())
            }
            Delta::Sureness(sureness) => {
                self.sureness.add(*sureness);
                Ok(())
            }
            Delta::Start | Delta::Usage(_) | Delta::Ping | Delta::End | Delta::Error(_) => Ok(()),
        }
    }

    fn end_calls(&mut self, repairs: &mut Vec<Repair>) -> Result<(), Defect> {
        if let Some(defect) = self.suspected.take() {
            return Err(defect);
        }
        std::mem::take(&mut self.calls).into_iter().try_for_each(|call| self.end_call(call, repairs))
    }

    fn end_call(&mut self, call: usize, repairs: &mut Vec<Repair>) -> Result<(), Defect> {
        let repaired = self.answer.call_end(call)?;
        repairs.extend(repaired.map(|arguments| Repair { call, arguments }));
        Ok(())
    }
}

/// Where in `data` pieces of calls' arguments stand.
pub(crate) fn places(steps: &[Delta<'_>], data: &[u8]) -> Vec<(usize, Range<usize>)> {
    let place = |step: &Delta<'_>| match step {
        Delta::Arguments { call, json } => Some((*call, json.place_in(data)?)),
        _ => None,
    };
    steps.iter().filter_map(place).collect()
}

/// The defect of a call whose repaired arguments cannot be put in place.
pub(crate) fn irreparable() -> Defect {
    Defect::MalformedArguments { reason: "what would be right cannot be put in their place", span: Span::default() }
}

fn finish_of(reason: FinishReason) -> Finish {
    match reason {
        FinishReason::Stop => Finish::Stop,
        FinishReason::Length => Finish::Length,
        FinishReason::ToolCalls => Finish::ToolCalls,
        FinishReason::Refusal => Finish::Refusal,
        FinishReason::Other => Finish::Other,
    }
}
