//! Connections that are used again, and those that cannot be.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anvil_relay::Form;
use anvil_upstream::{Engine, Failure};

use crate::server::{STREAM_HEAD, Server, chunk, read_request, reset, sized, streamed, wait_for_close};
use crate::{ANSWER, FIRST, LAST, endpoint, exchange, failure, finish, open};

/// A connection goes back after its answer; that takes the engine a moment.
fn settle() {
    std::thread::sleep(Duration::from_millis(50));
}

#[test]
fn one_connection_for_answers_in_turn() {
    for (form, answer) in
        [(Form::Stream, streamed(&format!("{FIRST}{LAST}"))), (Form::Whole, sized("200 OK", "", ANSWER))]
    {
        let server = Server::answering(answer);
        let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
        for turn in 0..20 {
            let (_, outcome) = exchange(&engine, &endpoint, form);
            assert_eq!((outcome.failure, outcome.timing.reused), (None, turn > 0), "{form:?} {turn}");
            settle();
        }
        assert_eq!(server.accepted(), 1, "{form:?}");
    }
}

#[test]
fn the_last_chunk_may_come_late() {
    let server = Server::start(|_, stream| {
        while read_request(stream).is_some() {
            stream.write_all(format!("{STREAM_HEAD}{}", chunk(&format!("{FIRST}{LAST}"))).as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(60));
            stream.write_all(b"0\r\n\r\n").unwrap();
        }
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    for _ in 0..3 {
        assert_eq!(exchange(&engine, &endpoint, Form::Stream).1.failure, None);
        std::thread::sleep(Duration::from_millis(120));
    }
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_stream_that_never_ends_after_its_terminal_event_is_closed() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = Server::start(move |_, stream| {
        read_request(stream);
        stream.write_all(format!("{STREAM_HEAD}{}", chunk(&format!("{FIRST}{LAST}"))).as_bytes()).unwrap();
        wait_for_close(stream);
        closed.send(()).unwrap();
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    assert_eq!(exchange(&engine, &endpoint, Form::Stream).1.failure, None);
    is_closed.recv_timeout(Duration::from_secs(2)).expect("the connection is closed");
}

/// The other side closes after each answer without saying so.
#[test]
fn a_stale_connection_is_no_failure() {
    let server = Server::answering_once(sized("200 OK", "", ANSWER));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    for turn in 1..=3 {
        let (bytes, outcome) = exchange(&engine, &endpoint, Form::Whole);
        assert_eq!((bytes.as_str(), outcome.failure), (ANSWER, None));
        assert!(!outcome.timing.reused);
        assert_eq!(server.accepted(), turn);
        settle();
    }
}

/// The other side closes only when the second request arrives, so that no look at the connection could have told.
#[test]
fn a_connection_that_dies_under_the_request_is_no_failure() {
    for with_reset in [false, true] {
        let server = Server::start(move |number, stream| {
            read_request(stream);
            stream.write_all(sized("200 OK", "", ANSWER).as_bytes()).unwrap();
            if number == 0 {
                read_request(stream);
                if with_reset {
                    reset(stream);
                }
            } else {
                wait_for_close(stream);
            }
        });
        let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
        for _ in 0..2 {
            let (bytes, outcome) = exchange(&engine, &endpoint, Form::Whole);
            assert_eq!((bytes.as_str(), outcome.failure), (ANSWER, None), "reset: {with_reset}");
            settle();
        }
        assert_eq!(server.accepted(), 2);
    }
}

/// A new connection that dies is the tier's failure: the request goes out once more only for a kept one.
#[test]
fn a_new_connection_that_dies_is_a_failure() {
    let server = Server::start(|_, stream| {
        read_request(stream);
    });
    assert_eq!(failure(&endpoint(server.port)), Failure::Closed);
    assert_eq!(server.accepted(), 1);
}

#[test]
fn connection_close_is_heeded() {
    let server = Server::answering_once(sized("200 OK", "connection: close\r\n", ANSWER));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    for _ in 0..2 {
        assert_eq!(exchange(&engine, &endpoint, Form::Whole).1.failure, None);
        settle();
    }
    assert_eq!(server.accepted(), 2);
}

#[test]
fn answers_side_by_side_have_connections_of_their_own() {
    let server = Server::answering(streamed(&format!("{FIRST}{LAST}")));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    for _ in 0..3 {
        let attempts: Vec<_> = (0..10).map(|_| open(&engine, &endpoint, Form::Stream)).collect();
        for attempt in &attempts {
            // Whoever takes first may be drained for another: so each is taken until it is over.
            let _ = attempt.take();
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(server.accepted() <= 10, "{} connections", server.accepted());
}

#[test]
fn idle_connections_can_be_closed() {
    let (closed, is_closed) = std::sync::mpsc::channel();
    let server = Server::start(move |_, stream| {
        read_request(stream);
        stream.write_all(sized("200 OK", "", ANSWER).as_bytes()).unwrap();
        wait_for_close(stream);
        closed.send(()).unwrap();
    });
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    exchange(&engine, &endpoint, Form::Whole);
    settle();
    assert!(is_closed.try_recv().is_err(), "the connection is kept");
    endpoint.close_idle();
    is_closed.recv_timeout(Duration::from_secs(2)).expect("the connection is closed");
}

/// What an endpoint kept with one engine is of no use, and no harm, to the next.
#[test]
fn an_endpoint_outlives_its_engine() {
    let server = Server::answering(sized("200 OK", "", ANSWER));
    let endpoint = endpoint(server.port);
    for _ in 0..3 {
        let engine = Engine::start().unwrap();
        let (bytes, outcome) = exchange(&engine, &Arc::clone(&endpoint), Form::Whole);
        assert_eq!((bytes.as_str(), outcome.failure), (ANSWER, None));
        settle();
        engine.close(Duration::from_secs(1));
    }
}

#[test]
fn bytes_after_an_answer_spoil_the_connection() {
    let server =
        Server::answering(format!("{}HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx", sized("200 OK", "", ANSWER)));
    let (engine, endpoint) = (Engine::start().unwrap(), endpoint(server.port));
    for _ in 0..2 {
        let attempt = open(&engine, &endpoint, Form::Whole);
        let (bytes, outcome) = finish(&engine, &attempt);
        assert_eq!((bytes.as_str(), outcome.failure), (ANSWER, None), "an answer nobody asked for was taken");
        settle();
    }
}
