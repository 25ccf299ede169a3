//! The scripted model server: it answers at once, or one event each interval.

use std::{rc::Rc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::LocalSet,
    time::MissedTickBehavior,
};

use crate::{args::Args, http::Head, script};

/// Request bodies larger than this are refused.
const MAX_BODY: usize = 16 * 1024 * 1024;

pub struct Settings {
    port: u16,
    words: usize,
    interval: Duration,
    events_per_write: usize,
}

impl Settings {
    pub fn from_args(args: &mut Args) -> Result<Self, String> {
        Ok(Self {
            port: args.take_optional("port")?.ok_or("--port is needed (0: any free one)")?,
            words: args.take("words", 64)?,
            interval: Duration::from_millis(args.take("interval-ms", 0)?),
            events_per_write: args.take("events-per-write", 1usize)?.max(1),
        })
    }
}

struct Server {
    chat: script::Script,
    chat_with_usage: script::Script,
    messages: script::Script,
    responses: script::Script,
    interval: Duration,
    events_per_write: usize,
}

/// Serves until the process is ended. Prints the address once it listens.
pub async fn serve(settings: Settings) -> Result<(), String> {
    let listener =
        TcpListener::bind(("127.0.0.1", settings.port)).await.map_err(|e| format!("port {}: {e}", settings.port))?;
    println!("listening on {}", listener.local_addr().map_err(|e| e.to_string())?);
    let server = Rc::new(Server {
        chat: script::chat(settings.words, false),
        chat_with_usage: script::chat(settings.words, true),
        messages: script::messages(settings.words),
        responses: script::responses(settings.words),
        interval: settings.interval,
        events_per_write: settings.events_per_write,
    });
    LocalSet::new()
        .run_until(async move {
            loop {
                // Out of descriptors, or a client that left before it was accepted: the next one may fare better.
                let Ok((socket, _)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let server = Rc::clone(&server);
                tokio::task::spawn_local(async move {
                    // A client that goes away mid-answer is not this server's trouble.
                    let _ = server.connection(socket).await;
                });
            }
        })
        .await
}

impl Server {
    async fn connection(&self, mut socket: TcpStream) -> std::io::Result<()> {
        socket.set_nodelay(true)?;
        let mut buffer = Vec::with_capacity(4096);
        let mut body = Vec::new();
        while let Some((request_line, close)) = read_request(&mut socket, &mut buffer, &mut body).await? {
            self.answer(&mut socket, &request_line, &body).await?;
            if close {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn answer(&self, socket: &mut TcpStream, request_line: &str, body: &[u8]) -> std::io::Result<()> {
        let mut parts = request_line.split(' ');
        let (method, path) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let script = match (method, path.split('?').next().unwrap_or_default()) {
            ("POST", "/v1/chat/completions") if flag(body, b"\"include_usage\"") => &self.chat_with_usage,
            ("POST", "/v1/chat/completions") => &self.chat,
            ("POST", "/v1/messages") => &self.messages,
            ("POST", "/v1/responses") => &self.responses,
            ("GET", "/v1/models") => return socket.write_all(&script::models()).await,
            ("GET", "/health") => return socket.write_all(&script::json("200 OK", "{}")).await,
            _ => {
                let missing = r#"{"error":{"message":"Not Found","type":"NotFoundError","param":null,"code":404}}"#;
                return socket.write_all(&script::json("404 Not Found", missing)).await;
            }
        };
        if !flag(body, b"\"stream\"") {
            return socket.write_all(&script.whole).await;
        }
        // The head leaves before the first token exists, as it does from a real server.
        socket.write_all(&script.stream_head).await?;
        if self.interval.is_zero() { self.burst(socket, script).await } else { self.paced(socket, script).await }
    }

    async fn burst(&self, socket: &mut TcpStream, script: &script::Script) -> std::io::Result<()> {
        if self.events_per_write == 1 {
            for event in &script.events {
                socket.write_all(event).await?;
            }
            return Ok(());
        }
        for group in script.events.chunks(self.events_per_write) {
            socket.write_all(&group.concat()).await?;
        }
        Ok(())
    }

    async fn paced(&self, socket: &mut TcpStream, script: &script::Script) -> std::io::Result<()> {
        let mut clock = tokio::time::interval(self.interval);
        // A late event stays late: catching up in a burst would flatter whoever made it late.
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for event in &script.events {
            clock.tick().await;
            socket.write_all(event).await?;
        }
        Ok(())
    }
}

/// The request line and whether the client wants the connection closed; `None` when it left between requests.
async fn read_request(
    socket: &mut TcpStream,
    buffer: &mut Vec<u8>,
    body: &mut Vec<u8>,
) -> std::io::Result<Option<(String, bool)>> {
    let invalid = |why: String| std::io::Error::new(std::io::ErrorKind::InvalidData, why);
    body.clear();
    let (request_line, close, mut decoder) = loop {
        if let Some(head) = Head::parse(buffer).map_err(invalid)? {
            let seen = (head.first_line.to_owned(), head.close, head.request_body());
            buffer.drain(..head.len);
            break seen;
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    loop {
        let used = decoder.feed(buffer, |bytes| body.extend_from_slice(bytes)).map_err(invalid)?;
        buffer.drain(..used);
        if decoder.done() {
            return Ok(Some((request_line, close)));
        }
        if body.len() > MAX_BODY {
            return Err(invalid("body too large".into()));
        }
        if socket.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// Whether the body says `"name": true`. A quote inside a JSON string is escaped, so text cannot pass for the key.
fn flag(body: &[u8], quoted_name: &[u8]) -> bool {
    body.windows(quoted_name.len()).enumerate().any(|(at, window)| {
        window == quoted_name && {
            let rest = body[at + quoted_name.len()..].trim_ascii_start();
            rest.strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::flag;

    #[test]
    fn the_flag_is_a_key_and_not_text() {
        assert!(flag(br#"{"stream":true}"#, b"\"stream\""));
        assert!(flag(b"{\"stream\" :\n true}", b"\"stream\""));
        assert!(!flag(br#"{"stream":false}"#, b"\"stream\""));
        assert!(!flag(br#"{"content":"\"stream\":true"}"#, b"\"stream\""));
    }
}
