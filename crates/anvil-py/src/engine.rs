//! The engine and its attempts.

use std::os::fd::RawFd;
use std::sync::Arc;

use anvil_relay::{Form, Setup};
use anvil_upstream::{Closed, Delivery, Outbound};
use bytes::Bytes;
use pyo3::create_exception;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::endpoint::{Endpoint, seconds};
use crate::outcome::Outcome;
use crate::request::{Overrides, Request};

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

    #[pyo3(signature = (endpoint, request, overrides, *, model, request_id, headers))]
    fn open(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        overrides: &Overrides,
        model: Option<String>,
        request_id: String,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> PyResult<Attempt> {
        let dialect = request.0.dialect();
        let form = if request.0.facts().stream { Form::Stream } else { Form::Whole };
        let outbound = Outbound {
            body: Some(request.0.encode(&overrides.0)),
            path: dialect.path(),
            headers: headers.into_iter().map(|(name, value)| (Bytes::from(name), Bytes::from(value))).collect(),
        };
        self.start(endpoint, outbound, Setup::new(dialect, form, model, request_id))
    }

    fn list_models(&self, endpoint: &Endpoint) -> PyResult<Attempt> {
        let outbound = Outbound { body: None, path: "/models", headers: Vec::new() };
        let setup = Setup::new(anvil_dialect::Dialect::Chat, Form::Document, None, String::new());
        self.start(endpoint, outbound, setup)
    }

    fn close(&self, py: Python<'_>, grace: f64) -> PyResult<()> {
        let grace = seconds(grace)?;
        py.detach(|| self.0.close(grace));
        Ok(())
    }
}

impl Engine {
    fn start(&self, endpoint: &Endpoint, outbound: Outbound, setup: Setup) -> PyResult<Attempt> {
        self.0
            .open(Arc::clone(&endpoint.0), outbound, setup)
            .map(Attempt)
            .map_err(|closed: Closed| EngineClosedError::new_err(closed.to_string()))
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Attempt(anvil_upstream::Attempt);

#[pymethods]
impl Attempt {
    #[getter]
    fn id(&self) -> u64 {
        self.0.id()
    }

    fn take<'py>(&self, py: Python<'py>) -> Option<Arrival<'py>> {
        self.0.take().map(|delivery| arrival(py, self.0.id(), delivery))
    }

    fn cancel(&self) {
        self.0.cancel();
    }
}

fn arrival(py: Python<'_>, id: u64, delivery: Delivery) -> Arrival<'_> {
    (id, PyBytes::new(py, &delivery.bytes), delivery.outcome.map(Outcome))
}
