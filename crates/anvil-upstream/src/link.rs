//! One HTTP/1.1 connection and the work of keeping it going.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use crate::failure::Failure;
use crate::stream::Stream;

/// One HTTP/1.1 connection. It has no task of its own: whoever waits for something on it drives it, so an answer costs no
/// hops between tasks, and dropping the waiting drops the socket.
#[derive(Debug)]
pub(crate) struct Link {
    sender: SendRequest<Full<Bytes>>,
    connection: Driven,
    /// Whether a request has been answered on it before.
    pub(crate) reused: bool,
}

/// The half of a connection that does the reading and writing; `None` once it is over.
#[derive(Debug)]
struct Driven(Option<Pin<Box<Wire>>>);

type Wire = Connection<TokioIo<Stream>, Full<Bytes>>;

impl Link {
    pub(crate) async fn new(stream: Stream) -> Result<Self, Failure> {
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| Failure::from_http(&error))?;
        Ok(Self { sender, connection: Driven(Some(Box::pin(connection))), reused: false })
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, hyper::Error> {
        let answer = self.sender.send_request(request);
        self.connection.drive(answer).await
    }

    /// Waits for `work`, which depends on this connection.
    pub(crate) async fn drive<F: Future>(&mut self, work: F) -> F::Output {
        self.connection.drive(work).await
    }

    /// What `work` has ready without waiting.
    pub(crate) async fn try_drive<F: Future + Unpin>(&mut self, work: &mut F) -> Option<F::Output> {
        self.connection.try_drive(work).await
    }

    /// Whether another request may be sent. Finds out if the other side has closed in the meantime.
    pub(crate) async fn is_ready(&mut self) -> bool {
        let Self { sender, connection, .. } = self;
        let mut ready = pin!(sender.ready());
        matches!(connection.try_drive(&mut ready).await, Some(Ok(())))
    }
}

impl Driven {
    async fn drive<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = pin!(work);
        poll_fn(|cx| {
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            self.poll(cx);
            work.as_mut().poll(cx)
        })
        .await
    }

    async fn try_drive<F: Future + Unpin>(&mut self, work: &mut F) -> Option<F::Output> {
        poll_fn(|cx| {
            self.poll(cx);
            match Pin::new(&mut *work).poll(cx) {
                Poll::Ready(output) => Poll::Ready(Some(output)),
                Poll::Pending => Poll::Ready(None),
            }
        })
        .await
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) {
        if let Some(connection) = &mut self.0
            && connection.as_mut().poll(cx).is_ready()
        {
            // Its end, with or without an error, is told to whoever waits for the answer.
            self.0 = None;
        }
    }
}
