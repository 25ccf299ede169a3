//! One attempt, from the tier's bytes to the client's.

use std::time::Duration;

use anvil_dialect::ToolCalls;
use anvil_dialect::envelope::ErrorKind;
use anvil_verify::Defect;

use crate::cost::{OF_A_WHOLE, cost};
use crate::report::Report;
use crate::setup::{Ending, Form, Setup};
use crate::stream::{Pass, Stream};
use crate::whole;
use crate::window::HeldBody;

/// What happened to an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It goes on; what was written to `out`, if anything, may be sent.
    Continue,
    /// It is over and whole; what was written to `out` is its last part.
    Done(Report),
    /// It is over and nothing of it has left or may leave; another attempt may be made.
    Reject(Defect),
    /// It is over after part of it has left; what was written to `out` ends in the dialect's error event, and the client's
    /// connection is to be aborted after it.
    Broken(Defect),
}

/// Follows one attempt. Feed it with [`Relay::push`], and with [`Relay::end`] when the tier's body is over, until a step
/// other than [`Step::Continue`] comes back; after that it has nothing more to say.
#[derive(Debug)]
pub struct Relay {
    setup: Setup,
    body: Body,
    report: Report,
    known: Known,
}

/// What is known of an answer beside its [`Report`].
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) items: Vec<Vec<u8>>,
    pub(crate) calls: ToolCalls,
    /// The labels of what was repaired.
    pub(crate) repairs: Vec<&'static str>,
    /// A defect that was proven when all of the answer had left.
    pub(crate) noted: Option<Defect>,
}

#[derive(Debug)]
enum Body {
    Stream(Box<Stream>),
    Whole(HeldBody),
    Over,
}

impl Relay {
    /// A relay for one attempt.
    pub fn new(setup: Setup) -> Self {
        let body = if setup.form == Form::Stream {
            Body::Stream(Box::new(Stream::new(&setup)))
        } else {
            Body::Whole(HeldBody::new(setup.max_answer_bytes))
        };
        Self { setup, body, report: Report::default(), known: Known::default() }
    }

    /// Takes more bytes of the tier's body; appends to `out` what the client may see.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Step {
        let passed = match &mut self.body {
            Body::Over => return Step::Continue,
            Body::Whole(held) => match held.hold(bytes) {
                Ok(()) => return Step::Continue,
                Err(defect) => Err(defect),
            },
            Body::Stream(stream) => {
                let passed = stream.push(bytes, out);
                self.report = stream.report();
                passed
            }
        };
        match passed {
            Ok(Pass::NeedsMore) => Step::Continue,
            Ok(Pass::Terminal) => self.finish(out),
            Err(defect) => self.fail(defect, out),
        }
    }

    /// Appends a sign of life to `out`, if part of the answer has left and the rest is held: the client hears nothing meanwhile,
    /// however much the tier says.
    pub fn beat(&mut self, out: &mut Vec<u8>) {
        if let Body::Stream(stream) = &mut self.body {
            stream.beat(out);
        }
    }

    /// The tier's body is over.
    pub fn end(&mut self, ending: Ending, out: &mut Vec<u8>) -> Step {
        match std::mem::replace(&mut self.body, Body::Over) {
            Body::Over => Step::Continue,
            Body::Whole(held) => self.end_whole(held, ending, out),
            Body::Stream(stream) => {
                // A stream whose every choice has finished lacks only the vendor's last event; all of the answer is there.
                self.body = Body::Stream(stream);
                self.finish(out)
            }
        }
    }

    /// The relay itself, for another thread; what stays behind is over, and is to be replaced by it when it comes back.
    #[must_use]
    pub fn step_aside(&mut self) -> Self {
        let over = Self { setup: self.setup.clone(), body: Body::Over, report: self.report, known: Known::default() };
        std::mem::replace(self, over)
    }

    /// What taking so many bytes more may cost at most, about; 0 also stands for [`end`](Self::end). Where that is more than the others
    /// on a thread can wait for, it is to be done elsewhere.
    pub fn outstanding(&self, arriving: usize) -> Duration {
        let nanoseconds = match &self.body {
            Body::Over => 0,
            Body::Whole(_) if arriving > 0 => cost(arriving, 1),
            Body::Whole(held) => cost(held.len(), OF_A_WHOLE).saturating_add(self.setup.outstanding()),
            Body::Stream(stream) => stream.outstanding(arriving),
        };
        Duration::from_nanos(nanoseconds)
    }

    /// Whether an event of the answer has come.
    pub fn has_begun(&self) -> bool {
        self.report.events > 0
    }

    /// Whether part of the answer has been released.
    pub fn has_released(&self) -> bool {
        matches!(&self.body, Body::Stream(stream) if stream.has_opened())
    }

    /// What is known of the answer so far.
    pub fn report(&self) -> Report {
        self.report
    }

    /// The items of the output of an answer that is whole, as JSON, where the setup says to keep them.
    pub fn take_items(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.known.items)
    }

    /// The ids of the tool calls in the answer, as the client is told them; known once it is over.
    pub fn take_tool_calls(&mut self) -> Vec<String> {
        std::mem::take(&mut self.known.calls).into_ids()
    }

    /// The labels of what was repaired in the answer.
    pub fn take_repairs(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.known.repairs)
    }

    /// A defect that was proven when all of the answer had left already: it is whole, and no good.
    pub fn take_noted(&mut self) -> Option<Defect> {
        self.known.noted.take()
    }

    /// Ends the attempt for a reason that lies outside its bytes, such as a deadline.
    pub fn abandon(&mut self, defect: Defect, out: &mut Vec<u8>) -> Step {
        self.fail(defect, out)
    }

    fn end_whole(&mut self, held: HeldBody, ending: Ending, out: &mut Vec<u8>) -> Step {
        if ending == Ending::Cut {
            return Step::Reject(Defect::StreamCut);
        }
        let Self { setup, report, .. } = self;
        match held.release_as(|body| whole::answer(setup, body, report)) {
            Ok((released, body, known)) => {
                released.write_body(out, &body);
                self.keep(known);
                Step::Done(self.report)
            }
            Err(defect) => Step::Reject(defect),
        }
    }

    fn keep(&mut self, known: Known) {
        self.known = known;
        if !self.setup.keeps_items {
            self.known.items = Vec::new();
        }
    }

    /// The stream has said all it will say.
    fn finish(&mut self, out: &mut Vec<u8>) -> Step {
        let Body::Stream(stream) = &mut self.body else { return Step::Continue };
        match stream.finish(out) {
            Ok(known) => {
                self.report = stream.report();
                self.body = Body::Over;
                self.keep(known);
                Step::Done(self.report)
            }
            Err(defect) => self.fail(defect, out),
        }
    }

    fn fail(&mut self, defect: Defect, out: &mut Vec<u8>) -> Step {
        match std::mem::replace(&mut self.body, Body::Over) {
            Body::Over => Step::Continue,
            Body::Stream(mut stream) if stream.has_opened() => {
                let (kind, message) = words_for_client(&defect);
                stream.fail(kind, message, &self.setup.request_id, out);
                Step::Broken(defect)
            }
            Body::Stream(_) | Body::Whole(_) => Step::Reject(defect),
        }
    }
}

/// What the client is told of a defect after release: never the tier's own words, which may name its address.
fn words_for_client(defect: &Defect) -> (ErrorKind, &'static str) {
    match defect {
        Defect::TierError { kind, .. } if kind.contains("overloaded") => {
            (ErrorKind::Overloaded, "The model's server is overloaded. Please try again.")
        }
        Defect::TierError { .. } => {
            (ErrorKind::Internal, "The model's server reported an error while it answered. Please try again.")
        }
        _ => (ErrorKind::Internal, "The answer broke off before it was complete. Please try again."),
    }
}
