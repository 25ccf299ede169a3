//! Opening a connection: resolve, connect, tunnel, handshake.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::endpoint::{Endpoint, Place};
use crate::failure::Failure;
use crate::stream::Stream;

/// The most bytes of a proxy's answer to `CONNECT`.
const PROXY_ANSWER_BYTES: usize = 16 * 1024;

/// Opens a connection to the endpoint, through its proxy if it has one. No deadline of its own: the caller has one.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<Stream, Failure> {
    let tcp = match &endpoint.proxy {
        None => connect_tcp(&endpoint.place).await?,
        Some(proxy) => {
            let tcp =
                connect_tcp(proxy).await.map_err(|failure| Failure::Proxy { reason: failure.label().to_owned() })?;
            tunnel(tcp, &endpoint.place).await?
        }
    };
    let Some(tls) = &endpoint.tls else { return Ok(Stream::Plain(tcp)) };
    let stream = TlsConnector::from(tls.config.clone())
        .connect(tls.name.clone(), tcp)
        .await
        .map_err(|error| Failure::Tls { reason: error.to_string() })?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// Tries the place's addresses in the resolver's order.
async fn connect_tcp(place: &Place) -> Result<TcpStream, Failure> {
    let mut failure = Failure::NameNotFound;
    for address in resolve(place).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // A request is written whole; waiting to fill a segment only delays it. Failing to say so is no failure.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => failure = Failure::from_io(&error),
        }
    }
    Err(failure)
}

async fn resolve(place: &Place) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = place.address {
        return Ok(vec![SocketAddr::new(address, place.port)]);
    }
    match tokio::net::lookup_host((place.host.as_str(), place.port)).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(_) => Err(Failure::NameNotFound),
    }
}

/// Asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6, CONNECT).
async fn tunnel(mut stream: TcpStream, place: &Place) -> Result<TcpStream, Failure> {
    let failed = |reason: &str| Failure::Proxy { reason: reason.to_owned() };
    let target = format!("{}:{}", place.authority.host(), place.port);
    let request = format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|_| failed("it closed the connection"))?;
    let mut answer = Vec::with_capacity(256);
    // Byte by byte: what follows the blank line belongs to the tunnel.
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(|_| failed("it closed the connection"))?;
        answer.push(byte);
        if answer.len() > PROXY_ANSWER_BYTES {
            return Err(failed("its answer is too long"));
        }
    }
    let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    if status.first() == Some(&b'2') {
        return Ok(stream);
    }
    Err(failed(&format!("status {}", String::from_utf8_lossy(status).chars().take(3).collect::<String>())))
}
