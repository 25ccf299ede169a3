//! Connections that do not come to be.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anvil_relay::Form;
use anvil_upstream::{BadEndpoint, Endpoint, Engine, Failure, Phase};

use crate::server::{Server, read_request, sized};
use crate::{ANSWER, endpoint, endpoint_with, exchange, failure, settings};

/// A port that nothing listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn refused() {
    assert_eq!(failure(&endpoint(free_port())), Failure::Refused);
}

#[test]
fn name_not_found() {
    let endpoint = Arc::new(Endpoint::new(&settings("http://tier.invalid:1/v1".to_owned())).unwrap());
    assert_eq!(failure(&endpoint), Failure::NameNotFound);
}

/// A listener whose backlog is full takes no further connection.
#[test]
fn connect_timeout() {
    let listener =
        rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap();
    rustix::net::bind(&listener, &"127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap()).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address: std::net::SocketAddr = rustix::net::getsockname(&listener).unwrap().try_into().unwrap();
    let mut waiting = Vec::new();
    while waiting.len() < 64 {
        match TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            Ok(stream) => waiting.push(stream),
            Err(_) => break,
        }
    }
    let started = Instant::now();
    let endpoint = endpoint_with(address.port(), |settings| settings.timeouts.connect = Duration::from_millis(150));
    assert_eq!(failure(&endpoint), Failure::Timeout { phase: Phase::Connect });
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_tunnel_through_a_proxy() {
    let tier = Server::answering(sized("200 OK", "content-type: application/json\r\n", ANSWER));
    let target = tier.port;
    let proxy = Server::start(move |_, stream| {
        let request = read_request(stream).unwrap();
        assert!(request.starts_with(&format!("CONNECT 127.0.0.1:{target} HTTP/1.1\r\nhost: 127.0.0.1:{target}\r\n")));
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nx: y\r\n\r\n").unwrap();
        let mut upstream = TcpStream::connect(("127.0.0.1", target)).unwrap();
        let (mut from, mut to) = (stream.try_clone().unwrap(), upstream.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut upstream, stream);
    });
    let endpoint = endpoint_with(target, |settings| settings.proxy = Some(format!("http://127.0.0.1:{}", proxy.port)));
    let engine = Engine::start().unwrap();
    for _ in 0..2 {
        let (bytes, outcome) = exchange(&engine, &endpoint, Form::Whole);
        assert_eq!((bytes.as_str(), outcome.failure), (ANSWER, None));
    }
    assert_eq!(proxy.accepted(), 1, "the tunnel is kept");
}

#[test]
fn a_proxy_that_fails() {
    let through = |port: u16| endpoint_with(1, |settings| settings.proxy = Some(format!("http://127.0.0.1:{port}")));
    let refusing = Server::answering_once("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    assert_eq!(failure(&through(refusing.port)), Failure::Proxy { reason: "status 407".to_owned() });
    let closing = Server::answering_once("HTTP/1.1 200");
    assert_eq!(failure(&through(closing.port)), Failure::Proxy { reason: "it closed the connection".to_owned() });
    let endless = Server::answering_once("x".repeat(20_000));
    assert_eq!(failure(&through(endless.port)), Failure::Proxy { reason: "its answer is too long".to_owned() });
    assert!(matches!(failure(&through(free_port())), Failure::Proxy { .. }));
}

#[test]
fn a_certificate_that_nobody_knows() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let server = Server::start(move |_, stream| {
        let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let _ = rustls::Stream::new(&mut tls, stream).read(&mut [0; 64]);
    });
    match Endpoint::new(&settings(format!("https://localhost:{}/v1", server.port))) {
        Ok(endpoint) => assert!(matches!(failure(&Arc::new(endpoint)), Failure::Tls { .. })),
        // A machine without root certificates trusts nobody anyway.
        Err(error) => assert!(matches!(error, BadEndpoint::Tls(_)), "{error}"),
    }
}

#[test]
fn tls_to_a_server_without_it() {
    let server = Server::start(|_, stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap());
    if let Ok(endpoint) = Endpoint::new(&settings(format!("https://localhost:{}/v1", server.port))) {
        assert!(matches!(failure(&Arc::new(endpoint)), Failure::Tls { .. }));
    }
}

#[test]
fn settings_that_are_no_endpoint() {
    for url in ["", "127.0.0.1:80", "ftp://h/v1", "http://user:secret@h/v1", "http://h/v1?key=secret", "http://"] {
        let error = Endpoint::new(&settings(url.to_owned())).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    for (name, value) in [("a b", "x"), ("x", "a\r\nb: c"), ("", "x")] {
        let mut settings = settings("http://h/v1".to_owned());
        settings.headers.push((name.to_owned(), value.to_owned()));
        assert!(matches!(Endpoint::new(&settings), Err(BadEndpoint::Header(_))), "{name:?}");
    }
    for proxy in ["https://p:1", "socks5://p:1", "p:1"] {
        let mut settings = settings("http://h/v1".to_owned());
        settings.proxy = Some(proxy.to_owned());
        assert!(matches!(Endpoint::new(&settings), Err(BadEndpoint::Proxy(_))), "{proxy}");
    }
}
