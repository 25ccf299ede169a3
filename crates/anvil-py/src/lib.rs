//! The Python binding: converts, names, raises. No rule of the domain lives here.
//!
//! What each class and function does is documented where Python's users read it, in `python/anvil_serving/_core.pyi`.

mod checks;
mod endpoint;
mod engine;
mod envelope;
mod opening;
mod outcome;
mod phrases;
mod request;
mod shape;
mod usage;

use std::collections::BTreeMap;

use pyo3::prelude::*;

#[pymodule]
mod _core {
    #[pymodule_export]
    use super::build_info;
    #[pymodule_export]
    use crate::checks::Checks;
    #[pymodule_export]
    use crate::endpoint::{BadEndpointError, Endpoint};
    #[pymodule_export]
    use crate::engine::{Attempt, Engine, EngineClosedError};
    #[pymodule_export]
    use crate::envelope::error_body;
    #[pymodule_export]
    use crate::opening::Opening;
    #[pymodule_export]
    use crate::outcome::Outcome;
    #[pymodule_export]
    use crate::phrases::Phrases;
    #[pymodule_export]
    use crate::request::{Facts, InvalidRequestError, Overrides, Request, UntranslatableError};
    #[pymodule_export]
    use crate::shape::Shape;
    #[pymodule_export]
    use crate::usage::{UsageLedger, UsageLog, UsageReader, UsageRequest, UsageRequests};
}

#[pyfunction]
fn build_info() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("version", env!("CARGO_PKG_VERSION")),
        ("profile", if cfg!(debug_assertions) { "debug" } else { "release" }),
        ("architecture", std::env::consts::ARCH),
        ("system", std::env::consts::OS),
    ])
}
