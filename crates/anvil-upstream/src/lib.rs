//! The HTTP client engine: one tokio thread, pooled connections, deadlines, a mailbox.
//!
//! [`Engine::open`] starts an attempt at an [`Endpoint`]: it sends the body, drives a relay over what comes back, and puts
//! what the client may see into the attempt's slot of the [`Mailbox`]. The other side takes from there, from any thread,
//! without ever blocking on the engine. Nothing starts at import: an engine is made when it is needed and closed when it is
//! not. The only crate that names tokio or hyper.
//!
//! # Cancel safety
//! Dropping or cancelling an [`Attempt`] ends its task at the next point where it waits, and with the task its connection:
//! the tier sees the close at once and can stop generating.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod attempt;
mod bell;
mod connect;
mod desk;
mod endpoint;
mod engine;
mod exchange;
mod failure;
mod link;
mod mailbox;
mod outbound;
mod outcome;
mod stream;

pub use attempt::Attempt;
pub use endpoint::{BadEndpoint, Endpoint, EndpointSettings, Timeouts};
pub use engine::{Closed, Engine};
pub use failure::{Failure, Phase};
pub use mailbox::{Delivery, Mailbox};
pub use outbound::Outbound;
pub use outcome::{Outcome, Timing};
