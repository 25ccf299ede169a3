//! A stream of the tier's: read, checked, held, and said to the client.

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{FinishReason, Usage};
use anvil_sse::{Decoder, Event, Frame, Limits};
use anvil_verify::{Defect, Passed};

use crate::cost::{CHECKED, LET_GO, PASSED_ON, cost};
use crate::gate::{self, Gate, Repair};
use crate::relay::Known;
use crate::report::Report;
use crate::setup::Setup;
use crate::utterance::Utterance;
use crate::voice::{Heard, Hearing, Voice};
use crate::window::Window;

/// A stream that is being read.
#[derive(Debug)]
pub(crate) struct Stream {
    decoder: Decoder,
    voice: Voice,
    hearing: Hearing,
    gate: Gate,
    window: Window,
    /// Bytes that have come since the last event was complete.
    unread: usize,
}

/// What one pass over the decoded frames came to.
pub(crate) enum Pass {
    NeedsMore,
    Terminal,
}

impl Stream {
    /// A stream of which nothing has come.
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            decoder: Decoder::new(Limits { max_event_bytes: setup.max_event_bytes }),
            voice: Voice::new(setup),
            hearing: Hearing::default(),
            gate: Gate::new(setup),
            window: Window::new(setup.max_held_bytes),
            unread: 0,
        }
    }

    /// Takes more bytes; appends to `out` what may be seen.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Pass, Defect> {
        self.decoder.feed(bytes);
        self.unread = self.unread.saturating_add(bytes.len());
        self.pass(out)
    }

    /// Appends a sign of life, if part of the answer has left and the rest is held.
    pub(crate) fn beat(&mut self, out: &mut Vec<u8>) {
        if !self.window.is_open()
            && let Some(released) = self.window.for_signs_of_life()
        {
            self.voice.beat(&released, out);
        }
    }

    /// Whether part of the answer has been let out.
    pub(crate) fn has_opened(&self) -> bool {
        self.window.has_opened()
    }

    /// Ends the client's stream, which cannot go on.
    pub(crate) fn fail(&mut self, kind: ErrorKind, message: &str, request_id: &str, out: &mut Vec<u8>) {
        self.voice.fail(kind, message, request_id, out);
    }

    /// What is known of the answer so far.
    pub(crate) fn report(&self) -> Report {
        Report { verified: self.gate.verified(), sureness: self.gate.sureness(), ..self.hearing.report }
    }

    /// What taking so many bytes more may cost at most, about, in nanoseconds.
    pub(crate) fn outstanding(&self, arriving: usize) -> u64 {
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
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> Result<Known, Defect> {
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
