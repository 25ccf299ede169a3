//! Bodies: how they are framed, and how they end before their time.

use std::io::Write;
use std::time::Duration;

use anvil_relay::{Defect, Form};
use anvil_upstream::{Engine, Failure};

use crate::server::{STREAM_HEAD, Server, chunk, read_request, reset, sized, streamed};
use crate::{ANSWER, FIRST, LAST, endpoint, exchange, failure, next, open};

#[test]
fn every_framing() {
    let body = format!("{FIRST}{LAST}");
    let kind = "content-type: text/event-stream\r\n";
    let engine = Engine::start().unwrap();
    for answer in [
        streamed(&body),
        sized("200 OK", kind, &body),
        format!("HTTP/1.1 200 OK\r\n{kind}connection: close\r\n\r\n{body}"),
        format!("HTTP/1.0 200 OK\r\n{kind}\r\n{body}"),
    ] {
        let server = Server::answering_once(answer.clone());
        let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
        assert_eq!((bytes, outcome.failure, outcome.released), (body.clone(), None, true), "{answer}");
        assert_eq!(outcome.report.events, 2);
        let timing = outcome.timing;
        assert!(timing.connect.unwrap() <= timing.first_byte.unwrap() && timing.first_byte.unwrap() <= timing.total);
    }
    for answer in [sized("200 OK", "", ANSWER), format!("HTTP/1.1 200 OK\r\n\r\n{ANSWER}")] {
        let server = Server::answering_once(answer);
        let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Whole);
        assert_eq!((bytes.as_str(), outcome.failure), (ANSWER, None));
    }
}

#[test]
fn a_body_in_bytes() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(STREAM_HEAD.as_bytes()).unwrap();
        for byte in format!("{FIRST}{LAST}").chars() {
            stream.write_all(chunk(&byte.to_string()).as_bytes()).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
    assert_eq!((bytes, outcome.failure), (format!("{FIRST}{LAST}"), None));
}

#[test]
fn nothing_after_the_head() {
    let empty = format!("{STREAM_HEAD}0\r\n\r\n");
    for (answer, expected) in [(STREAM_HEAD.to_owned(), Failure::Closed), (empty, Failure::Defect(Defect::NoAnswer))] {
        assert_eq!(failure(&endpoint(Server::answering_once(answer.clone()).port)), expected, "{answer}");
    }
}

#[test]
fn only_a_comment_and_then_the_end() {
    let server = Server::answering_once(streamed(": hello\n\n"));
    assert_eq!(failure(&endpoint(server.port)), Failure::Defect(Defect::NoAnswer));
}

/// However the connection ends, what follows a released event is the dialect's error and a failure.
#[test]
fn cut_after_the_first_event() {
    let cut = format!("{STREAM_HEAD}{}", chunk(FIRST));
    let (clean, in_chunk) = (streamed(FIRST), format!("{STREAM_HEAD}ff\r\n{FIRST}"));
    let sized = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 999\r\n\r\n{FIRST}");
    let open = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n{FIRST}");
    let garbage = format!("{STREAM_HEAD}{}zz\r\n", chunk(FIRST));
    let engine = Engine::start().unwrap();
    let unfinished = Failure::Defect(Defect::StreamCut);
    for (answer, failure) in [
        (cut, Failure::Closed),
        (clean, unfinished.clone()),
        (in_chunk, Failure::Closed),
        (sized, Failure::Closed),
        (open, unfinished),
        (garbage, Failure::NotHttp),
    ] {
        let server = Server::answering_once(answer.clone());
        let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
        assert_eq!(outcome.failure, Some(failure), "{answer}");
        assert!(outcome.released);
        assert!(bytes.starts_with(FIRST) && bytes[FIRST.len()..].starts_with("data: {\"error\":"), "{bytes}");
        assert!(!bytes.contains("[DONE]"));
    }
}

#[test]
fn reset_after_the_first_event() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        stream.write_all(format!("{STREAM_HEAD}{}", chunk(FIRST)).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        reset(stream);
    });
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
    assert_eq!(outcome.failure, Some(Failure::Reset));
    assert!(bytes.starts_with(FIRST) && bytes.contains("\"error\""), "{bytes}");
}

#[test]
fn a_whole_answer_cut() {
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{ANSWER}");
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint(Server::answering_once(cut).port), Form::Whole);
    assert_eq!((bytes.as_str(), outcome.released), ("", false));
    assert_eq!(outcome.failure, Some(Failure::Closed));
}

#[test]
fn a_finished_answer_without_its_terminal_event_is_whole() {
    let finish = LAST.split_once("data: [DONE]").unwrap().0;
    let server = Server::answering_once(format!("{STREAM_HEAD}{}{}", chunk(FIRST), chunk(finish)));
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
    assert_eq!((bytes, outcome.failure), (format!("{FIRST}{LAST}"), None));
}

#[test]
fn an_event_is_handed_over_before_the_next_one_comes() {
    let (go, gone) = std::sync::mpsc::channel::<()>();
    let gone = std::sync::Mutex::new(gone);
    let server = Server::start(move |_, stream| {
        read_request(stream);
        stream.write_all(format!("{STREAM_HEAD}{}", chunk(FIRST)).as_bytes()).unwrap();
        gone.lock().unwrap().recv().unwrap();
        stream.write_all(format!("{}0\r\n\r\n", chunk(LAST)).as_bytes()).unwrap();
    });
    let engine = Engine::start().unwrap();
    let attempt = open(&engine, &endpoint(server.port), Form::Stream);
    let delivery = next(&engine, &attempt);
    assert_eq!((delivery.bytes, delivery.outcome.is_none()), (FIRST.as_bytes().to_vec(), true));
    go.send(()).unwrap();
    let delivery = next(&engine, &attempt);
    assert_eq!(delivery.bytes, LAST.as_bytes());
    assert_eq!(delivery.outcome.unwrap().failure, None);
}

#[test]
fn megabytes_arrive_whole() {
    let event = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(30_000));
    let body = event.repeat(200);
    let expected = format!("{body}{LAST}");
    let server = Server::answering_once(streamed(&expected));
    let engine = Engine::start().unwrap();
    let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
    assert_eq!(outcome.failure, None);
    assert!(bytes == expected, "{} of {} bytes", bytes.len(), expected.len());
}
