//! Whether what arrived has its dialect's form. The reading is the dialect's; the verdict is made here.

use std::fmt::Display;

use crate::defect::Defect;
use crate::verdict::Passed;

/// The verdict on one event of a stream.
///
/// # Errors
/// [`Defect::MalformedEvent`] when it could not be read.
pub fn event<T>(read: Result<T, impl Display>) -> Result<(T, Passed), Defect> {
    match read {
        Ok(event) => Ok((event, Passed::new())),
        Err(error) => Err(Defect::MalformedEvent { reason: error.to_string() }),
    }
}

/// The verdict on a whole answer.
///
/// # Errors
/// [`Defect::MalformedAnswer`] when it could not be read.
pub fn answer<T>(read: Result<T, impl Display>) -> Result<(T, Passed), Defect> {
    match read {
        Ok(answer) => Ok((answer, Passed::new())),
        Err(error) => Err(Defect::MalformedAnswer { reason: error.to_string() }),
    }
}
