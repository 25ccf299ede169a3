//! One bell for everything that is ready.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anvil_relay::Form;
use anvil_upstream::{Attempt, Engine};

use crate::server::{STREAM_HEAD, Server, chunk, read_request, streamed};
use crate::{FIRST, LAST, PATIENCE, endpoint, next, open, wait};

#[test]
fn the_bell_is_silent_until_something_is_awaited_and_ready() {
    let server = Server::answering_once(streamed(&format!("{FIRST}{LAST}")));
    let engine = Engine::start().unwrap();
    let attempt = open(&engine, &endpoint(server.port), Form::Stream);
    // Nobody has asked yet: it is kept, and nothing rings.
    assert!(!wait(&engine, Duration::from_millis(300)));
    assert!(engine.mailbox().drain().is_empty());
    let delivery = attempt.take().expect("it is there");
    assert_eq!((delivery.bytes.as_slice(), delivery.outcome.is_some()), (format!("{FIRST}{LAST}").as_bytes(), true));
    assert!(attempt.take().is_none(), "an outcome comes once");
}

#[test]
fn one_drain_gives_all_that_is_ready() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        std::thread::sleep(Duration::from_millis(100));
        stream.write_all(streamed(&format!("{FIRST}{LAST}")).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(500));
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    let attempts: Vec<Attempt> = (0..10).map(|_| open(&engine, &endpoint, Form::Stream)).collect();
    for attempt in &attempts {
        assert!(attempt.take().is_none());
    }
    std::thread::sleep(Duration::from_millis(400));
    assert!(wait(&engine, PATIENCE));
    let drained = engine.mailbox().drain();
    let mut ids: Vec<u64> = drained.iter().map(|(id, _)| *id).collect();
    ids.sort_unstable();
    assert_eq!(ids, attempts.iter().map(Attempt::id).collect::<Vec<_>>());
    assert!(!wait(&engine, Duration::from_millis(50)), "the bell is silent after the drain");
    assert!(engine.mailbox().drain().is_empty());
}

#[test]
fn pieces_coalesce_while_nobody_takes_them() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
        for _ in 0..10 {
            stream.write_all(chunk(FIRST).as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(500));
    });
    let engine = Engine::start().unwrap();
    let attempt = open(&engine, &endpoint(server.port), Form::Stream);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(next(&engine, &attempt).bytes, FIRST.repeat(10).as_bytes());
}

/// Many attempts, each taken and drained at any moment: nothing is lost, nothing comes twice, nobody waits for ever.
#[test]
fn no_wake_up_is_lost() {
    let body = format!("{}{LAST}", FIRST.repeat(30));
    let server = Server::start(|_, stream| {
        while read_request(stream).is_some() {
            stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
            for _ in 0..30 {
                stream.write_all(chunk(FIRST).as_bytes()).unwrap();
            }
            stream.write_all(format!("{}0\r\n\r\n", chunk(LAST)).as_bytes()).unwrap();
        }
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    for _ in 0..20 {
        let mut running: BTreeMap<u64, (Attempt, Vec<u8>)> = BTreeMap::new();
        for _ in 0..20 {
            let attempt = open(&engine, &endpoint, Form::Stream);
            running.insert(attempt.id(), (attempt, Vec::new()));
        }
        let mut waiting = 0;
        let mut ready: Vec<u64> = running.keys().copied().collect();
        while !running.is_empty() {
            for id in std::mem::take(&mut ready) {
                let (attempt, bytes) = running.get_mut(&id).unwrap();
                while let Some(delivery) = attempt.take() {
                    bytes.extend_from_slice(&delivery.bytes);
                    if let Some(outcome) = delivery.outcome {
                        assert_eq!(outcome.failure, None);
                        let (_, bytes) = running.remove(&id).unwrap();
                        assert!(bytes == body.as_bytes());
                        break;
                    }
                }
                waiting += 1;
            }
            if running.is_empty() {
                break;
            }
            assert!(wait(&engine, PATIENCE), "{} attempts wait for ever ({waiting} waits)", running.len());
            for (id, delivery) in engine.mailbox().drain() {
                let (_, bytes) = running.get_mut(&id).expect("a delivery for one that is over");
                bytes.extend_from_slice(&delivery.bytes);
                if let Some(outcome) = delivery.outcome {
                    assert_eq!(outcome.failure, None);
                    let (_, bytes) = running.remove(&id).unwrap();
                    assert!(bytes == body.as_bytes());
                } else {
                    ready.push(id);
                }
            }
        }
    }
}
