//! Which checks an attempt's answer goes through, and how long it is held for them.

use std::time::Duration;

use anvil_relay::{Check, Hold};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Checks {
    pub(crate) made: anvil_relay::Checks,
    pub(crate) hold: Hold,
    pub(crate) max_held_bytes: usize,
    pub(crate) heartbeat_every: Duration,
    pub(crate) least_mean_logprob: Option<f64>,
}

#[pymethods]
impl Checks {
    #[new]
    #[pyo3(signature = (checks, *, window, repairs, max_held_bytes, heartbeat_every, least_mean_logprob = None))]
    #[expect(clippy::needless_pass_by_value, reason = "what Python hands over is owned")]
    fn new(
        checks: Vec<String>,
        window: &str,
        repairs: bool,
        max_held_bytes: usize,
        heartbeat_every: f64,
        least_mean_logprob: Option<f64>,
    ) -> PyResult<Self> {
        let named = |name: &String| {
            Check::from_name(name).ok_or_else(|| PyValueError::new_err(format!("{name:?} is no check")))
        };
        let checks = checks.iter().map(named).collect::<PyResult<Vec<_>>>()?;
        let hold = match window {
            "none" => Hold::None,
            "block" => Hold::Block,
            "whole" => Hold::Whole,
            other => return Err(PyValueError::new_err(format!("{other:?} is no window"))),
        };
        let heartbeat_every =
            Duration::try_from_secs_f64(heartbeat_every).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let made = anvil_relay::Checks::of(checks, repairs);
        Ok(Self { made, hold, max_held_bytes, heartbeat_every, least_mean_logprob })
    }

    #[staticmethod]
    fn names() -> Vec<&'static str> {
        Check::ALL.into_iter().map(Check::name).collect()
    }

    #[getter]
    fn window(&self) -> &'static str {
        match self.hold {
            Hold::None => "none",
            Hold::Block => "block",
            Hold::Whole => "whole",
        }
    }
}
