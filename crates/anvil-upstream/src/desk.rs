//! Where an attempt's relay works: on the engine's thread, or beside it while its work is long.

use std::panic::resume_unwind;
use std::time::Duration;

use anvil_relay::{Ending, Relay, Step};
use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

/// What may cost more than this is not done on the engine's thread, where every other exchange would wait for it.
const LONG: Duration = Duration::from_millis(20);

/// So many long pieces of work are done at once in the process; the others wait, and keep nobody from the thread. More than there are
/// cores, for a piece that is soon done must not wait for those that are not.
static ROOM: Semaphore = Semaphore::const_new(32);

/// A relay and where it is.
#[derive(Debug)]
pub(crate) struct Desk {
    /// While the relay is away, one that is over stands here.
    relay: Relay,
    away: Option<JoinHandle<Work>>,
}

/// A relay that comes back from a piece of work, what may be sent, and the step that it took.
type Work = (Relay, Vec<u8>, Step);

impl Desk {
    pub(crate) fn new(relay: Relay) -> Self {
        Self { relay, away: None }
    }

    /// The relay, when it is not away.
    pub(crate) fn here(&mut self) -> &mut Relay {
        &mut self.relay
    }

    /// As [`Relay::push`].
    ///
    /// # Cancel safety
    /// The relay goes on with the bytes, and [`come_back`](Self::come_back) waits for it.
    pub(crate) async fn push(&mut self, bytes: Bytes, out: &mut Vec<u8>) -> Step {
        if self.relay.outstanding(bytes.len()) <= LONG {
            return self.relay.push(&bytes, out);
        }
        self.send_away(out, move |relay, out| relay.push(&bytes, out)).await
    }

    /// As [`Relay::end`].
    ///
    /// # Cancel safety
    /// As [`push`](Self::push).
    pub(crate) async fn end(&mut self, ending: Ending, out: &mut Vec<u8>) -> Step {
        if self.relay.outstanding(0) <= LONG {
            return self.relay.end(ending, out);
        }
        self.send_away(out, move |relay, out| relay.end(ending, out)).await
    }

    /// Waits for a relay that is away: the step that it took, with what may be sent in `out`. `None` where it is not away.
    pub(crate) async fn come_back(&mut self, out: &mut Vec<u8>) -> Option<Step> {
        if self.away.is_some() { Some(self.wait(out).await) } else { None }
    }

    async fn send_away(
        &mut self,
        out: &mut Vec<u8>,
        work: impl FnOnce(&mut Relay, &mut Vec<u8>) -> Step + Send + 'static,
    ) -> Step {
        // Never closed, so that there is always a permit to wait for.
        let permit = ROOM.acquire().await;
        let (mut relay, mut said) = (self.relay.step_aside(), std::mem::take(out));
        self.away = Some(spawn_blocking(move || {
            let _permit = permit;
            let step = work(&mut relay, &mut said);
            (relay, said, step)
        }));
        self.wait(out).await
    }

    /// Lets go of what a relay holds, which takes as long as to let it out.
    fn clear_away(&mut self) {
        if self.relay.outstanding(0) > LONG
            && let Ok(runtime) = Handle::try_current()
        {
            let relay = self.relay.step_aside();
            drop(runtime.spawn_blocking(move || drop(relay)));
        }
    }

    async fn wait(&mut self, out: &mut Vec<u8>) -> Step {
        let Some(away) = &mut self.away else { return Step::Continue };
        let done = away.await;
        self.away = None;
        match done {
            Ok((relay, said, step)) => {
                self.relay = relay;
                *out = said;
                step
            }
            // It is the attempt's own panic.
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // The runtime ends, and all attempts with it.
            Err(_) => Step::Continue,
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.clear_away();
    }
}
