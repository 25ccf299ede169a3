//! How the tier's events become the client's: in its own dialect as they are but for a few names, in another said anew.

mod same;
mod translated;

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{FinishReason, ToolCalls, Usage};
use anvil_sse::Event;
use anvil_verify::{Completeness, Defect};

use crate::report::Report;
use crate::setup::Setup;
use crate::window::Window;
use same::Same;
use translated::Translated;

/// What is known of a stream while it is heard.
#[derive(Debug)]
pub(crate) struct Hearing {
    pub(crate) completeness: Completeness,
    pub(crate) window: Window,
    pub(crate) report: Report,
    pub(crate) calls: ToolCalls,
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

    /// Takes one event; appends to `out` what may be seen. Whether it was the dialect's last.
    pub(crate) fn say(&mut self, event: &Event<'_>, hearing: &mut Hearing, out: &mut Vec<u8>) -> Result<bool, Defect> {
        match self {
            Self::Same(voice) => voice.say(event, hearing, out),
            Self::Translated(voice) => voice.say(event, hearing, out),
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
