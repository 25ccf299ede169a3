//! Phrases to look for.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Phrases(pub(crate) anvil_dialect::Phrases);

#[pymethods]
impl Phrases {
    #[new]
    #[expect(clippy::needless_pass_by_value, reason = "what Python hands over is owned")]
    fn new(phrases: Vec<String>) -> PyResult<Self> {
        anvil_dialect::Phrases::new(&phrases).map(Self).map_err(|bad| PyValueError::new_err(bad.to_string()))
    }

    fn find(&self, text: &str) -> Vec<usize> {
        self.0.find(text)
    }
}
