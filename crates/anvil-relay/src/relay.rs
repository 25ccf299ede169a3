//! One attempt, from the tier's bytes to the client's.

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{Delta, ToolCalls, answer, read_answer, write_answer};
use anvil_sse::{Decoder, Frame, Limits};
use anvil_verify::{Completeness, Defect, form};

use crate::report::Report;
use crate::setup::{Ending, Form, Setup};
use crate::splice::Splice;
use crate::voice::{Hearing, Voice};
use crate::window::{Held, Window};

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
struct Known {
    items: Vec<Vec<u8>>,
    calls: ToolCalls,
}

#[derive(Debug)]
enum Body {
    Stream(Box<Stream>),
    Whole(Held),
    Over,
}

#[derive(Debug)]
struct Stream {
    decoder: Decoder,
    voice: Voice,
    hearing: Hearing,
}

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
                hearing: Hearing {
                    completeness: Completeness::default(),
                    window: Window::Held(Held::new(setup.max_event_bytes)),
                    report: Report::default(),
                    calls: ToolCalls::default(),
                },
            }))
        } else {
            Body::Whole(Held::new(setup.max_answer_bytes))
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
                let passed = stream.pass(out);
                self.report = stream.hearing.report;
                passed
            }
        };
        match passed {
            Ok(Pass::NeedsMore) => Step::Continue,
            Ok(Pass::Terminal) => self.finish(out),
            Err(defect) => self.fail(defect, out),
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

    /// Whether an event of the answer has come.
    pub fn has_begun(&self) -> bool {
        self.report.events > 0
    }

    /// Whether part of the answer has been released.
    pub fn has_released(&self) -> bool {
        matches!(&self.body, Body::Stream(stream) if stream.hearing.window.released().is_some())
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

    /// Ends the attempt for a reason that lies outside its bytes, such as a deadline.
    pub fn abandon(&mut self, defect: Defect, out: &mut Vec<u8>) -> Step {
        self.fail(defect, out)
    }

    fn end_whole(&mut self, held: Held, ending: Ending, out: &mut Vec<u8>) -> Step {
        if ending == Ending::Cut {
            return Step::Reject(Defect::StreamCut);
        }
        let ended = if matches!(self.setup.form, Form::Document | Form::Unread) || self.setup.client == self.setup.tier
        {
            self.pass_on_whole(held, out)
        } else {
            self.translate_whole(held, out)
        };
        match ended {
            Ok((report, known)) => {
                self.report = report;
                self.keep(known);
                Step::Done(report)
            }
            Err(defect) => Step::Reject(defect),
        }
    }

    fn keep(&mut self, known: Known) {
        self.known.calls = known.calls;
        if self.setup.keeps_items {
            self.known.items = known.items;
        }
    }

    fn pass_on_whole(&self, held: Held, out: &mut Vec<u8>) -> Result<(Report, Known), Defect> {
        let Setup { client, tier, form: wanted, head, .. } = &self.setup;
        let read = |body: &[u8]| match wanted {
            Form::Document | Form::Unread => answer::read_document(body),
            Form::Stream | Form::Whole => answer::read(*tier, body),
        };
        let ((spans, report, known), passed) = held.check(|body| match form::answer(read(body))? {
            (answer::Answer::Whole { spans, finish, usage, calls }, passed) => {
                let items =
                    if self.setup.keeps_items { form::answer(answer::items(*tier, body))?.0 } else { Vec::new() };
                Ok(((spans, Report { finish, usage, events: 0 }, Known { items, calls }), passed))
            }
            (answer::Answer::Error(error), _) => Err(Defect::TierError { kind: error.kind, words: error.message }),
        })?;
        let mut splice = Splice::new(*client, head);
        held.release(passed).write_held(out, |out, body| out.extend_from_slice(splice.apply(body, &spans, None, None)));
        Ok((report, known))
    }

    fn translate_whole(&self, held: Held, out: &mut Vec<u8>) -> Result<(Report, Known), Defect> {
        let Setup { client, tier, head, .. } = &self.setup;
        let (released, known) = held.release_as(|body| {
            let (deltas, _) = form::answer(read_answer(*tier, body))?;
            let (mut report, mut calls) = (Report::default(), ToolCalls::default());
            for delta in &deltas {
                match delta {
                    Delta::Error(error) => {
                        return Err(Defect::TierError { kind: error.kind.clone(), words: error.message.clone() });
                    }
                    Delta::Stop(reason) => report.finish = Some(reason.finish()),
                    Delta::Usage(usage) => report.usage.update(*usage),
                    Delta::Call { call, id, .. } => calls.push(head.told_call_id(*client, id, *call)),
                    _ => {}
                }
            }
            let mut anew = Vec::with_capacity(body.len());
            let (items, passed) = form::answer(write_answer(*client, head, &deltas, &mut anew))?;
            Ok((anew, (report, Known { items, calls }), passed))
        })?;
        released.write_held(out, Vec::extend_from_slice);
        Ok(known)
    }

    /// The stream has said all it will say.
    fn finish(&mut self, out: &mut Vec<u8>) -> Step {
        let Body::Stream(stream) = &mut self.body else { return Step::Continue };
        match stream.hearing.completeness.verdict().and_then(|_| stream.voice.end(out)) {
            Ok(items) => {
                let calls = std::mem::take(&mut stream.hearing.calls);
                self.body = Body::Over;
                self.keep(Known { items, calls });
                Step::Done(self.report)
            }
            Err(defect) => self.fail(defect, out),
        }
    }

    fn fail(&mut self, defect: Defect, out: &mut Vec<u8>) -> Step {
        match std::mem::replace(&mut self.body, Body::Over) {
            Body::Over => Step::Continue,
            Body::Stream(mut stream) if stream.hearing.window.released().is_some() => {
                let (kind, message) = words_for_client(&defect);
                stream.voice.fail(kind, message, &self.setup.request_id, out);
                Step::Broken(defect)
            }
            Body::Stream(_) | Body::Whole(_) => Step::Reject(defect),
        }
    }
}

impl Stream {
    /// Reads every frame that is complete; appends to `out` what may be seen.
    fn pass(&mut self, out: &mut Vec<u8>) -> Result<Pass, Defect> {
        loop {
            match self.decoder.next() {
                Err(error) => return Err(sse_defect(&error)),
                Ok(None) => return Ok(Pass::NeedsMore),
                Ok(Some(Frame::Event(event))) => {
                    if self.voice.say(&event, &mut self.hearing, out)? {
                        return Ok(Pass::Terminal);
                    }
                }
                Ok(Some(Frame::Comment(text))) => {
                    // A sign of life: worth passing on once the client has the stream's head, worth nothing before.
                    if let Some(released) = self.hearing.window.released() {
                        released.write_comment(out, text);
                    }
                }
            }
        }
    }
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
