//! What the user's last words look like.

use pyo3::prelude::*;

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Shape(pub(crate) anvil_dialect::Shape);

#[pymethods]
impl Shape {
    #[getter]
    fn question(&self) -> bool {
        self.0.question
    }

    #[getter]
    fn questions(&self) -> usize {
        self.0.questions
    }

    #[getter]
    fn code_fences(&self) -> usize {
        self.0.code_fences
    }

    #[getter]
    fn has_diff(&self) -> bool {
        self.0.has_diff
    }

    #[getter]
    fn has_stack_trace(&self) -> bool {
        self.0.has_stack_trace
    }

    #[getter]
    fn paths(&self) -> usize {
        self.0.paths
    }

    #[getter]
    fn names(&self) -> usize {
        self.0.names
    }

    #[getter]
    fn things(&self) -> u32 {
        self.0.things
    }

    #[getter]
    fn series(&self) -> usize {
        self.0.series
    }

    #[getter]
    fn list_items(&self) -> usize {
        self.0.list_items
    }

    #[getter]
    fn words(&self) -> usize {
        self.0.words
    }

    #[getter]
    fn pasted_bytes(&self) -> usize {
        self.0.pasted_bytes
    }
}
