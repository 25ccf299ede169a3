//! Requests, their facts, and what a tier changes in them.

use std::collections::HashMap;
use std::sync::Arc;

use anvil_dialect::{Dialect, Invalid, Translated, Untranslatable, translate};
use bytes::Bytes;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::phrases::Phrases;
use crate::shape::Shape;

/// Bodies larger than this are read with the interpreter released: below it, letting go costs more than it gives.
const DETACH_BYTES: usize = 64 * 1024;

create_exception!(_core, InvalidRequestError, PyValueError);
create_exception!(_core, UntranslatableError, PyValueError);

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Request(pub(crate) Arc<anvil_dialect::Request>);

#[pymethods]
impl Request {
    #[staticmethod]
    fn decode(py: Python<'_>, dialect: &str, body: &[u8]) -> PyResult<Self> {
        let dialect = dialect_named(dialect)?;
        Self::read(py, body, |body| anvil_dialect::Request::decode(dialect, body))
    }

    #[staticmethod]
    fn decode_prompt(py: Python<'_>, dialect: &str, body: &[u8]) -> PyResult<Self> {
        let dialect = dialect_named(dialect)?;
        Self::read(py, body, |body| anvil_dialect::Request::decode_prompt(dialect, body))
    }

    #[staticmethod]
    fn decode_unread(py: Python<'_>, body: &[u8]) -> PyResult<Self> {
        Self::read(py, body, anvil_dialect::Request::decode_unread)
    }

    #[getter]
    fn dialect(&self) -> &'static str {
        self.0.dialect().name()
    }

    #[getter]
    fn model(&self) -> &str {
        &self.0.facts().model
    }

    #[getter]
    fn stream(&self) -> bool {
        self.0.facts().stream
    }

    #[getter]
    fn thread(&self) -> bool {
        self.0.facts().thread
    }

    #[getter]
    fn previous_response(&self) -> Option<&str> {
        self.0.facts().previous_response.as_deref()
    }

    #[getter]
    fn item_references(&self) -> Vec<&str> {
        self.0.facts().item_references.iter().map(String::as_str).collect()
    }

    #[getter]
    fn keeps_items(&self) -> bool {
        self.0.dialect() == Dialect::Responses && self.0.facts().store
    }

    #[getter]
    fn facts(&self) -> Facts {
        Facts(Arc::clone(&self.0))
    }

    fn said(&self, phrases: &Phrases) -> (Shape, [Vec<usize>; 4]) {
        let said = self.0.said(&phrases.0);
        (Shape(said.shape), [said.anywhere, said.opening, said.first, said.later])
    }

    fn instructed(&self, phrases: &Phrases) -> Vec<usize> {
        self.0.instructed(&phrases.0)
    }

    fn input_items<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.input_items().as_bytes())
    }

    #[expect(clippy::needless_pass_by_value, reason = "what Python hands over is owned")]
    fn resumed(&self, py: Python<'_>, history: &str, items: HashMap<String, String>) -> PyResult<Self> {
        let stored = |id: &str| items.get(id).cloned();
        let work = || self.0.resumed(history, &stored);
        let size = items.values().map(String::len).sum::<usize>() + history.len() + self.0.size();
        let resumed = if size > DETACH_BYTES { py.detach(work) } else { work() };
        resumed.map(|resumed| Self(Arc::new(resumed))).map_err(|invalid| invalid_request(py, &invalid))
    }

    fn encode<'py>(&self, py: Python<'py>, dialect: &str, overrides: &Overrides) -> PyResult<Bound<'py, PyBytes>> {
        let translated = self.translate(py, dialect_named(dialect)?, overrides)?;
        Ok(PyBytes::new(py, &translated.body))
    }
}

impl Request {
    /// Reads a copy of `body`, with the interpreter released where that pays.
    fn read<D>(py: Python<'_>, body: &[u8], decode: D) -> PyResult<Self>
    where
        D: FnOnce(Bytes) -> Result<anvil_dialect::Request, Invalid> + Send,
    {
        let copy = Bytes::copy_from_slice(body);
        let decoded = if copy.len() > DETACH_BYTES { py.detach(|| decode(copy)) } else { decode(copy) };
        decoded.map(|decoded| Self(Arc::new(decoded))).map_err(|invalid| invalid_request(py, &invalid))
    }

    /// What `work` makes of the request, with the interpreter released where that pays.
    pub(crate) fn released<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&anvil_dialect::Request) -> T + Send,
    ) -> T {
        if self.0.size() > DETACH_BYTES { py.detach(|| work(&self.0)) } else { work(&self.0) }
    }

    /// The body for a tier, with the interpreter released where that pays.
    pub(crate) fn translate(&self, py: Python<'_>, to: Dialect, overrides: &Overrides) -> PyResult<Translated> {
        let translated = self.released(py, |request| translate(request, to, &overrides.0));
        translated.map_err(|untranslatable| untranslatable_request(py, &untranslatable))
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Facts(Arc<anvil_dialect::Request>);

#[pymethods]
impl Facts {
    #[getter]
    fn model(&self) -> &str {
        &self.0.facts().model
    }

    #[getter]
    fn stream(&self) -> bool {
        self.0.facts().stream
    }

    #[getter]
    fn max_output_tokens(&self) -> Option<u64> {
        self.0.facts().max_output_tokens
    }

    #[getter]
    fn prompt_tokens(&self) -> u64 {
        self.0.facts().prompt_tokens
    }

    #[getter]
    fn messages(&self) -> usize {
        self.0.facts().messages
    }

    #[getter]
    fn tools(&self) -> Vec<&str> {
        self.0.facts().tools.iter().map(String::as_str).collect()
    }

    #[getter]
    fn tool_choice(&self) -> bool {
        self.0.facts().tool_choice
    }

    #[getter]
    fn offers_tools(&self) -> bool {
        !self.0.facts().tools.is_empty()
    }

    #[getter]
    fn answers(&self) -> u64 {
        self.0.facts().answers.unwrap_or(1).max(1)
    }

    #[getter]
    fn images(&self) -> u32 {
        self.0.facts().images
    }

    #[getter]
    fn documents(&self) -> u32 {
        self.0.facts().documents
    }

    #[getter]
    fn thinking(&self) -> bool {
        self.0.facts().thinking
    }

    #[getter]
    fn effort(&self) -> Option<&str> {
        self.0.facts().effort.as_deref()
    }

    #[getter]
    fn structured_output(&self) -> bool {
        self.0.facts().structured_output
    }

    #[getter]
    fn session(&self) -> Option<&str> {
        self.0.facts().session.as_deref()
    }

    #[getter]
    fn dimensions<'py>(&self, py: Python<'py>) -> Vec<(&'static str, Bound<'py, PyBytes>)> {
        let dimensions = self.0.facts().dimensions.iter();
        dimensions.map(|(path, json)| (*path, PyBytes::new(py, json.as_bytes()))).collect()
    }

    #[getter]
    fn conversation(&self) -> u64 {
        self.0.facts().conversation
    }

    #[getter]
    fn user_turns(&self) -> usize {
        self.0.facts().user_turns
    }

    #[getter]
    fn last_user_text(&self) -> &str {
        &self.0.facts().last_user_text
    }

    #[getter]
    fn last_user_bytes(&self) -> usize {
        self.0.facts().last_user_bytes
    }

    #[getter]
    fn open_tool_loop(&self) -> bool {
        self.0.facts().open_tool_loop
    }

    #[getter]
    fn signed_thinking(&self) -> bool {
        self.0.facts().signed_thinking
    }

    #[getter]
    fn tool_results(&self) -> Vec<&str> {
        self.0.facts().tool_results.iter().map(String::as_str).collect()
    }

    #[getter]
    fn failed_tool_calls(&self) -> Vec<&str> {
        self.0.facts().failed_tool_calls.iter().map(String::as_str).collect()
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct Overrides(pub(crate) anvil_dialect::Overrides);

#[pymethods]
impl Overrides {
    #[new]
    #[pyo3(signature = (*, model = None, set = "{}", defaults = "{}", max_output_tokens = None, is_local = false, asks_for_logprobs = false))]
    fn new(
        model: Option<&str>,
        set: &str,
        defaults: &str,
        max_output_tokens: Option<u64>,
        is_local: bool,
        asks_for_logprobs: bool,
    ) -> PyResult<Self> {
        let overrides = anvil_dialect::Overrides::new(model, set, defaults, max_output_tokens)
            .map_err(|bad| PyValueError::new_err(bad.to_string()))?;
        let overrides = if is_local { overrides.for_local_tier() } else { overrides };
        Ok(Self(if asks_for_logprobs { overrides.asking_for_logprobs() } else { overrides }))
    }
}

/// The dialect of that name.
pub(crate) fn dialect_named(name: &str) -> PyResult<Dialect> {
    Dialect::from_name(name)
        .ok_or_else(|| PyValueError::new_err("no such dialect: use 'messages', 'chat' or 'responses'"))
}

/// `InvalidRequestError(message)`, with the offending member's path as its attribute `param`.
fn invalid_request(py: Python<'_>, invalid: &Invalid) -> PyErr {
    with_param(py, InvalidRequestError::new_err(invalid.to_string()), invalid.param())
}

/// `UntranslatableError(message)`, with the path of what cannot be said as its attribute `param`.
fn untranslatable_request(py: Python<'_>, untranslatable: &Untranslatable) -> PyErr {
    with_param(py, UntranslatableError::new_err(untranslatable.to_string()), Some(&untranslatable.path))
}

fn with_param(py: Python<'_>, error: PyErr, param: Option<&str>) -> PyErr {
    match error.value(py).setattr("param", param) {
        Ok(()) => error,
        Err(failure) => failure,
    }
}
