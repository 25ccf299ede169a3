//! What a client is told while it waits for an answer: that there will be one, and that somebody is at work on it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{DeltaWriter, Dialect, Head};

/// The opening of one exchange's streamed answer, shared by the one who gives signs of life and the attempts that may answer.
///
/// The attempt that releases first takes it over: from then on no sign of life is given, and the answer goes on where the opening
/// ended. Whoever holds the lock has the client's ear, so that nothing is said twice or out of order.
#[derive(Debug, Clone)]
pub struct Opening(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: Dialect,
    head: Head,
    request_id: String,
    floor: Mutex<Floor>,
}

/// Who speaks to the client, and what it has been told.
#[derive(Debug, Default)]
struct Floor {
    /// `None` while nothing has been said, which is how it stays for most.
    writer: Option<Box<DeltaWriter>>,
    /// Whether an attempt speaks.
    is_taken: bool,
}

impl Opening {
    /// An opening of which nothing has been said.
    pub fn new(client: Dialect, head: Head, request_id: String) -> Self {
        Self(Arc::new(Shared { client, head, request_id, floor: Mutex::default() }))
    }

    /// What the answer says of itself, whoever gives it.
    pub fn head(&self) -> &Head {
        &self.0.head
    }

    /// The exchange's id.
    pub fn request_id(&self) -> &str {
        &self.0.request_id
    }

    /// A sign of life, and before the first one what the dialect begins an answer with; nothing once an attempt has taken over.
    /// `is_late` as in [`DeltaWriter::beat`].
    pub fn beat(&self, is_late: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut floor = self.floor();
        if !floor.is_taken {
            floor.writer.get_or_insert_with(|| Box::new(self.writer())).beat(is_late, &mut out);
        }
        out
    }

    /// The event that ends an answer which cannot go on.
    pub fn fail(&self, kind: ErrorKind, message: &str) -> Vec<u8> {
        let mut out = Vec::new();
        // An attempt that has taken over is being ended from outside: what it has said last is not known here.
        let mut writer = self.take().unwrap_or_else(|| self.writer());
        writer.fail(kind, message, &self.0.request_id, &mut out);
        out
    }

    /// Takes the opening over; `None` if another attempt has, or nothing has been said.
    pub(crate) fn take(&self) -> Option<DeltaWriter> {
        let mut floor = self.floor();
        // A copy: what the client has been told holds for the next attempt too, if it never sees this one's.
        if std::mem::replace(&mut floor.is_taken, true) { None } else { floor.writer.as_deref().cloned() }
    }

    /// Gives back what an attempt took over and failed before the client was sent any of it: signs of life and the next attempt go on
    /// where the opening ended.
    pub fn give_back(&self) {
        self.floor().is_taken = false;
    }

    fn writer(&self) -> DeltaWriter {
        DeltaWriter::new(self.0.client, self.0.head.clone())
    }

    fn floor(&self) -> MutexGuard<'_, Floor> {
        // Nothing that can panic leaves a writer half way: a poisoned lock's writer is as good as any.
        self.0.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
