//! What a client is told while it waits.

use std::time::{SystemTime, UNIX_EPOCH};

use anvil_dialect::envelope::ErrorKind;
use anvil_dialect::{Asked, Head};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::request::Request;

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Opening(pub(crate) anvil_relay::Opening);

#[pymethods]
impl Opening {
    #[new]
    #[pyo3(signature = (request, *, model, answer_id, request_id))]
    fn new(py: Python<'_>, request: &Request, model: String, answer_id: String, request_id: String) -> Self {
        let asked = request.released(py, Asked::of);
        let head = Head { id: answer_id, model, created: now(), asked: asked.into() };
        Self(anvil_relay::Opening::new(request.0.dialect(), head, request_id))
    }

    #[pyo3(signature = (*, is_late))]
    fn beat<'py>(&self, py: Python<'py>, is_late: bool) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.beat(is_late))
    }

    fn give_back(&self) {
        self.0.give_back();
    }

    fn fail<'py>(&self, py: Python<'py>, kind: &str, message: &str) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.fail(ErrorKind::from_name(kind), message))
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
