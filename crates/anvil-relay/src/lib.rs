//! The commit window: a tier's bytes in, the client's bytes out, and nothing out before it may be seen.
//!
//! A [`Relay`] follows one attempt. It reads the tier's stream event by event (or its whole answer at once), holds everything
//! until the window opens, and then releases it in the client's form. Until the window opens a defect is a
//! [`Step::Reject`]: nothing has left, and another tier may answer instead. After that it is a [`Step::Broken`]: the stream
//! ends in the dialect's error event, never cleanly.
//!
//! Sans-IO: no clock, no socket; the caller owns both.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking"))]

mod cost;
mod expectations;
mod gate;
mod opening;
mod relay;
mod report;
mod setup;
mod splice;
mod stream;
mod utterance;
mod voice;
mod whole;
mod window;

/// The stack, in bytes, of a thread on which a relay works.
pub use anvil_verify::code::STACK;
pub use anvil_verify::{Check, Checks, Defect, Expected, Limits};
pub use expectations::expected;
pub use gate::Hold;
pub use opening::Opening;
pub use relay::{Relay, Step};
pub use report::{Report, Verified};
pub use setup::{Ending, Form, Setup};
