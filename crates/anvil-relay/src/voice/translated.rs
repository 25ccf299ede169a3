//! A tier's events, said anew in the client's dialect.

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{Delta, DeltaReader, DeltaWriter, Dialect, Head};
use anvil_sse::Event;
use anvil_verify::{Defect, form};

use super::{Heard, Hearing};
use crate::opening::Opening;
use crate::setup::Setup;
use crate::utterance::Utterance;
use crate::window::Released;

/// Says anew what the tier says.
#[derive(Debug)]
pub(crate) struct Translated {
    client: Dialect,
    head: Head,
    reader: DeltaReader,
    writer: DeltaWriter,
    opening: Option<Opening>,
}

impl Translated {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            client: setup.client,
            head: setup.head.clone(),
            reader: DeltaReader::new(setup.tier),
            writer: DeltaWriter::new(setup.client, setup.head.clone()),
            opening: setup.opening.clone(),
        }
    }

    pub(super) fn hear<'e>(&mut self, event: &Event<'e>, hearing: &mut Hearing) -> Result<Heard<'e>, Defect> {
        let mut deltas = Vec::with_capacity(4);
        let ((), passed) = form::event(self.reader.read(event.data, &mut deltas))?;
        let (mut has_answer, mut is_last) = (false, false);
        for (place, delta) in deltas.iter().enumerate() {
            match delta {
                Delta::End => {
                    is_last = true;
                    deltas.truncate(place);
                    break;
                }
                Delta::Error(error) => {
                    return Err(Defect::TierError { kind: error.kind.clone(), words: error.message.clone() });
                }
                Delta::Ping => {}
                answer => {
                    has_answer = true;
                    self.note(hearing, answer);
                }
            }
        }
        hearing.report.events += u64::from(has_answer);
        Ok(match (is_last, has_answer) {
            (true, true) => Heard::Last(Some((Utterance::Steps(deltas), passed))),
            (true, false) => Heard::Last(None),
            (false, true) => Heard::Said(Utterance::Steps(deltas), passed),
            (false, false) if deltas.is_empty() => Heard::Nothing,
            (false, false) => Heard::Ping,
        })
    }

    pub(super) fn say(&mut self, steps: &[Delta<'_>], released: &Released, out: &mut Vec<u8>) -> Result<(), Defect> {
        // What the client was told while it waited is the beginning of this answer.
        if let Some(opened) = self.opening.take().and_then(|opening| opening.take()) {
            self.writer = opened;
        }
        for step in steps {
            let ((), _) = form::event(released.write_delta(out, &mut self.writer, step))?;
        }
        Ok(())
    }

    pub(super) fn ping(&mut self, released: &Released, out: &mut Vec<u8>) -> Result<(), Defect> {
        form::event(released.write_delta(out, &mut self.writer, &Delta::Ping)).map(|_| ())
    }

    /// A sign of life while what the tier says is held: in a text that is open, a piece of it.
    pub(super) fn beat(&mut self, out: &mut Vec<u8>) {
        let is_in_text = self.writer.said().has_text;
        self.writer.beat(is_in_text, out);
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<Vec<Vec<u8>>, Defect> {
        let ((), _) = form::event(self.writer.end(out))?;
        Ok(self.writer.take_items())
    }

    fn note(&self, hearing: &mut Hearing, delta: &Delta<'_>) {
        // A translated answer has one choice.
        match delta {
            Delta::Stop(reason) => hearing.note(1, 1, Some(reason.finish())),
            Delta::Usage(usage) => {
                hearing.note(1, 0, None);
                hearing.note_usage(*usage);
            }
            Delta::Call { call, id, .. } => {
                hearing.note(1, 0, None);
                hearing.calls.push(self.head.told_call_id(self.client, id, *call));
            }
            _ => hearing.note(1, 0, None),
        }
    }

    pub(super) fn fail(&mut self, kind: ErrorKind, message: &str, request_id: &str, out: &mut Vec<u8>) {
        self.writer.fail(kind, message, request_id, out);
    }
}
