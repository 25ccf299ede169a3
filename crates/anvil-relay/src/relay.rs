//! One attempt, from the tier's bytes to the client's.

use std::time::Duration;

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{FinishReason, ToolCalls, Usage};
use anvil_sse::{Decoder, Event, Frame, Limits};
use anvil_verify::{Defect, Passed};

use crate::gate::{self, Gate, Repair};
use crate::report::Report;
use crate::setup::{Ending, Form, Setup};
use crate::utterance::Utterance;
use crate::voice::{Heard, Hearing, Voice};
use crate::whole;
use crate::window::{HeldBody, Window};

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

#[derive(Debug)]
struct Stream {
    decoder: Decoder,
    voice: Voice,
    hearing: Hearing,
    gate: Gate,
    window: Window,
    /// Bytes that have come since the last event was complete.
    unread: usize,
}

/// What a byte may take, in nanoseconds (measured on one core of a small cloud machine, and rounded up): one that is read and passed on,
/// one that is read and checked, one that is let go after it was held, and one of a whole answer, which goes through all of it at
/// once.
const PASSED_ON: u64 = 10;
const CHECKED: u64 = 6_000;
const LET_GO: u64 = 4;
const OF_A_WHOLE: u64 = 40;

/// What one pass over the decoded frames came to.
enum Pass {
    NeedsMore,
    Terminal,
}

impl Relay {
    /// A relay for one attempt.
    pub fn new(setup: Setup) -> Self {
        let body = if setup.form == Form::Stream {
            Body::Stream(Box::new(Stream {
                decoder: Decoder::new(Limits { max_event_bytes: setup.max_event_bytes }),
                voice: Voice::new(&setup),
                hearing: Hearing::default(),
                gate: Gate::new(&setup),
                window: Window::new(setup.max_held_bytes),
                unread: 0,
            }))
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
                stream.decoder.feed(bytes);
                stream.unread = stream.unread.saturating_add(bytes.len());
                let passed = stream.pass(out);
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
        if let Body::Stream(stream) = &mut self.body
            && !stream.window.is_open()
            && let Some(released) = stream.window.for_signs_of_life()
        {
            stream.voice.beat(&released, out);
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
        matches!(&self.body, Body::Stream(stream) if stream.window.has_opened())
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
            Body::Stream(mut stream) if stream.window.has_opened() => {
                let (kind, message) = words_for_client(&defect);
                stream.voice.fail(kind, message, &self.setup.request_id, out);
                Step::Broken(defect)
            }
            Body::Stream(_) | Body::Whole(_) => Step::Reject(defect),
        }
    }
}

impl Stream {
    /// What is known of the answer so far.
    fn report(&self) -> Report {
        Report { verified: self.gate.verified(), sureness: self.gate.sureness(), ..self.hearing.report }
    }

    fn outstanding(&self, arriving: usize) -> u64 {
        let read = cost(self.unread.saturating_add(arriving), PASSED_ON);
        let Some(checks) = self.gate.outstanding() else { return read };
        let let_go = cost(self.window.held(), LET_GO);
        read.saturating_add(cost(arriving, CHECKED)).saturating_add(let_go).saturating_add(checks)
    }

    /// Reads every frame that is complete; appends to `out` what may be seen.
    fn pass(&mut self, out: &mut Vec<u8>) -> Result<Pass, Defect> {
        loop {
            match self.decoder.next() {
                Err(error) => return Err(sse_defect(&error)),
                Ok(None) => return Ok(Pass::NeedsMore),
                Ok(Some(Frame::Event(event))) => {
                    self.unread = 0;
                    let mut parts = Parts {
                        voice: &mut self.voice,
                        hearing: &mut self.hearing,
                        gate: &mut self.gate,
                        window: &mut self.window,
                    };
                    if parts.take(&event, out)? {
                        return Ok(Pass::Terminal);
                    }
                }
                Ok(Some(Frame::Comment(text))) => {
                    // A sign of life: worth passing on once the client has the stream's head, worth nothing before.
                    if let Some(released) = self.window.for_signs_of_life() {
                        released.write_comment(out, text);
                    }
                }
            }
        }
    }

    /// The verdict on the stream as a whole, and its end.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<Known, Defect> {
        let complete = self.hearing.completeness.verdict()?;
        let Report { finish, usage, .. } = self.hearing.report;
        let (proof, noted) = match self.verdict(complete, finish, usage) {
            Ok(proof) => (Some(proof), None),
            // All of it has left: it cannot be taken back, and to break it off would say that it is not whole.
            Err(defect) if self.window.is_open() => (None, Some(defect)),
            Err(defect) => return Err(defect),
        };
        let (before, was_open) = (out.len(), self.window.has_opened());
        let ended = proof.map_or(Ok(()), |proof| self.release(proof, out)).and_then(|()| self.voice.end(out));
        let items = ended.inspect_err(|_| take_back(&mut self.window, was_open, out, before))?;
        let calls = std::mem::take(&mut self.hearing.calls);
        Ok(Known { items, calls, repairs: self.gate.repaired(), noted })
    }

    fn verdict(&mut self, complete: Passed, finish: Option<FinishReason>, usage: Usage) -> Result<Passed, Defect> {
        let mut repairs = Vec::new();
        let proof = self.gate.end(complete, finish, usage, &mut repairs)?;
        repair(&mut self.window, repairs)?;
        Ok(proof)
    }

    fn release(&mut self, proof: Passed, out: &mut Vec<u8>) -> Result<(), Defect> {
        let (released, held) = self.window.open(proof);
        held.iter().try_for_each(|utterance| self.voice.say(utterance, &released, out))
    }
}

fn cost(bytes: usize, each: u64) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(each)
}

/// The parts of a stream that an event, which lies in its decoder, goes through.
struct Parts<'s> {
    voice: &'s mut Voice,
    hearing: &'s mut Hearing,
    gate: &'s mut Gate,
    window: &'s mut Window,
}

impl Parts<'_> {
    /// Takes one event; appends to `out` what may be seen. Whether it was the dialect's last.
    fn take(&mut self, event: &Event<'_>, out: &mut Vec<u8>) -> Result<bool, Defect> {
        match self.voice.hear(event, self.hearing)? {
            Heard::Said(utterance, formed) => self.pass(utterance, formed, out).map(|()| false),
            Heard::Last(None) => Ok(true),
            Heard::Last(Some((utterance, formed))) => self.pass(utterance, formed, out).map(|()| true),
            Heard::Nothing => Ok(false),
            Heard::Ping => {
                if let Some(released) = self.window.for_signs_of_life() {
                    self.voice.ping(event, &released, out)?;
                }
                Ok(false)
            }
        }
    }

    /// Says what was heard, and what was held before it, if the gate lets it pass; else holds it.
    fn pass(&mut self, mut utterance: Utterance<'_>, formed: Passed, out: &mut Vec<u8>) -> Result<(), Defect> {
        let mut repairs = Vec::new();
        let Some(proof) = self.gate.check(&mut utterance, formed, &mut repairs)? else {
            self.window.hold(utterance)?;
            return repair(self.window, repairs);
        };
        let (before, was_open) = (out.len(), self.window.has_opened());
        let said = self.say(utterance, proof, repairs, out);
        said.inspect_err(|_| take_back(self.window, was_open, out, before))
    }

    fn say(
        &mut self,
        utterance: Utterance<'_>,
        proof: Passed,
        repairs: Vec<Repair>,
        out: &mut Vec<u8>,
    ) -> Result<(), Defect> {
        if repairs.is_empty() {
            let (released, held) = self.window.open(proof);
            held.iter().chain([&utterance]).try_for_each(|utterance| self.voice.say(utterance, &released, out))
        } else {
            // What ends a call may hold the last piece of it.
            self.window.hold(utterance)?;
            repair(self.window, repairs)?;
            let (released, held) = self.window.open(proof);
            held.iter().try_for_each(|utterance| self.voice.say(utterance, &released, out))
        }
    }
}

/// What was let out first of all and cannot be said in the client's dialect has not left: nothing of the answer has then.
fn take_back(window: &mut Window, was_open: bool, out: &mut Vec<u8>, before: usize) {
    if !was_open {
        out.truncate(before);
        window.take_back();
    }
}

/// Puts repaired arguments in the place of the tier's.
fn repair(window: &mut Window, repairs: Vec<Repair>) -> Result<(), Defect> {
    for Repair { call, arguments } in repairs {
        if !window.repair(call, &arguments) {
            return Err(gate::irreparable());
        }
    }
    Ok(())
}

fn sse_defect(error: &anvil_sse::Error) -> Defect {
    match error {
        anvil_sse::Error::EventTooLarge { limit } => Defect::TooLarge { limit: *limit },
        unterminated @ anvil_sse::Error::Unterminated { .. } => {
            Defect::MalformedEvent { reason: unterminated.to_string() }
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
