//! How the tier's events become the client's: in its own dialect as they are but for a few names, in another said anew.

mod same;
mod translated;

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{FinishReason, ToolCalls, Usage};
use anvil_sse::Event;
use anvil_verify::{Completeness, Defect, Passed};

use crate::report::Report;
use crate::setup::Setup;
use crate::utterance::Utterance;
use crate::window::Released;
use same::Same;
use translated::Translated;

/// What is known of a stream while it is heard.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    pub(crate) completeness: Completeness,
    pub(crate) report: Report,
    pub(crate) calls: ToolCalls,
}

/// What one event is.
#[derive(Debug)]
pub(crate) enum Heard<'e> {
    /// Part of the answer.
    Said(Utterance<'e>, Passed),
    /// The dialect's last event; what it says of the answer besides has been taken.
    Last(Option<(Utterance<'e>, Passed)>),
    /// Nothing that the client is to be told.
    Nothing,
    /// A sign of life.
    Ping,
}

impl Hearing {
    /// Notes the choices that an event belongs to and finishes, and why.
    fn note(&mut self, choices: u128, finished: u128, finish: Option<FinishReason>) {
        self.completeness.note(choices, finished);
        self.report.finish = finish.or(self.report.finish);
    }

    fn note_usage(&mut self, usage: Usage) {
        self.report.usage.update(usage);
    }
}

/// Says to the client what the tier says.
#[derive(Debug)]
pub(crate) enum Voice {
    Same(Box<Same>),
    Translated(Box<Translated>),
}

impl Voice {
    pub(crate) fn new(setup: &Setup) -> Self {
        if setup.client == setup.tier {
            Self::Same(Box::new(Same::new(setup)))
        } else {
            Self::Translated(Box::new(Translated::new(setup)))
        }
    }

    /// Takes one event in. Nothing is said.
    pub(crate) fn hear<'e>(&mut self, event: &Event<'e>, hearing: &mut Hearing) -> Result<Heard<'e>, Defect> {
        match self {
            Self::Same(voice) => voice.hear(event, hearing),
            Self::Translated(voice) => voice.hear(event, hearing),
        }
    }

    /// Appends to `out` what was heard, in the client's form.
    pub(crate) fn say(
        &mut self,
        utterance: &Utterance<'_>,
        released: &Released,
        out: &mut Vec<u8>,
    ) -> Result<(), Defect> {
        match (self, utterance) {
            (Self::Same(voice), Utterance::Event(event)) => voice.say(event, released, out),
            (Self::Translated(voice), Utterance::Steps(steps)) => return voice.say(steps, released, out),
            // Each voice says what it has heard.
            (Self::Same(_), Utterance::Steps(_)) | (Self::Translated(_), Utterance::Event(_)) => {}
        }
        Ok(())
    }

    /// Appends a sign of life that the tier gave.
    pub(crate) fn ping(&mut self, event: &Event<'_>, released: &Released, out: &mut Vec<u8>) -> Result<(), Defect> {
        match self {
            Self::Same(voice) => {
                voice.ping(event, released, out);
                Ok(())
            }
            Self::Translated(voice) => voice.ping(released, out),
        }
    }

    /// Appends a sign of life of the router's own, to a client that has seen part of the answer.
    pub(crate) fn beat(&mut self, released: &Released, out: &mut Vec<u8>) {
        match self {
            Self::Same(voice) => voice.beat(released, out),
            Self::Translated(voice) => voice.beat(out),
        }
    }

    /// Ends a stream whose answer is all there; returns the items of its output where they are to be kept.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> Result<Vec<Vec<u8>>, Defect> {
        match self {
            Self::Same(voice) => Ok(voice.end(out)),
            Self::Translated(voice) => voice.end(out),
        }
    }

    /// Ends a stream that cannot go on.
    pub(crate) fn fail(&mut self, kind: ErrorKind, message: &str, request_id: &str, out: &mut Vec<u8>) {
        match self {
            Self::Same(voice) => voice.fail(kind, message, request_id, out),
            Self::Translated(voice) => voice.fail(kind, message, request_id, out),
        }
    }
}
