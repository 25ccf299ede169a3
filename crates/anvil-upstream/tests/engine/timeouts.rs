//! Every phase has its deadline.

use std::io::Write;
use std::time::{Duration, Instant};

use anvil_relay::Form;
use anvil_upstream::{Engine, Failure, Phase};

use crate::server::{STREAM_HEAD, Server, chunk, read_request, wait_for_close};
use crate::{FIRST, endpoint_with, exchange, failure};

const SHORT: Duration = Duration::from_millis(150);

#[test]
fn no_head_is_the_first_bytes_timeout() {
    let server = Server::start(|_, stream| wait_for_close(stream));
    let started = Instant::now();
    let endpoint = endpoint_with(server.port, |settings| settings.timeouts.first_byte = SHORT);
    assert_eq!(failure(&endpoint), Failure::Timeout { phase: Phase::FirstByte });
    assert!((SHORT..Duration::from_secs(2)).contains(&started.elapsed()));
}

#[test]
fn a_head_without_a_body_is_the_first_bytes_timeout() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
        wait_for_close(stream);
    });
    let endpoint = endpoint_with(server.port, |settings| settings.timeouts.first_byte = SHORT);
    assert_eq!(failure(&endpoint), Failure::Timeout { phase: Phase::FirstByte });
}

#[test]
fn a_stall_after_events_is_the_idle_timeout() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
        // Each event starts the wait anew: together they take longer than it.
        for _ in 0..5 {
            stream.write_all(chunk(FIRST).as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(60));
        }
        wait_for_close(stream);
    });
    let endpoint = endpoint_with(server.port, |settings| settings.timeouts.idle = SHORT);
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint, Form::Stream);
    assert_eq!(outcome.failure, Some(Failure::Timeout { phase: Phase::Idle }));
    assert!(outcome.released);
    assert_eq!(outcome.report.events, 5);
    assert_eq!(bytes.matches(FIRST).count(), 5);
    assert!(bytes[5 * FIRST.len()..].starts_with("data: {\"error\":"), "{bytes}");
}

#[test]
fn an_answer_without_end_is_the_total_timeout() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
        while stream.write_all(chunk(FIRST).as_bytes()).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let endpoint = endpoint_with(server.port, |settings| settings.timeouts.total = Duration::from_millis(300));
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint, Form::Stream);
    assert_eq!(outcome.failure, Some(Failure::Timeout { phase: Phase::Total }));
    assert!(bytes.contains("data: {\"error\":"), "{bytes}");
}

#[test]
fn the_total_timeout_before_anything_is_released() {
    let server = Server::start(|_, stream| wait_for_close(stream));
    let endpoint = endpoint_with(server.port, |settings| settings.timeouts.total = SHORT);
    assert_eq!(failure(&endpoint), Failure::Timeout { phase: Phase::Total });
}

#[test]
fn a_slow_error_body_does_not_hide_the_status() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(b"HTTP/1.1 503 X\r\ncontent-length: 10\r\n\r\n").unwrap();
        wait_for_close(stream);
    });
    let endpoint = endpoint_with(server.port, |settings| settings.timeouts.idle = SHORT);
    assert!(matches!(failure(&endpoint), Failure::Status { status: 503, .. }));
}
