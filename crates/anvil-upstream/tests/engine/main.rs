//! The crate from outside: real sockets on loopback, servers that do as they are told.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets an error has failed")]

mod bodies;
mod cancel;
mod connect;
mod heads;
mod mailbox;
mod pool;
mod server;
mod timeouts;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anvil_dialect::{Dialect, Head};
use anvil_relay::{Form, Setup};
use anvil_upstream::{Attempt, Delivery, Endpoint, EndpointSettings, Engine, Failure, Outbound, Outcome, Timeouts};
use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, poll};

const REQUEST: &str = r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#;
const FIRST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
const LAST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
const ANSWER: &str = r#"{"choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
/// Longer than anything that goes well takes.
const PATIENCE: Duration = Duration::from_secs(10);

fn timeouts() -> Timeouts {
    Timeouts { connect: PATIENCE, first_byte: PATIENCE, idle: PATIENCE, total: PATIENCE }
}

fn settings(base_url: String) -> EndpointSettings {
    EndpointSettings { base_url, headers: Vec::new(), proxy: None, timeouts: timeouts() }
}

fn endpoint(port: u16) -> Arc<Endpoint> {
    endpoint_with(port, |_| ())
}

fn endpoint_with(port: u16, change: impl FnOnce(&mut EndpointSettings)) -> Arc<Endpoint> {
    let mut settings = settings(format!("http://127.0.0.1:{port}/v1"));
    change(&mut settings);
    Arc::new(Endpoint::new(&settings).unwrap())
}

fn outbound() -> Outbound {
    Outbound {
        body: Some(Bytes::from_static(REQUEST.as_bytes())),
        path: "/chat/completions".into(),
        headers: Vec::new(),
    }
}

fn open(engine: &Engine, endpoint: &Arc<Endpoint>, form: Form) -> Attempt {
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, form, Head::default(), "req_1".to_owned());
    engine.open(Arc::clone(endpoint), outbound(), setup).unwrap()
}

/// Waits for the bell; whether it rang in time.
fn wait(engine: &Engine, patience: Duration) -> bool {
    let mut polled = [PollFd::new(engine.mailbox(), PollFlags::IN)];
    poll(&mut polled, Some(&patience.try_into().unwrap())).unwrap() == 1
}

/// The next delivery of the attempt, as the other side gets it: taken, or drained after the bell.
fn next(engine: &Engine, attempt: &Attempt) -> Delivery {
    if let Some(delivery) = attempt.take() {
        return delivery;
    }
    let deadline = Instant::now() + PATIENCE;
    while wait(engine, deadline.saturating_duration_since(Instant::now())) {
        if let Some((_, delivery)) = engine.mailbox().drain().into_iter().find(|(id, _)| *id == attempt.id()) {
            return delivery;
        }
    }
    panic!("nothing was delivered");
}

/// Everything the attempt delivers.
fn finish(engine: &Engine, attempt: &Attempt) -> (String, Outcome) {
    let mut bytes = Vec::new();
    loop {
        let delivery = next(engine, attempt);
        bytes.extend_from_slice(&delivery.bytes);
        if let Some(outcome) = delivery.outcome {
            return (String::from_utf8(bytes).unwrap(), outcome);
        }
    }
}

/// One attempt from beginning to end.
fn exchange(engine: &Engine, endpoint: &Arc<Endpoint>, form: Form) -> (String, Outcome) {
    let attempt = open(engine, endpoint, form);
    finish(engine, &attempt)
}

/// The failure of one streamed attempt of which nothing is released.
fn failure(endpoint: &Arc<Endpoint>) -> Failure {
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, endpoint, Form::Stream);
    assert_eq!(bytes, "", "{outcome:?}");
    assert!(!outcome.released, "{outcome:?}");
    outcome.failure.unwrap()
}
