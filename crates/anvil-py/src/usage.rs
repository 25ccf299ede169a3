//! Coding harnesses' logs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anvil_usage::{Client, Ledger, Log, Reader, Request, Requests};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// What is used up by its last use; Python's threads may race for it.
struct Once<T>(Mutex<Option<T>>);

impl<T> Once<T> {
    fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> PyResult<T> {
        self.lock().take().ok_or_else(used_up)
    }
}

fn used_up() -> PyErr {
    PyValueError::new_err("it is used up")
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct UsageReader(Once<Reader>);

#[pymethods]
impl UsageReader {
    #[new]
    fn new(client: &str) -> PyResult<Self> {
        let client = match client {
            "claude-code" => Client::ClaudeCode,
            "codex" => Client::Codex,
            _ => return Err(PyValueError::new_err("no log of this client can be read")),
        };
        Ok(Self(Once::new(Reader::new(client))))
    }

    fn feed(&self, py: Python<'_>, piece: &[u8]) -> PyResult<()> {
        py.detach(|| self.0.lock().as_mut().map(|reader| reader.feed(piece))).ok_or_else(used_up)
    }

    fn finish(&self, py: Python<'_>) -> PyResult<UsageLog> {
        let reader = self.0.take()?;
        let log = py.detach(|| reader.finish());
        Ok(UsageLog {
            requests: log.requests.len(),
            folder: log.session.folder.clone(),
            lines: log.lines,
            broken: log.broken,
            first_broken: log.first_broken,
            too_long: log.too_long,
            absurd: log.absurd,
            synthetic: log.synthetic,
            unfinished: log.is_unfinished,
            log: Once::new(log),
        })
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct UsageLog {
    log: Once<Log>,
    #[pyo3(get)]
    requests: usize,
    #[pyo3(get)]
    folder: Option<String>,
    #[pyo3(get)]
    lines: u64,
    #[pyo3(get)]
    broken: u64,
    #[pyo3(get)]
    first_broken: Option<u64>,
    #[pyo3(get)]
    too_long: u64,
    #[pyo3(get)]
    absurd: u64,
    #[pyo3(get)]
    synthetic: u64,
    #[pyo3(get)]
    unfinished: bool,
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct UsageLedger(Once<Ledger>);

#[pymethods]
impl UsageLedger {
    #[new]
    fn new() -> Self {
        Self(Once::new(Ledger::default()))
    }

    fn add(&self, py: Python<'_>, log: &UsageLog) -> PyResult<()> {
        let log = log.log.take()?;
        py.detach(|| self.0.lock().as_mut().map(|ledger| ledger.add(log))).ok_or_else(used_up)
    }

    fn finish(&self, py: Python<'_>) -> PyResult<(UsageRequests, Vec<(i64, i64)>)> {
        let ledger = self.0.take()?;
        let (requests, pauses) = py.detach(|| ledger.finish());
        let pauses = pauses.into_iter().map(|pause| (pause.at, pause.lasted)).collect();
        Ok((UsageRequests(Mutex::new(requests)), pauses))
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct UsageRequests(Mutex<Requests>);

#[pymethods]
impl UsageRequests {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self) -> Option<UsageRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next().map(UsageRequest)
    }
}

#[pyclass(frozen, module = "anvil_serving._core")]
pub(crate) struct UsageRequest(Request);

#[pymethods]
impl UsageRequest {
    #[getter]
    fn session(&self) -> Option<&str> {
        self.0.session.as_deref()
    }

    #[getter]
    fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    #[getter]
    fn folder(&self) -> Option<&str> {
        self.0.folder.as_deref()
    }

    #[getter]
    fn agent(&self) -> Option<&str> {
        self.0.agent.as_deref()
    }

    #[getter]
    fn is_subagent(&self) -> bool {
        self.0.is_subagent
    }

    #[getter]
    fn at(&self) -> Option<i64> {
        self.0.at
    }

    #[getter]
    fn began(&self) -> Option<i64> {
        self.0.began
    }

    #[getter]
    fn ended(&self) -> Option<i64> {
        self.0.ended
    }

    #[getter]
    fn tokens(&self) -> (u64, u64, u64, u64, u64, u64) {
        let tokens = &self.0.tokens;
        let written = (tokens.cache_write, tokens.cache_write_hour);
        (tokens.fresh, tokens.cache_read, written.0, written.1, tokens.output, tokens.reasoning)
    }

    #[getter]
    fn calls(&self) -> Vec<(&str, Option<&str>)> {
        self.0.calls.iter().map(|call| (&*call.tool, call.starts.as_deref())).collect()
    }
}
