//! The handle on an attempt that runs.

use std::sync::Arc;

use tokio::task::AbortHandle;

use crate::mailbox::{Delivery, Slot};

/// An attempt that runs on the engine. Dropping it ends the attempt and closes its connection.
#[derive(Debug)]
pub struct Attempt {
    slot: Arc<Slot>,
    task: AbortHandle,
}

impl Attempt {
    pub(crate) fn new(slot: Arc<Slot>, task: AbortHandle) -> Self {
        Self { slot, task }
    }

    /// The attempt's id, unique in its engine.
    pub fn id(&self) -> u64 {
        self.slot.id()
    }

    /// Takes what is there for the client. `None` means that the id will come out of [`crate::Mailbox::drain`] once
    /// something is; until then no further call is needed.
    pub fn take(&self) -> Option<Delivery> {
        self.slot.take()
    }

    /// Ends the attempt and closes its connection. One whose outcome is there already is left alone: it only reads its
    /// connection out for the next one.
    pub fn cancel(&self) {
        if !self.slot.is_over() {
            self.task.abort();
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.cancel();
    }
}
