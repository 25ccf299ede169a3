//! Where the engine leaves what a client may see, and where the other side takes it.
//!
//! Each attempt has a slot. A slot whose owner waits is put on the ready list, and the bell is rung once until the list is
//! drained, however many slots became ready. What is put into a slot that nobody waits for stays there and is taken with the
//! next [`Slot::take`]: under load the pieces of an answer coalesce by themselves.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::bell::Bell;
use crate::outcome::Outcome;

/// The most bytes a slot holds before the tier is no longer read from. One push may go beyond it by its own size.
const SLOT_BYTES: usize = 256 * 1024;

/// The ready list of one engine.
#[derive(Debug)]
pub struct Mailbox {
    ready: Mutex<Vec<Arc<Slot>>>,
    rung: AtomicBool,
    bell: Bell,
}

/// What is taken from a slot at once.
#[derive(Debug)]
pub struct Delivery {
    /// Bytes for the client.
    pub bytes: Vec<u8>,
    /// How the attempt ended, with its last bytes.
    pub outcome: Option<Outcome>,
}

/// One attempt's place in the mailbox.
#[derive(Debug)]
pub(crate) struct Slot {
    id: u64,
    contents: Mutex<Contents>,
    room: Notify,
}

#[derive(Debug, Default)]
struct Contents {
    bytes: Vec<u8>,
    outcome: Option<Outcome>,
    /// The outcome has been put; it may have been taken since.
    over: bool,
    /// The owner found nothing and waits for the bell.
    awaited: bool,
}

impl Mailbox {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { ready: Mutex::default(), rung: AtomicBool::new(false), bell: Bell::new()? })
    }

    /// The file descriptor that is readable while something waits to be drained.
    pub fn fd(&self) -> RawFd {
        self.bell.as_fd().as_raw_fd()
    }

    /// Takes what became ready since the last call, as (attempt's id, delivery).
    pub fn drain(&self) -> Vec<(u64, Delivery)> {
        self.bell.silence();
        // Cleared before the list is taken: a slot that arrives in between rings again, so none is missed.
        self.rung.store(false, Ordering::Release);
        let ready = std::mem::take(&mut *lock(&self.ready));
        ready.iter().filter_map(|slot| slot.collect().map(|delivery| (slot.id, delivery))).collect()
    }

    fn announce(&self, slot: &Arc<Slot>) {
        lock(&self.ready).push(Arc::clone(slot));
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.bell.ring();
        }
    }

    /// Appends `bytes` to the slot (leaving `bytes` empty) and, at the end, the outcome.
    pub(crate) fn put(&self, slot: &Arc<Slot>, bytes: &mut Vec<u8>, outcome: Option<Outcome>) {
        let awaited = {
            let mut contents = lock(&slot.contents);
            if contents.bytes.is_empty() {
                std::mem::swap(&mut contents.bytes, bytes);
            } else {
                contents.bytes.append(bytes);
            }
            contents.over |= outcome.is_some();
            contents.outcome = outcome.or(contents.outcome.take());
            std::mem::take(&mut contents.awaited)
        };
        if awaited {
            self.announce(slot);
        }
    }
}

impl AsFd for Mailbox {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

impl Slot {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, contents: Mutex::default(), room: Notify::new() }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Takes what is there; `None` means that the slot's id will come out of [`Mailbox::drain`] once something is.
    pub(crate) fn take(&self) -> Option<Delivery> {
        let mut contents = lock(&self.contents);
        let delivery = contents.take();
        contents.awaited = delivery.is_none();
        drop(contents);
        self.room.notify_one();
        delivery
    }

    /// Whether the outcome has been put.
    pub(crate) fn is_over(&self) -> bool {
        lock(&self.contents).over
    }

    /// Waits until the slot has room.
    pub(crate) async fn room(&self) {
        while lock(&self.contents).bytes.len() >= SLOT_BYTES {
            self.room.notified().await;
        }
    }

    fn collect(&self) -> Option<Delivery> {
        let delivery = lock(&self.contents).take();
        self.room.notify_one();
        delivery
    }
}

impl Contents {
    fn take(&mut self) -> Option<Delivery> {
        if self.bytes.is_empty() && self.outcome.is_none() {
            return None;
        }
        Some(Delivery { bytes: std::mem::take(&mut self.bytes), outcome: self.outcome.take() })
    }
}

/// A poisoned lock's data is whole: nothing that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
