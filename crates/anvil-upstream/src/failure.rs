//! Why an attempt failed.

use std::io;

use anvil_dialect::envelope::TierError;
use anvil_relay::Defect;
use thiserror::Error;

/// The phases of an attempt that have a deadline of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Until the connection stands, TLS included.
    Connect,
    /// From the request being sent until the first event of a stream.
    FirstByte,
    /// Between two pieces of the answer.
    Idle,
    /// The whole attempt.
    Total,
}

/// Why an attempt failed. Displays as one sentence that names no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// The tier's host has no address.
    #[error("the tier's host name could not be resolved")]
    NameNotFound,
    /// Nothing listens at the tier's port.
    #[error("the tier refused the connection")]
    Refused,
    /// The tier's host cannot be reached.
    #[error("the tier could not be reached ({reason})")]
    Unreachable {
        /// The kind of the socket's error.
        reason: String,
    },
    /// The TLS handshake failed.
    #[error("the TLS handshake with the tier failed: {reason}")]
    Tls {
        /// What the TLS library said.
        reason: String,
    },
    /// The configured proxy did not open a tunnel.
    #[error("the proxy refused the tunnel: {reason}")]
    Proxy {
        /// The proxy's status line, or what went wrong on the way to it.
        reason: String,
    },
    /// A deadline passed.
    #[error("the tier was too slow ({})", .phase.words())]
    Timeout {
        /// Which deadline it was.
        phase: Phase,
    },
    /// The tier reset the connection.
    #[error("the tier reset the connection")]
    Reset,
    /// The tier closed the connection before it had answered in full.
    #[error("the tier closed the connection before its answer was complete")]
    Closed,
    /// What came back is not HTTP.
    #[error("the tier's answer is not HTTP")]
    NotHttp,
    /// The tier answered with a redirect; none is followed.
    #[error("the tier answered with a redirect (status {status}), which is not followed")]
    Redirect {
        /// The status.
        status: u16,
    },
    /// The answer is compressed although none was asked for.
    #[error("the tier's answer is compressed, which was not asked for")]
    Encoded,
    /// The tier answered with a status of failure.
    #[error("the tier answered with status {status}")]
    Status {
        /// The status, 400 to 599.
        status: u16,
        /// Its `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// What it said.
        error: TierError,
    },
    /// The answer has a defect.
    #[error(transparent)]
    Defect(#[from] Defect),
    /// The engine was closed while the attempt ran.
    #[error("the router is shutting down")]
    EngineClosed,
    /// The engine's own code panicked.
    #[error("the router failed while it relayed the answer")]
    Panicked,
}

impl Phase {
    const fn words(self) -> &'static str {
        match self {
            Self::Connect => "no connection in time",
            Self::FirstByte => "no first byte in time",
            Self::Idle => "its answer stalled",
            Self::Total => "the answer took too long",
        }
    }
}

impl Failure {
    /// The failure's name in decisions, metrics and docs; never changes once published.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::Refused => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Tls { .. } => "tls",
            Self::Proxy { .. } => "proxy",
            Self::Timeout { phase: Phase::Connect } => "connect_timeout",
            Self::Timeout { phase: Phase::FirstByte } => "first_byte_timeout",
            Self::Timeout { phase: Phase::Idle } => "idle_timeout",
            Self::Timeout { phase: Phase::Total } => "total_timeout",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::NotHttp => "not_http",
            Self::Redirect { .. } => "redirect",
            Self::Encoded => "encoded",
            Self::Status { .. } => "status",
            Self::Defect(defect) => defect.label(),
            Self::EngineClosed => "engine_closed",
            Self::Panicked => "panicked",
        }
    }

    /// The failure that an error of a socket is.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted => {
                Self::Reset
            }
            io::ErrorKind::UnexpectedEof => Self::Closed,
            // What the HTTP library says of a chunk that is none.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Self::NotHttp,
            kind => Self::Unreachable { reason: kind.to_string() },
        }
    }

    /// The failure that an error of the HTTP library is.
    pub(crate) fn from_http(error: &hyper::Error) -> Self {
        if error.is_parse() {
            return Self::NotHttp;
        }
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                return Self::from_io(io);
            }
            source = inner.source();
        }
        Self::Closed
    }
}
