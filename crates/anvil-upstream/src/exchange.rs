//! One attempt, from the request to the outcome.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anvil_dialect::envelope::TierError;
use anvil_relay::{Defect, Ending, Form, Relay, Setup, Step};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::{Frame, Incoming};
use hyper::header::{self, HeaderMap};
use tokio::time::{Instant, timeout, timeout_at};

use crate::connect::connect;
use crate::desk::Desk;
use crate::endpoint::Endpoint;
use crate::failure::{Failure, Phase};
use crate::link::Link;
use crate::mailbox::{Mailbox, Slot};
use crate::outbound::Outbound;
use crate::outcome::{Outcome, Timing};

/// The most bytes of an error answer's body that are read.
const ERROR_BODY_BYTES: usize = 64 * 1024;
/// Once this many bytes are waiting to be handed over, they are, even if more could be read at once.
const HAND_OVER_BYTES: usize = 64 * 1024;
/// How much of one answer is read before the others get a turn.
const TURN_BYTES: usize = 64 * 1024;
/// How long, and how far, a connection is read on after the answer is whole, so that it can be used again.
const REST: (Duration, usize) = (Duration::from_millis(250), 64 * 1024);

/// A kept connection that breaks this soon after the request was sent had been closed before; one that breaks later may have
/// been at work on the request, which is then not sent again.
const STALE_WITHIN: Duration = Duration::from_secs(1);

/// What a connection gives: bytes, the body's end, or the connection's.
type Piece = Option<Result<Frame<Bytes>, hyper::Error>>;

/// One attempt's parts; lives as long as its task.
pub(crate) struct Exchange {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) mailbox: Arc<Mailbox>,
    pub(crate) slot: Arc<Slot>,
    relay: Desk,
    form: Form,
    started: Instant,
    /// When the request was sent on the connection in use.
    sent: Instant,
    timing: Timing,
    /// How the connection broke, if it did.
    broken: Option<Failure>,
    released: bool,
    /// When the client last heard something, and how long it may hear nothing.
    heard: Instant,
    heartbeat_every: Duration,
    out: Vec<u8>,
}

impl Exchange {
    pub(crate) fn new(endpoint: Arc<Endpoint>, mailbox: Arc<Mailbox>, slot: Arc<Slot>, setup: Setup) -> Self {
        let form = setup.form;
        let started = Instant::now();
        Self {
            sent: started,
            endpoint,
            mailbox,
            slot,
            form,
            heard: started,
            heartbeat_every: setup.heartbeat_every,
            relay: Desk::new(Relay::new(setup)),
            started,
            timing: Timing::default(),
            broken: None,
            released: false,
            out: Vec::new(),
        }
    }

    /// Runs the attempt to its outcome and puts that, with the last bytes, into the slot.
    pub(crate) async fn run(mut self, outbound: Outbound) {
        let deadline = self.started + self.endpoint.timeouts.total;
        let result = match timeout_at(deadline, self.attempt(outbound)).await {
            Ok(result) => result,
            // What was at work on the last of it at the deadline had all that it needed, and may have come to the end.
            Err(_) => match self.relay.come_back(&mut self.out).await {
                Some(Step::Done(_)) => return self.hand_over_outcome(None),
                Some(Step::Reject(defect) | Step::Broken(defect)) => Err(self.cause(defect)),
                Some(Step::Continue) | None => Err(Failure::Timeout { phase: Phase::Total }),
            },
        };
        match result {
            Ok((link, body)) => {
                self.hand_over_outcome(None);
                self.recycle(link, body).await;
            }
            Err(failure) => {
                self.break_off(&failure);
                self.hand_over_outcome(Some(failure));
            }
        }
    }

    async fn attempt(&mut self, outbound: Outbound) -> Result<(Link, Incoming), Failure> {
        let (mut link, response) = self.send(outbound).await?;
        let (head, mut body) = response.into_parts();
        match head.status.as_u16() {
            200..=299 => {}
            status @ 300..=399 => return Err(Failure::Redirect { status }),
            status => {
                let error = self.read_error(&mut link, &mut body).await;
                return Err(Failure::Status { status, retry_after: retry_after(&head.headers), error });
            }
        }
        if head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            return Err(Failure::Encoded);
        }
        if self.form == Form::Stream && !is_event_stream(&head.headers) {
            let error = self.read_error(&mut link, &mut body).await;
            return Err(Failure::Defect(if error.message.is_empty() {
                Defect::WrongContentType { expected: "text/event-stream" }
            } else {
                Defect::TierError { kind: error.kind, words: error.message }
            }));
        }
        self.relay_body(&mut link, &mut body).await?;
        Ok((link, body))
    }

    /// Sends the request on an idle connection, or on a new one. A kept connection that turns out to be closed before it
    /// gave a byte of an answer is no failure of the tier: the request goes out once more, on a new one.
    async fn send(&mut self, outbound: Outbound) -> Result<(Link, Response<Incoming>), Failure> {
        let request = outbound.request(&self.endpoint, self.form);
        while let Some(mut link) = self.endpoint.idle_link() {
            if !link.is_ready().await {
                continue;
            }
            self.timing.reused = true;
            self.timing.connect = Some(self.elapsed());
            self.sent = Instant::now();
            let (deadline, phase) = self.patience();
            match timeout_at(deadline, link.send(request.clone())).await {
                Err(_) => return Err(Failure::Timeout { phase }),
                Ok(Ok(response)) => return Ok((link, response)),
                Ok(Err(error)) if was_stale(&error) && self.sent.elapsed() < STALE_WITHIN => break,
                Ok(Err(error)) => return Err(Failure::from_http(&error)),
            }
        }
        let mut link = self.connect().await?;
        self.sent = Instant::now();
        let (deadline, phase) = self.patience();
        match timeout_at(deadline, link.send(request)).await {
            Err(_) => Err(Failure::Timeout { phase }),
            Ok(Err(error)) => Err(Failure::from_http(&error)),
            Ok(Ok(response)) => Ok((link, response)),
        }
    }

    async fn connect(&mut self) -> Result<Link, Failure> {
        let opened = async { Link::new(connect(&self.endpoint).await?).await };
        let link = timeout(self.endpoint.timeouts.connect, opened)
            .await
            .map_err(|_| Failure::Timeout { phase: Phase::Connect })??;
        self.timing.reused = false;
        self.timing.connect = Some(self.elapsed());
        Ok(link)
    }

    /// Drives the relay over the body until it has said how the answer ended.
    async fn relay_body(&mut self, link: &mut Link, body: &mut Incoming) -> Result<(), Failure> {
        let mut turn = 0;
        loop {
            if turn > TURN_BYTES {
                // A tier that always has more to say must not keep the others, and the clock, from their turn.
                turn = 0;
                tokio::task::yield_now().await;
                let (deadline, phase) = self.patience();
                if Instant::now() >= deadline {
                    return Err(Failure::Timeout { phase });
                }
            }
            let frame = match link.try_drive(&mut body.frame()).await {
                Some(frame) => frame,
                None => self.next_frame(link, body).await?,
            };
            turn += frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
            match self.take_frame(frame).await {
                Step::Continue if self.out.len() >= HAND_OVER_BYTES => {
                    self.hand_over();
                    self.slot.room().await;
                }
                Step::Continue
                    if self.released && self.out.is_empty() && self.heard.elapsed() >= self.heartbeat_every =>
                {
                    self.relay.here().beat(&mut self.out);
                }
                Step::Continue => {}
                Step::Done(_) => return Ok(()),
                Step::Reject(defect) | Step::Broken(defect) => return Err(self.cause(defect)),
            }
        }
    }

    /// Waits for what the connection gives next.
    async fn next_frame(&mut self, link: &mut Link, body: &mut Incoming) -> Result<Piece, Failure> {
        // Nothing more without waiting: what there is goes to the client now.
        self.hand_over();
        self.slot.room().await;
        let (deadline, phase) = self.patience();
        timeout_at(deadline, link.drive(body.frame())).await.map_err(|_| Failure::Timeout { phase })
    }

    /// How long the tier may be silent from here on, and what it is too late for then. A whole answer comes when the model is
    /// done: only the whole attempt's deadline fits it.
    fn patience(&self) -> (Instant, Phase) {
        let timeouts = &self.endpoint.timeouts;
        match (self.form, self.timing.first_byte) {
            (Form::Whole | Form::Unread, _) => (self.started + timeouts.total, Phase::Total),
            (Form::Stream | Form::Document, None) => (self.sent + timeouts.first_byte, Phase::FirstByte),
            (Form::Stream | Form::Document, Some(_)) => (Instant::now() + timeouts.idle, Phase::Idle),
        }
    }

    /// Feeds the relay with what the connection gave: bytes, the body's end, or the connection's.
    async fn take_frame(&mut self, piece: Piece) -> Step {
        match piece {
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { return Step::Continue };
                let step = self.relay.push(data, &mut self.out).await;
                // A comment says that the tier is there, not that its answer has begun.
                if self.timing.first_byte.is_none() && (self.form != Form::Stream || self.relay.here().has_begun()) {
                    self.timing.first_byte = Some(self.elapsed());
                }
                step
            }
            None => self.relay.end(Ending::Clean, &mut self.out).await,
            Some(Err(error)) => {
                self.broken = Some(Failure::from_http(&error));
                self.relay.end(Ending::Cut, &mut self.out).await
            }
        }
    }

    /// The failure to report for a defect: an answer that is not all there is the connection's failure where that broke.
    fn cause(&mut self, defect: Defect) -> Failure {
        match defect {
            Defect::StreamCut | Defect::NoAnswer => self.broken.take().unwrap_or(Failure::Defect(defect)),
            other => Failure::Defect(other),
        }
    }

    /// Ends the client's stream after a failure that the relay has not seen, such as a deadline.
    fn break_off(&mut self, failure: &Failure) {
        let relay = self.relay.here();
        self.released |= relay.has_released();
        if relay.has_released() && !matches!(failure, Failure::Defect(_)) {
            let _ = relay.abandon(Defect::StreamCut, &mut self.out);
        }
    }

    fn note_release(&mut self) {
        self.released = true;
        self.timing.release.get_or_insert(self.started.elapsed().as_secs_f64());
    }

    fn hand_over(&mut self) {
        if !self.out.is_empty() {
            self.note_release();
            self.heard = Instant::now();
            self.mailbox.put(&self.slot, &mut self.out, None);
        }
    }

    fn hand_over_outcome(&mut self, failure: Option<Failure>) {
        self.timing.total = self.elapsed();
        if !self.out.is_empty() {
            self.note_release();
        }
        let released = self.released;
        let (relay, timing) = (self.relay.here(), self.timing);
        let (report, items, tool_calls) = (relay.report(), relay.take_items(), relay.take_tool_calls());
        let (repairs, noted) = (relay.take_repairs(), relay.take_noted());
        let outcome = Outcome { failure, released, report, timing, items, tool_calls, repairs, noted };
        self.mailbox.put(&self.slot, &mut self.out, Some(outcome));
    }

    /// The words of an error answer, as far as they come in time; none is no failure of its own.
    async fn read_error(&self, link: &mut Link, body: &mut Incoming) -> TierError {
        let mut words = BytesMut::new();
        let _ = timeout(
            self.endpoint.timeouts.idle,
            link.drive(async {
                while words.len() < ERROR_BODY_BYTES
                    && let Some(Ok(frame)) = body.frame().await
                {
                    if let Some(data) = frame.data_ref() {
                        words.extend_from_slice(&data[..data.len().min(ERROR_BODY_BYTES)]);
                    }
                }
            }),
        )
        .await;
        TierError::from_body(&words)
    }

    /// Reads the connection to the end of the answer, if that is near, and keeps it.
    async fn recycle(self, mut link: Link, mut body: Incoming) {
        let rest = async {
            let mut left = REST.1;
            while let Some(frame) = body.frame().await {
                let length = frame.ok()?.data_ref().map_or(0, Bytes::len);
                left = left.checked_sub(length)?;
            }
            Some(())
        };
        let read_out = timeout(REST.0, link.drive(pin!(rest))).await;
        if matches!(read_out, Ok(Some(()))) && link.is_ready().await {
            link.reused = true;
            self.endpoint.keep(link);
        }
    }

    fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

/// Whether the other side had, by all that can be known here, closed a kept connection before the request reached it.
fn was_stale(error: &hyper::Error) -> bool {
    error.is_canceled()
        || error.is_closed()
        || error.is_incomplete_message()
        || Failure::from_http(error) == Failure::Reset
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"text/event-stream"))
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
