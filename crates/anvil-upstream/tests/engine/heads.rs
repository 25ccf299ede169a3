//! What goes out, and the heads that come back.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use anvil_dialect::envelope::TierError;
use anvil_dialect::{Dialect, Head};
use anvil_relay::{Defect, Form, Setup};
use anvil_upstream::{Engine, Failure, Outbound};
use bytes::Bytes;

use crate::server::{STREAM_HEAD, Server, chunk, read_request, reset, sized, streamed};
use crate::{ANSWER, FIRST, LAST, REQUEST, endpoint, endpoint_with, exchange, failure, finish};

#[test]
fn the_request_as_the_tier_reads_it() {
    let seen = Arc::new(Mutex::new(String::new()));
    let theirs = Arc::clone(&seen);
    let server = Server::start(move |_, stream| {
        *theirs.lock().unwrap() = read_request(stream).unwrap();
        stream.write_all(sized("200 OK", "content-type: application/json\r\n", ANSWER).as_bytes()).unwrap();
    });
    let endpoint = endpoint_with(server.port, |settings| {
        settings.base_url.push('/');
        settings.headers.push(("Authorization".to_owned(), "Bearer key".to_owned()));
        settings.headers.push(("user-agent".to_owned(), "mine".to_owned()));
    });
    let engine = Engine::start().unwrap();
    let header = |name: &'static str, value: &'static str| {
        (Bytes::from_static(name.as_bytes()), Bytes::from_static(value.as_bytes()))
    };
    let outbound = Outbound {
        body: Some(Bytes::from_static(REQUEST.as_bytes())),
        path: "/chat/completions".into(),
        headers: vec![
            header("x-trace", "1"),
            header("bad name", "x"),
            header("x-bad", "a\nb"),
            header("authorization", "theirs"),
            header("host", "theirs"),
            header("content-length", "1"),
            header("transfer-encoding", "chunked"),
            header("connection", "close"),
        ],
    };
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Whole, Head::default(), String::new());
    let attempt = engine.open(endpoint, outbound, setup).unwrap();
    assert_eq!(finish(&engine, &attempt).1.failure, None);
    let seen = seen.lock().unwrap().clone();
    assert!(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with(&format!("\r\n\r\n{REQUEST}")), "{seen}");
    for line in [
        format!("host: 127.0.0.1:{}", server.port),
        "content-type: application/json".to_owned(),
        "accept: application/json".to_owned(),
        "accept-encoding: identity".to_owned(),
        "authorization: Bearer key".to_owned(),
        "user-agent: mine".to_owned(),
        "x-trace: 1".to_owned(),
        format!("content-length: {}", REQUEST.len()),
    ] {
        assert_eq!(seen.matches(&format!("\r\n{line}\r\n")).count(), 1, "{line} in {seen}");
    }
    assert!(!seen.contains("x-bad") && !seen.contains("theirs"), "{seen}");
}

#[test]
fn a_document_is_asked_for_with_get() {
    let server = Server::start(|_, stream| {
        let request = read_request(stream).unwrap();
        assert!(request.starts_with("GET /v1/models HTTP/1.1\r\n") && !request.contains("content-type"), "{request}");
        stream.write_all(sized("200 OK", "", "{\"data\":[]}").as_bytes()).unwrap();
    });
    let engine = Engine::start().unwrap();
    let outbound = Outbound { body: None, path: "/models".into(), headers: Vec::new() };
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Document, Head::default(), String::new());
    let attempt = engine.open(endpoint(server.port), outbound, setup).unwrap();
    let (bytes, outcome) = finish(&engine, &attempt);
    assert_eq!((bytes.as_str(), outcome.failure), ("{\"data\":[]}", None));
}

#[test]
fn a_document_may_lie_beside_the_version() {
    for (base, target) in
        [("/v1", "/tokenize"), ("/v1/", "/tokenize"), ("/proxy/v1", "/proxy/tokenize"), ("", "/tokenize")]
    {
        let server = Server::start(move |_, stream| {
            let request = read_request(stream).unwrap();
            assert!(request.starts_with(&format!("POST {target} HTTP/1.1\r\n")), "{request}");
            assert!(request.ends_with("\r\n\r\n{}"), "{request}");
            stream.write_all(sized("200 OK", "", "{\"count\":1}").as_bytes()).unwrap();
        });
        let endpoint = endpoint_with(server.port, |settings| {
            settings.base_url = format!("{}{base}", settings.base_url.trim_end_matches("/v1"));
        });
        let engine = Engine::start().unwrap();
        let body = Some(Bytes::from_static(b"{}"));
        let outbound = Outbound { body, path: "../tokenize".into(), headers: Vec::new() };
        let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Document, Head::default(), String::new());
        let attempt = engine.open(endpoint, outbound, setup).unwrap();
        assert_eq!(finish(&engine, &attempt).0, "{\"count\":1}");
    }
}

#[test]
fn reset_before_the_head() {
    let server = Server::start(|_, stream| {
        read_request(stream);
        reset(stream);
    });
    assert_eq!(failure(&endpoint(server.port)), Failure::Reset);
}

#[test]
fn closed_before_or_in_the_head() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-"] {
        assert_eq!(failure(&endpoint(Server::answering_once(answer).port)), Failure::Closed, "{answer:?}");
    }
}

#[test]
fn what_is_not_http() {
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "\0\0\0\u{1}garbage\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    ] {
        assert_eq!(failure(&endpoint(Server::answering_once(answer).port)), Failure::NotHttp, "{answer:?}");
    }
}

#[test]
fn redirects_are_not_followed() {
    for status in [301, 302, 307, 308, 304] {
        let answer = format!("HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(failure(&endpoint(Server::answering_once(answer).port)), Failure::Redirect { status });
    }
}

#[test]
fn statuses_of_failure_with_their_words() {
    let words =
        |kind: &str, message: &str| TierError { kind: kind.to_owned(), message: message.to_owned(), param: None };
    for (status, headers, body, retry_after, error) in [
        (
            400,
            "",
            r#"{"error":{"message":"too long","type":"invalid_request_error","code":400}}"#,
            None,
            words("invalid_request_error", "too long"),
        ),
        (
            429,
            "retry-after: 7\r\n",
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#,
            Some(7),
            words("rate_limit_error", "slow"),
        ),
        (503, "retry-after: Wed, 21 Oct 2026 07:28:00 GMT\r\n", "<html>", None, TierError::default()),
        (500, "retry-after: -1\r\n", "", None, TierError::default()),
        (422, "", r#"{"detail":[{"msg":"Field required"}]}"#, None, words("", "Field required")),
    ] {
        let answer = sized(&format!("{status} X"), headers, body);
        assert_eq!(
            failure(&endpoint(Server::answering_once(answer).port)),
            Failure::Status { status, retry_after, error }
        );
    }
}

#[test]
fn an_error_body_that_is_cut_or_endless_is_no_other_failure() {
    let cut = "HTTP/1.1 503 X\r\ncontent-length: 1000\r\n\r\n{\"error\":";
    assert!(matches!(failure(&endpoint(Server::answering_once(cut).port)), Failure::Status { status: 503, .. }));
    let server = Server::start(|_, stream| {
        read_request(stream);
        let _ = stream.write_all(b"HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n");
        while stream.write_all(chunk(&"x".repeat(8_192)).as_bytes()).is_ok() {}
    });
    assert!(matches!(failure(&endpoint(server.port)), Failure::Status { status: 500, .. }));
}

/// A tier that refuses a body before it has read it, and closes.
#[test]
fn an_early_refusal_of_a_large_body_is_heard() {
    let server = Server::start(|_, stream| {
        stream.read_exact(&mut [0; 64]).unwrap();
        let _ = stream.write_all(sized("413 X", "connection: close\r\n", "{\"error\":\"too large\"}").as_bytes());
        std::thread::sleep(std::time::Duration::from_millis(300));
    });
    let engine = Engine::start().unwrap();
    let outbound = Outbound {
        body: Some(Bytes::from(vec![b' '; 16 << 20])),
        path: "/chat/completions".into(),
        headers: Vec::new(),
    };
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Whole, Head::default(), String::new());
    let attempt = engine.open(endpoint(server.port), outbound, setup).unwrap();
    let outcome = finish(&engine, &attempt).1;
    assert!(matches!(outcome.failure, Some(Failure::Status { status: 413, .. })), "{outcome:?}");
}

#[test]
fn a_compressed_answer_is_refused() {
    let headers = "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n";
    let server = Server::answering_once(sized("200 OK", headers, "\u{1f}x"));
    assert_eq!(failure(&endpoint(server.port)), Failure::Encoded);
    let headers = "content-type: text/event-stream\r\ncontent-encoding: identity\r\n";
    let server = Server::answering_once(sized("200 OK", headers, &format!("{FIRST}{LAST}")));
    let engine = Engine::start().unwrap();
    assert_eq!(exchange(&engine, &endpoint(server.port), Form::Stream).1.failure, None);
}

#[test]
fn a_stream_of_another_content_type() {
    let wrong = Failure::Defect(Defect::WrongContentType { expected: "text/event-stream" });
    for (headers, body) in [
        ("content-type: text/html\r\n", "<html>"),
        ("content-type: application/json\r\n", ANSWER),
        ("content-type: application/json\r\n", r#"{"type":"message","content":[],"stop_reason":"end_turn"}"#),
        ("", ""),
    ] {
        let server = Server::answering_once(sized("200 OK", headers, body));
        assert_eq!(failure(&endpoint(server.port)), wrong, "{body}");
    }
    let body = r#"{"error":{"message":"no","type":"server_error"}}"#;
    let server = Server::answering_once(sized("200 OK", "content-type: application/json\r\n", body));
    let said = Defect::TierError { kind: "server_error".to_owned(), words: "no".to_owned() };
    assert_eq!(failure(&endpoint(server.port)), Failure::Defect(said));
}

#[test]
fn content_types_of_a_stream() {
    let engine = Engine::start().unwrap();
    for kind in ["text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream"] {
        let answer = streamed(&format!("{FIRST}{LAST}")).replace("text/event-stream", kind);
        let server = Server::answering_once(answer);
        let (bytes, outcome) = exchange(&engine, &endpoint(server.port), Form::Stream);
        assert_eq!((bytes, outcome.failure), (format!("{FIRST}{LAST}"), None), "{kind}");
    }
}

#[test]
fn an_interim_answer_is_passed_over() {
    let server = Server::answering_once(format!(
        "HTTP/1.1 100 Continue\r\n\r\n{STREAM_HEAD}{}0\r\n\r\n",
        chunk(&format!("{FIRST}{LAST}"))
    ));
    let engine = Engine::start().unwrap();
    assert_eq!(exchange(&engine, &endpoint(server.port), Form::Stream).1.failure, None);
}
