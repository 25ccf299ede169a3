//! The engine: a thread with a runtime on it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anvil_relay::{STACK, Setup};
use thiserror::Error;
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::attempt::Attempt;
use crate::endpoint::Endpoint;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::mailbox::{Mailbox, Slot};
use crate::outbound::Outbound;
use crate::outcome::{Outcome, Timing};

/// How many tasks run between two looks at the sockets and the clock. The runtime's own 61 is meant for tasks that do little; one
/// that parses a tier's flood does much.
const EVENT_INTERVAL: u32 = 8;

/// The engine takes no new attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Closed {
    /// [`Engine::close`] was called.
    #[error("the engine is closed")]
    Closed,
    /// This process is a fork of the one that made the engine; the engine's thread is not in it.
    #[error("the engine belongs to the process that this one was forked from")]
    Forked,
}

/// One tokio thread that runs attempts. Made per event loop, closed with it.
#[derive(Debug)]
pub struct Engine {
    mailbox: Arc<Mailbox>,
    handle: Handle,
    next_id: AtomicU64,
    process: u32,
    /// Counts running attempts by its receivers; its value says whether the engine closes, and how soon.
    closing: watch::Sender<Option<Duration>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Starts the engine's thread.
    ///
    /// # Errors
    /// The system's, when there is no file descriptor or no thread left.
    pub fn start() -> io::Result<Self> {
        let mailbox = Arc::new(Mailbox::new()?);
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .event_interval(EVENT_INTERVAL)
            // Of the threads beside the engine's, which do what is long.
            .thread_stack_size(STACK)
            .build()?;
        let handle = runtime.handle().clone();
        let (closing, mut watched) = watch::channel(None);
        let sender = closing.clone();
        let thread =
            std::thread::Builder::new().name("anvil-engine".to_owned()).stack_size(STACK).spawn(move || {
                runtime.block_on(async move {
                    let grace = watched.wait_for(Option::is_some).await.map_or(None, |grace| *grace);
                    drop(watched);
                    // Every running attempt holds a receiver: the channel is closed when the last one is done.
                    let _ = timeout(grace.unwrap_or_default(), sender.closed()).await;
                });
                // Ends the attempts that are left, and with them their connections, without waiting for a resolver's thread.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            mailbox,
            handle,
            next_id: AtomicU64::new(1),
            process: std::process::id(),
            closing,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Where the attempts' answers come out.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Starts an attempt.
    ///
    /// # Errors
    /// [`Closed`] when the engine takes no more.
    pub fn open(&self, endpoint: Arc<Endpoint>, outbound: Outbound, setup: Setup) -> Result<Attempt, Closed> {
        if std::process::id() != self.process {
            return Err(Closed::Forked);
        }
        if self.closing.borrow().is_some() {
            return Err(Closed::Closed);
        }
        let slot = Arc::new(Slot::new(self.next_id.fetch_add(1, Ordering::Relaxed)));
        let exchange = Exchange::new(endpoint, Arc::clone(&self.mailbox), Arc::clone(&slot), setup);
        let guard =
            Guard { mailbox: Arc::clone(&self.mailbox), slot: Arc::clone(&slot), running: self.closing.subscribe() };
        let task = self.handle.spawn(async move {
            let _guard = guard;
            exchange.run(outbound).await;
        });
        Ok(Attempt::new(slot, task.abort_handle()))
    }

    /// Takes no more attempts, gives the running ones up to `grace` to end, then ends them and the thread.
    pub fn close(&self, grace: Duration) {
        if std::process::id() != self.process {
            return;
        }
        self.closing.send_replace(Some(grace));
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread has been reported by the panic hook; there is nothing left to close.
            let _ = thread.join();
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

/// Tells the owner of an attempt whose task panicked, or was ended with the engine, that it is over; without it, the owner
/// would wait for ever.
struct Guard {
    mailbox: Arc<Mailbox>,
    slot: Arc<Slot>,
    running: watch::Receiver<Option<Duration>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let failure = if std::thread::panicking() {
            Some(Failure::Panicked)
        } else {
            self.running.borrow().map(|_| Failure::EngineClosed)
        };
        if failure.is_some() && !self.slot.is_over() {
            let outcome = Outcome {
                failure,
                released: true,
                report: anvil_relay::Report::default(),
                timing: Timing::default(),
                items: Vec::new(),
                tool_calls: Vec::new(),
                repairs: Vec::new(),
                noted: None,
            };
            self.mailbox.put(&self.slot, &mut Vec::new(), Some(outcome));
        }
    }
}
