//! The engine and its attempts.

use std::borrow::Cow;
use std::os::fd::RawFd;
use std::sync::Arc;

use anvil_dialect::{Dialect, Head};
use anvil_relay::{Form, Hold, Limits, Setup, expected};
use anvil_upstream::{Closed, Delivery, Outbound};
use bytes::Bytes;
use pyo3::create_exception;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::checks::Checks;
use crate::endpoint::{Endpoint, seconds};
use crate::opening::Opening;
use crate::outcome::Outcome;
use crate::request::{Overrides, Request, dialect_named};

create_exception!(_core, EngineClosedError, PyRuntimeError);

/// (attempt's id, bytes for the client, how it ended)
type Arrival<'py> = (u64, Bound<'py, PyBytes>, Option<Outcome>);

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Engine(anvil_upstream::Engine);

#[pymethods]
impl Engine {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(anvil_upstream::Engine::start()?))
    }

    fn fileno(&self) -> RawFd {
        self.0.mailbox().fd()
    }

    fn drain<'py>(&self, py: Python<'py>) -> Vec<Arrival<'py>> {
        let arrived = self.0.mailbox().drain();
        arrived.into_iter().map(|(id, delivery)| arrival(py, id, delivery)).collect()
    }

    #[pyo3(signature = (endpoint, request, overrides, *, dialect, path, model, opening, headers, keeps_items, checks, least_prompt_tokens))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments of one call")]
    fn open(
        &self,
        py: Python<'_>,
        endpoint: &Endpoint,
        request: &Request,
        overrides: &Overrides,
        dialect: &str,
        path: Option<String>,
        model: String,
        opening: &Opening,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        keeps_items: bool,
        checks: &Checks,
        least_prompt_tokens: Option<u64>,
    ) -> PyResult<Attempt> {
        let (client, tier) = (request.0.dialect(), dialect_named(dialect)?);
        let translated = request.translate(py, tier, overrides)?;
        let is_stream = request.0.facts().stream;
        let outbound = Outbound {
            body: Some(translated.body),
            path: path.map_or(Cow::Borrowed(tier.path()), Cow::Owned),
            headers: wire_headers(headers),
        };
        let head = Head { model, ..opening.0.head().clone() };
        let form = match (is_stream, request.0.is_unread()) {
            (true, _) => Form::Stream,
            (false, false) => Form::Whole,
            (false, true) => Form::Unread,
        };
        let mut setup = Setup::new(client, tier, form, head, opening.0.request_id().to_owned());
        setup.opening = is_stream.then(|| opening.0.clone());
        setup.keeps_items = keeps_items;
        setup.max_held_bytes = checks.max_held_bytes;
        setup.hold = checks.hold;
        setup.heartbeat_every = checks.heartbeat_every;
        if checks.hold != Hold::None && !request.0.is_unread() {
            let limits = Limits { cap: None, least_prompt_tokens, least_mean_logprob: checks.least_mean_logprob };
            let expected = expected(Arc::clone(&request.0), tier, checks.made, limits);
            setup.expected = Some(Arc::new(expected));
        }
        let warnings = translated.warnings.iter().map(ToString::to_string).collect();
        self.start(endpoint, outbound, setup, warnings)
    }

    #[pyo3(signature = (endpoint, path, body = None, *, headers = Vec::new()))]
    fn ask(
        &self,
        endpoint: &Endpoint,
        path: String,
        body: Option<&[u8]>,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> PyResult<Attempt> {
        let body = body.map(Bytes::copy_from_slice);
        let outbound = Outbound { body, path: path.into(), headers: wire_headers(headers) };
        let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Document, Head::default(), String::new());
        self.start(endpoint, outbound, setup, Vec::new())
    }

    fn close(&self, py: Python<'_>, grace: f64) -> PyResult<()> {
        let grace = seconds(grace)?;
        py.detach(|| self.0.close(grace));
        Ok(())
    }
}

impl Engine {
    fn start(&self, endpoint: &Endpoint, outbound: Outbound, setup: Setup, warnings: Vec<String>) -> PyResult<Attempt> {
        self.0
            .open(Arc::clone(&endpoint.0), outbound, setup)
            .map(|attempt| Attempt { attempt, warnings })
            .map_err(|closed: Closed| EngineClosedError::new_err(closed.to_string()))
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Attempt {
    attempt: anvil_upstream::Attempt,
    /// What the translated request no longer says.
    warnings: Vec<String>,
}

#[pymethods]
impl Attempt {
    #[getter]
    fn id(&self) -> u64 {
        self.attempt.id()
    }

    #[getter]
    fn warnings(&self) -> Vec<&str> {
        self.warnings.iter().map(String::as_str).collect()
    }

    fn take<'py>(&self, py: Python<'py>) -> Option<Arrival<'py>> {
        self.attempt.take().map(|delivery| arrival(py, self.attempt.id(), delivery))
    }

    fn cancel(&self) {
        self.attempt.cancel();
    }
}

fn wire_headers(headers: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<(Bytes, Bytes)> {
    headers.into_iter().map(|(name, value)| (Bytes::from(name), Bytes::from(value))).collect()
}

fn arrival(py: Python<'_>, id: u64, delivery: Delivery) -> Arrival<'_> {
    (id, PyBytes::new(py, &delivery.bytes), delivery.outcome.map(Outcome))
}
