//! One keep-alive client: a connection, one request at a time, every answer checked.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{answer::Answer, http::Head, load::Plan};

/// What one client saw.
#[derive(Default)]
pub struct Tally {
    pub latencies_us: Vec<u32>,
    pub first_byte_us: Vec<u32>,
    pub errors: u64,
    pub first_error: Option<String>,
    /// Streams still running, and right so far, when the time was over (mode `idle-streams` only).
    pub cut: u64,
    /// Connections the server had closed between two requests.
    pub reconnects: u64,
    pub events: u64,
    pub steady_events: u64,
    pub bytes: u64,
}

/// The window in which the load is steady: all clients have started, none has been told to stop.
#[derive(Clone, Copy)]
pub struct Steady {
    pub from: Instant,
    pub until: Instant,
}

pub struct Client<'a> {
    plan: &'a Plan,
    steady: Steady,
    socket: Option<TcpStream>,
    buffer: Vec<u8>,
    pub tally: Tally,
}

enum Failure {
    /// The connection ended before the first byte of an answer: normal once on a kept connection (RFC 9112 section 9.3.1).
    Stale,
    Wrong(String),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Wrong(why)
    }
}

impl<'a> Client<'a> {
    pub fn new(plan: &'a Plan, steady: Steady) -> Self {
        Self { plan, steady, socket: None, buffer: Vec::with_capacity(16 * 1024), tally: Tally::default() }
    }

    /// One request, retried once when a kept connection turned out to be closed.
    pub async fn request(&mut self) {
        let kept = self.socket.is_some();
        let mut outcome = self.exchange().await;
        if kept && matches!(outcome, Err(Failure::Stale)) {
            self.tally.reconnects += 1;
            self.socket = None;
            outcome = self.exchange().await;
        }
        match outcome {
            Ok(()) => {}
            Err(Failure::Stale) => self.fail("closed before the answer began".to_owned()).await,
            Err(Failure::Wrong(why)) => self.fail(why).await,
        }
    }

    async fn fail(&mut self, why: String) {
        self.socket = None;
        self.tally.errors += 1;
        self.tally.first_error.get_or_insert(why);
        // A server that refuses everything must not turn this client into a busy loop.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    async fn exchange(&mut self) -> Result<(), Failure> {
        match tokio::time::timeout(self.plan.timeout, self.try_exchange()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Wrong(format!("no complete answer in {:?}", self.plan.timeout))),
        }
    }

    async fn try_exchange(&mut self) -> Result<(), Failure> {
        self.buffer.clear();
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => connect(&self.plan.address).await?,
        };
        let started = Instant::now();
        socket.write_all(&self.plan.request).await.map_err(|_| Failure::Stale)?;
        let (mut body, close) = loop {
            if socket.read_buf(&mut self.buffer).await.map_err(|_| Failure::Stale)? == 0 {
                return Err(if self.buffer.is_empty() {
                    Failure::Stale
                } else {
                    "closed inside a head".to_owned().into()
                });
            }
            if let Some(head) = Head::parse(&self.buffer)? {
                if head.status() != Some(200) {
                    let text = String::from_utf8_lossy(&self.buffer[..self.buffer.len().min(400)]).into_owned();
                    return Err(text.into());
                }
                let seen = (head.response_body(), head.close);
                let len = head.len;
                self.buffer.drain(..len);
                break seen;
            }
        };
        let mut answer = Answer::new(self.plan.mode, self.plan.dialect);
        loop {
            let (events, bytes) = (answer.events, answer.bytes);
            let used = body.feed(&self.buffer, |bytes| answer.feed(bytes))?;
            if used < self.buffer.len() {
                return Err("bytes after the answer's end".to_owned().into());
            }
            self.buffer.clear();
            self.count(answer.events - events);
            self.tally.bytes += answer.bytes - bytes;
            if bytes == 0 && answer.bytes > 0 {
                self.tally.first_byte_us.push(microseconds(started));
            }
            if body.done() {
                break;
            }
            if socket.read_buf(&mut self.buffer).await.map_err(|e| e.to_string())? == 0 {
                if body.ends_with_connection() {
                    break;
                }
                return Err("closed inside an answer".to_owned().into());
            }
        }
        answer.check(self.plan.min_events)?;
        self.tally.latencies_us.push(microseconds(started));
        if !close && !body.ends_with_connection() {
            self.socket = Some(socket);
        }
        Ok(())
    }

    fn count(&mut self, events: u64) {
        if events > 0 {
            self.tally.events += events;
            let now = Instant::now();
            if now >= self.steady.from && now < self.steady.until {
                self.tally.steady_events += events;
            }
        }
    }
}

fn microseconds(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}

async fn connect(address: &str) -> Result<TcpStream, Failure> {
    let socket = TcpStream::connect(address).await.map_err(|e| format!("connect {address}: {e}"))?;
    socket.set_nodelay(true).map_err(|e| e.to_string())?;
    Ok(socket)
}
