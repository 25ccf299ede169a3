//! How an attempt ended.

use anvil_relay::{Defect, Verified};
use anvil_upstream::Failure;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Outcome(pub(crate) anvil_upstream::Outcome);

#[pymethods]
impl Outcome {
    #[getter]
    fn failure(&self) -> Option<&'static str> {
        self.0.failure.as_ref().map(Failure::label)
    }

    #[getter]
    fn explanation(&self) -> Option<String> {
        self.0.failure.as_ref().map(ToString::to_string)
    }

    #[getter]
    fn released(&self) -> bool {
        self.0.released
    }

    #[getter]
    fn status(&self) -> Option<u16> {
        match self.0.failure {
            Some(Failure::Status { status, .. } | Failure::Redirect { status }) => Some(status),
            _ => None,
        }
    }

    #[getter]
    fn retry_after(&self) -> Option<u64> {
        match self.0.failure {
            Some(Failure::Status { retry_after, .. }) => retry_after,
            _ => None,
        }
    }

    #[getter]
    fn tier_message(&self) -> Option<&str> {
        match &self.0.failure {
            Some(Failure::Status { error, .. }) => Some(&error.message),
            Some(Failure::Defect(Defect::TierError { words, .. })) => Some(words),
            _ => None,
        }
    }

    #[getter]
    fn tier_param(&self) -> Option<&str> {
        match &self.0.failure {
            Some(Failure::Status { error, .. }) => error.param.as_deref(),
            _ => None,
        }
    }

    #[getter]
    fn finish(&self) -> Option<&'static str> {
        self.0.report.finish.map(anvil_dialect::FinishReason::name)
    }

    #[getter]
    fn input_tokens(&self) -> Option<u64> {
        self.0.report.usage.input
    }

    #[getter]
    fn output_tokens(&self) -> Option<u64> {
        self.0.report.usage.output
    }

    #[getter]
    fn cached_tokens(&self) -> Option<u64> {
        self.0.report.usage.cached
    }

    #[getter]
    fn cache_write_tokens(&self) -> Option<u64> {
        self.0.report.usage.written
    }

    #[getter]
    fn reasoning_tokens(&self) -> Option<u64> {
        self.0.report.usage.reasoning
    }

    #[getter]
    fn items<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.0.items.iter().map(|item| PyBytes::new(py, item)).collect()
    }

    #[getter]
    fn tool_calls(&self) -> Vec<&str> {
        self.0.tool_calls.iter().map(String::as_str).collect()
    }

    #[getter]
    fn is_checked(&self) -> bool {
        self.0.report.verified == Verified::Checked
    }

    #[getter]
    fn mean_logprob(&self) -> Option<f64> {
        self.0.report.sureness.mean()
    }

    #[getter]
    fn noted(&self) -> Option<&'static str> {
        self.0.noted.as_ref().map(Defect::label)
    }

    #[getter]
    fn repairs(&self) -> Vec<&'static str> {
        self.0.repairs.clone()
    }

    #[getter]
    fn release_seconds(&self) -> Option<f64> {
        self.0.timing.release
    }

    #[getter]
    fn connect_seconds(&self) -> Option<f64> {
        self.0.timing.connect
    }

    #[getter]
    fn first_byte_seconds(&self) -> Option<f64> {
        self.0.timing.first_byte
    }

    #[getter]
    fn total_seconds(&self) -> f64 {
        self.0.timing.total
    }

    #[getter]
    fn reused_connection(&self) -> bool {
        self.0.timing.reused
    }
}
