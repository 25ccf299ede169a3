//! What a client is told while it waits for an answer: that there will be one, and that somebody is at work on it.

use std::sync::{Arc, Mutex, PoisonError};

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{DeltaWriter, Dialect, Head};

/// The opening of one exchange's streamed answer, shared by the one who gives signs of life and the attempts that may answer.
///
/// The attempt that releases first takes it over: from then on no sign of life is given, and the answer goes on where the opening
/// ended. Whoever holds the lock has the client's ear, so that nothing is said twice or out of order.
#[derive(Debug, Clone)]
pub struct Opening {
    client: Dialect,
    head: Head,
    request_id: String,
    writer: Arc<Mutex<Option<DeltaWriter>>>,
}

impl Opening {
    /// An opening of which nothing has been said.
    pub fn new(client: Dialect, head: Head, request_id: String) -> Self {
        let writer = Arc::new(Mutex::new(Some(DeltaWriter::new(client, head.clone()))));
        Self { client, head, request_id, writer }
    }

    /// A sign of life, and before the first one what the dialect begins an answer with; nothing once an attempt has taken over.
    /// `is_late` as in [`DeltaWriter::beat`].
    pub fn beat(&self, is_late: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.with(|writer| {
            if let Some(writer) = writer {
                writer.beat(is_late, &mut out);
            }
        });
        out
    }

    /// The event that ends an answer which cannot go on.
    pub fn fail(&self, kind: ErrorKind, message: &str) -> Vec<u8> {
        let mut out = Vec::new();
        // An attempt that has taken over is being ended from outside: what it has said last is not known here.
        let mut writer = self.take().unwrap_or_else(|| DeltaWriter::new(self.client, self.head.clone()));
        writer.fail(kind, message, &self.request_id, &mut out);
        out
    }

    /// Takes the opening over; `None` if another attempt has.
    pub(crate) fn take(&self) -> Option<DeltaWriter> {
        self.with(Option::take)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Option<DeltaWriter>) -> T) -> T {
        // Nothing that can panic leaves a writer half way: a poisoned lock's writer is as good as any.
        work(&mut self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
