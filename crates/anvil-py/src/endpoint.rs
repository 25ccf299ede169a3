//! Addresses of tiers.

use std::sync::Arc;
use std::time::Duration;

use anvil_upstream::{EndpointSettings, Timeouts};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(_core, BadEndpointError, PyValueError);

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Endpoint(pub(crate) Arc<anvil_upstream::Endpoint>);

#[pymethods]
impl Endpoint {
    #[new]
    #[pyo3(signature = (base_url, *, headers, proxy = None, connect, first_byte, idle, total))]
    fn new(
        base_url: String,
        headers: Vec<(String, String)>,
        proxy: Option<String>,
        connect: f64,
        first_byte: f64,
        idle: f64,
        total: f64,
    ) -> PyResult<Self> {
        let timeouts = Timeouts {
            connect: seconds(connect)?,
            first_byte: seconds(first_byte)?,
            idle: seconds(idle)?,
            total: seconds(total)?,
        };
        anvil_upstream::Endpoint::new(&EndpointSettings { base_url, headers, proxy, timeouts })
            .map(|endpoint| Self(Arc::new(endpoint)))
            .map_err(|bad| BadEndpointError::new_err(bad.to_string()))
    }

    fn close_idle(&self) {
        self.0.close_idle();
    }
}

/// A duration of at most a year, so that no deadline can overflow a clock.
pub(crate) fn seconds(value: f64) -> PyResult<Duration> {
    const YEAR: f64 = 365.0 * 86_400.0;
    if !(0.0..=YEAR).contains(&value) {
        return Err(PyValueError::new_err("a timeout must be between 0 and 31536000 seconds"));
    }
    Ok(Duration::from_secs_f64(value))
}
