//! The commit window as a typestate.
//!
//! [`Held`] and [`HeldBody`] have no method that yields what they hold. The only way from them to [`Released`], which writes, takes
//! a [`Passed`], and only a check can make one. So "no byte of a rejected answer leaves" is held by the compiler.

use std::collections::HashMap;

use anvil_dialect::{Delta, DeltaWriter, Malformed};
use anvil_verify::{Defect, Passed};

use crate::utterance::Utterance;

/// What an event that is held counts for at least, in bytes: it takes about ten times as much, however little it says. It bounds how
/// many are held: 262,144 under the default cap, which is more than any model says in one answer.
const LEAST_BYTES: usize = 64;

/// What a stream holds back until a check has passed.
#[derive(Debug)]
pub(crate) struct Held {
    utterances: Vec<Utterance<'static>>,
    /// Which of them is the first to say something of a call's arguments.
    calls: HashMap<usize, usize>,
    room: Room,
}

/// What of a whole answer has come.
#[derive(Debug)]
pub(crate) struct HeldBody {
    bytes: Vec<u8>,
    room: Room,
}

/// What may be seen: the only thing that writes to a client.
#[derive(Debug)]
pub(crate) struct Released(());

/// How much more may be held.
#[derive(Debug, Clone, Copy)]
struct Room {
    held: usize,
    limit: usize,
}

impl Room {
    fn take(&mut self, size: usize) -> Result<(), Defect> {
        self.held = self.held.saturating_add(size);
        if self.held > self.limit { Err(Defect::TooLarge { limit: self.limit }) } else { Ok(()) }
    }
}

impl Held {
    fn new(limit: usize) -> Self {
        Self { utterances: Vec::new(), calls: HashMap::new(), room: Room { held: 0, limit } }
    }

    fn hold(&mut self, utterance: Utterance<'_>) -> Result<(), Defect> {
        self.room.take(utterance.size().max(LEAST_BYTES))?;
        let place = self.utterances.len();
        utterance.calls(|call| {
            self.calls.entry(call).or_insert(place);
        });
        self.utterances.push(utterance.into_owned());
        Ok(())
    }

    fn repair(&mut self, call: usize, arguments: &str) -> bool {
        let held = self.calls.get(&call).and_then(|&first| self.utterances.get_mut(first..));
        held.is_some_and(|held| Utterance::repair(held, call, arguments))
    }

    fn release(self, _proof: Passed) -> (Released, Vec<Utterance<'static>>) {
        (Released(()), self.utterances)
    }
}

impl HeldBody {
    pub(crate) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), room: Room { held: 0, limit } }
    }

    /// How many bytes it holds.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Holds more bytes.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] at the cap.
    pub(crate) fn hold(&mut self, bytes: &[u8]) -> Result<(), Defect> {
        self.room.take(bytes.len())?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Opens the window on what a check makes of what is held. Of one that fails, its defect is all that comes out.
    pub(crate) fn release_as<T>(
        self,
        check: impl FnOnce(&[u8]) -> Result<(Vec<u8>, T, Passed), Defect>,
    ) -> Result<(Released, Vec<u8>, T), Defect> {
        let (body, known, _proof) = check(&self.bytes)?;
        Ok((Released(()), body, known))
    }
}

#[expect(clippy::unused_self, reason = "having one is the proof that the window is open")]
impl Released {
    /// Writes a whole body.
    pub(crate) fn write_body(&self, out: &mut Vec<u8>, body: &[u8]) {
        out.extend_from_slice(body);
    }

    /// Writes an event.
    pub(crate) fn write_event(&self, out: &mut Vec<u8>, name: &str, data: &[u8]) {
        anvil_sse::write_event(out, name, data);
    }

    /// Writes a step of an answer in the client's dialect.
    pub(crate) fn write_delta(
        &self,
        out: &mut Vec<u8>,
        writer: &mut DeltaWriter,
        delta: &Delta<'_>,
    ) -> Result<(), Malformed> {
        writer.write(delta, out)
    }

    /// Writes a comment: a sign of life.
    pub(crate) fn write_comment(&self, out: &mut Vec<u8>, text: &[u8]) {
        anvil_sse::write_comment(out, text);
    }
}

/// The window of a stream, which closes again over what has still to be checked.
#[derive(Debug)]
pub(crate) struct Window {
    state: State,
    has_opened: bool,
    limit: usize,
}

#[derive(Debug)]
enum State {
    Held(Held),
    Released(Released),
}

impl Window {
    /// A window that is closed, and holds up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: State::Held(Held::new(limit)), has_opened: false, limit }
    }

    /// Whether it has been open: then the client has seen part of the answer.
    pub(crate) fn has_opened(&self) -> bool {
        self.has_opened
    }

    /// Whether nothing is held.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Released(_))
    }

    /// The bytes that it holds, an event counted for at least 64.
    pub(crate) fn held(&self) -> usize {
        match &self.state {
            State::Held(held) => held.room.held,
            State::Released(_) => 0,
        }
    }

    /// Through what a sign of life may be written, which says nothing of the answer: to a client that has seen part of it.
    pub(crate) fn for_signs_of_life(&self) -> Option<Released> {
        self.has_opened.then_some(Released(()))
    }

    /// Holds something more; closes the window if it was open.
    ///
    /// # Errors
    /// [`Defect::TooLarge`] at the cap.
    pub(crate) fn hold(&mut self, utterance: Utterance<'_>) -> Result<(), Defect> {
        match &mut self.state {
            State::Held(held) => held.hold(utterance),
            State::Released(_) => {
                let mut held = Held::new(self.limit);
                let kept = held.hold(utterance);
                self.state = State::Held(held);
                kept
            }
        }
    }

    /// Puts `arguments` in the place of what the held part of the answer says of that call's. Whether all of that is held, in a
    /// form in which it can be replaced.
    pub(crate) fn repair(&mut self, call: usize, arguments: &str) -> bool {
        match &mut self.state {
            State::Held(held) => held.repair(call, arguments),
            State::Released(_) => false,
        }
    }

    /// Closes it as if it had never been open: what was let out first of all could not be said, and has not left.
    pub(crate) fn take_back(&mut self) {
        self.state = State::Held(Held::new(self.limit));
        self.has_opened = false;
    }

    /// Opens the window; what was held.
    pub(crate) fn open(&mut self, proof: Passed) -> (Released, Vec<Utterance<'static>>) {
        self.has_opened = true;
        match std::mem::replace(&mut self.state, State::Released(Released(()))) {
            State::Held(held) => held.release(proof),
            State::Released(released) => (released, Vec::new()),
        }
    }
}
