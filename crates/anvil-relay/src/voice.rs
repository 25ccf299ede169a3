//! How the tier's events become the client's: in its own dialect as they are but for the model's name, in another said anew.

use anvil_dialect::{Delta, DeltaReader, DeltaWriter, Dialect, EventKind, Reader, envelope};
use anvil_sse::Event;
use anvil_verify::{Completeness, Defect, form};

use crate::echo::Echo;
use crate::report::Report;
use crate::setup::Setup;
use crate::window::Window;

/// What is known of a stream while it is heard.
#[derive(Debug)]
pub(crate) struct Hearing {
    pub(crate) completeness: Completeness,
    pub(crate) window: Window,
    pub(crate) report: Report,
}

/// Says to the client what the tier says.
#[derive(Debug)]
pub(crate) enum Voice {
    Same { client: Dialect, reader: Reader, echo: Echo },
    Translated { reader: DeltaReader, writer: DeltaWriter },
}

impl Voice {
    pub(crate) fn new(setup: &Setup) -> Self {
        if setup.client == setup.tier {
            let echo = Echo::new(&setup.head.model);
            return Self::Same { client: setup.client, reader: Reader::new(setup.tier), echo };
        }
        let writer = DeltaWriter::new(setup.client, setup.head.clone());
        Self::Translated { reader: DeltaReader::new(setup.tier), writer }
    }

    /// Takes one event; appends to `out` what may be seen. Whether it was the dialect's last.
    pub(crate) fn say(&mut self, event: &Event<'_>, hearing: &mut Hearing, out: &mut Vec<u8>) -> Result<bool, Defect> {
        match self {
            Self::Same { reader, echo, .. } => pass_on(reader, echo, event, hearing, out),
            Self::Translated { reader, writer } => translate(reader, writer, event, hearing, out),
        }
    }

    /// Ends a stream whose answer is all there.
    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Same { client, .. } => envelope::push_terminal(out, *client),
            Self::Translated { writer, .. } => writer.end(out),
        }
    }
}

fn pass_on(
    reader: &mut Reader,
    echo: &mut Echo,
    event: &Event<'_>,
    hearing: &mut Hearing,
    out: &mut Vec<u8>,
) -> Result<bool, Defect> {
    let (read, passed) = form::event(reader.read(event.data))?;
    hearing.report.usage = reader.usage();
    let name = if event.name.is_empty() { read.name } else { event.name };
    match read.kind {
        EventKind::Terminal => return Ok(true),
        EventKind::Error(error) => return Err(Defect::TierError { kind: error.kind, words: error.message }),
        EventKind::Ping => {
            if let Some(released) = hearing.window.released() {
                released.write_event(out, name, event.data);
            }
        }
        EventKind::Answer => {
            hearing.completeness.note(read.choices, read.finished);
            hearing.report.events += 1;
            hearing.report.finish = read.finish.or(hearing.report.finish);
            if let Some(released) = hearing.window.open(passed) {
                released.write_event(out, name, echo.apply(event.data, read.model.as_ref()));
            }
        }
    }
    Ok(false)
}

fn translate(
    reader: &mut DeltaReader,
    writer: &mut DeltaWriter,
    event: &Event<'_>,
    hearing: &mut Hearing,
    out: &mut Vec<u8>,
) -> Result<bool, Defect> {
    let mut deltas = Vec::with_capacity(4);
    let ((), passed) = form::event(reader.read(event.data, &mut deltas))?;
    let mut proof = Some(passed);
    for delta in &deltas {
        match delta {
            Delta::End => return Ok(true),
            Delta::Error(error) => {
                return Err(Defect::TierError { kind: error.kind.clone(), words: error.message.clone() });
            }
            Delta::Ping => {}
            answer => {
                if let Some(proof) = proof.take() {
                    hearing.report.events += 1;
                    hearing.window.open(proof);
                }
                hearing.note(answer);
            }
        }
        if let Some(released) = hearing.window.released() {
            let ((), _) = form::event(released.write_delta(out, writer, delta))?;
        }
    }
    Ok(false)
}

impl Hearing {
    fn note(&mut self, delta: &Delta<'_>) {
        // A translated answer has one choice.
        self.completeness.note(1, u128::from(matches!(delta, Delta::Stop(_))));
        match delta {
            Delta::Stop(reason) => self.report.finish = Some(reason.finish()),
            Delta::Usage(usage) => self.report.usage.update(*usage),
            _ => {}
        }
    }
}
