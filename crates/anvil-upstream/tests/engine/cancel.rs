//! A caller who leaves, and an engine that closes.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anvil_dialect::{Dialect, Head};
use anvil_relay::{Form, Setup};
use anvil_upstream::{Closed, Engine, Failure};

use crate::server::{STREAM_HEAD, Server, chunk, read_request, wait_for_close};
use crate::{FIRST, LAST, endpoint, finish, next, open, outbound};

/// A server that writes `answer` and says when it has a request and when it was closed.
fn watched(answer: String) -> (Server, Receiver<&'static str>) {
    let (say, said) = channel();
    let server = Server::start(move |_, stream| {
        read_request(stream);
        stream.write_all(answer.as_bytes()).unwrap();
        say.send("asked").unwrap();
        wait_for_close(stream);
        let _ = say.send("closed");
    });
    (server, said)
}

fn hear(said: &Receiver<&'static str>, words: &str, patience: Duration) {
    assert_eq!(said.recv_timeout(patience).expect(words), words);
}

const SOON: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_secs(5);

#[test]
fn cancelling_or_dropping_closes_at_once() {
    // While it waits for the head, for the first byte, and in the middle of the body.
    for answer in [String::new(), STREAM_HEAD.to_owned(), format!("{STREAM_HEAD}{}", chunk(FIRST))] {
        for by_drop in [false, true] {
            let (server, said) = watched(answer.clone());
            let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
            let attempt = open(&engine, &endpoint, Form::Stream);
            hear(&said, "asked", LATER);
            if answer.contains("data:") {
                assert_eq!(next(&engine, &attempt).bytes, FIRST.as_bytes());
            }
            if by_drop {
                drop(attempt);
                hear(&said, "closed", SOON);
            } else {
                attempt.cancel();
                hear(&said, "closed", SOON);
                assert!(attempt.take().is_none());
            }
        }
    }
}

#[test]
fn a_cancelled_attempt_leaves_the_others_alone() {
    let (server, said) = watched(format!("{STREAM_HEAD}{}", chunk(FIRST)));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    let (gone, stays) = (open(&engine, &endpoint, Form::Stream), open(&engine, &endpoint, Form::Stream));
    hear(&said, "asked", LATER);
    hear(&said, "asked", LATER);
    drop(gone);
    hear(&said, "closed", SOON);
    assert_eq!(next(&engine, &stays).bytes, FIRST.as_bytes());
    assert!(said.try_recv().is_err());
}

#[test]
fn cancelling_what_is_over_keeps_its_outcome() {
    let server = Server::answering_once(crate::server::streamed(&format!("{FIRST}{LAST}")));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    let attempt = open(&engine, &endpoint, Form::Stream);
    std::thread::sleep(Duration::from_millis(200));
    attempt.cancel();
    assert_eq!(finish(&engine, &attempt).1.failure, None);
}

/// A client that does not read stops its upstream from being read.
#[test]
fn back_pressure_reaches_the_tier() {
    let written = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&written);
    let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(16_000));
    let (body, limit) = (chunk(&event), 64 << 20);
    let server = Server::start(move |_, stream| {
        read_request(stream);
        stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
        while theirs.load(Ordering::SeqCst) < limit && stream.write_all(body.as_bytes()).is_ok() {
            theirs.fetch_add(body.len(), Ordering::SeqCst);
        }
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    let attempt = open(&engine, &endpoint, Form::Stream);
    std::thread::sleep(Duration::from_millis(700));
    let stuck = written.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(written.load(Ordering::SeqCst), stuck, "the tier is still read from");
    assert!(stuck < 16 << 20, "{stuck} bytes were taken for a client that reads none");
    // Reading goes on once the client does.
    let mut taken = 0;
    let deadline = Instant::now() + LATER;
    while taken < stuck + (4 << 20) && Instant::now() < deadline {
        let delivery = next(&engine, &attempt);
        assert!(delivery.bytes.len() < 1 << 20, "{} bytes at once", delivery.bytes.len());
        taken += delivery.bytes.len();
    }
    assert!(taken >= stuck + (4 << 20), "{taken} bytes, {stuck} before");
}

#[test]
fn closing_waits_for_what_runs() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(format!("{STREAM_HEAD}{}", chunk(FIRST)).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let _ = stream.write_all(format!("{}0\r\n\r\n", chunk(LAST)).as_bytes());
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    let attempt = open(&engine, &endpoint, Form::Stream);
    assert_eq!(next(&engine, &attempt).bytes, FIRST.as_bytes());
    let started = Instant::now();
    engine.close(LATER);
    assert!(started.elapsed() < Duration::from_secs(2), "the grace is a limit, not a wait");
    let (bytes, outcome) = finish(&engine, &attempt);
    assert_eq!((bytes.as_str(), outcome.failure), (LAST, None));
}

#[test]
fn closing_ends_what_outlasts_the_grace_and_says_so() {
    let (server, said) = watched(format!("{STREAM_HEAD}{}", chunk(FIRST)));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    let attempt = open(&engine, &endpoint, Form::Stream);
    hear(&said, "asked", LATER);
    assert_eq!(next(&engine, &attempt).bytes, FIRST.as_bytes());
    assert!(attempt.take().is_none());
    let started = Instant::now();
    engine.close(Duration::from_millis(100));
    assert!((SOON..Duration::from_secs(2)).contains(&started.elapsed()));
    hear(&said, "closed", SOON);
    let outcome = finish(&engine, &attempt).1;
    assert_eq!((outcome.failure, outcome.released), (Some(Failure::EngineClosed), true));
}

#[test]
fn a_closed_engine_takes_no_more() {
    let engine = Engine::start().unwrap();
    engine.close(Duration::ZERO);
    engine.close(Duration::from_mins(1));
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Whole, Head::default(), String::new());
    assert_eq!(engine.open(endpoint(1), outbound(), setup).unwrap_err(), Closed::Closed);
    assert!(engine.mailbox().drain().is_empty());
}

#[test]
fn dropping_the_engine_closes_its_connections() {
    let (server, said) = watched(STREAM_HEAD.to_owned());
    let engine = Engine::start().unwrap();
    let attempt = open(&engine, &endpoint(server.port), Form::Stream);
    hear(&said, "asked", LATER);
    drop(engine);
    hear(&said, "closed", SOON);
    drop(attempt);
}
