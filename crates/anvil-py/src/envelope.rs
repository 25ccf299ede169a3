//! Errors on the wire.

use anvil_dialect::envelope::{self, ErrorKind};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::request::dialect_named;

#[pyfunction]
#[pyo3(signature = (dialect, kind, message, *, param = None, request_id))]
pub(crate) fn error_body<'py>(
    py: Python<'py>,
    dialect: &str,
    kind: &str,
    message: &str,
    param: Option<&str>,
    request_id: &str,
) -> PyResult<Bound<'py, PyBytes>> {
    let body = envelope::body(dialect_named(dialect)?, ErrorKind::from_name(kind), message, param, request_id);
    Ok(PyBytes::new(py, &body))
}
