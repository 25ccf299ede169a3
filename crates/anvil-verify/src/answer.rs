//! All checks on one answer, fed with what it says.

use std::sync::Arc;

use crate::defect::Defect;
use crate::verdict::Passed;

/// Why an answer stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Finish {
    /// The tier did not say.
    #[default]
    Unknown,
    Stop,
    Length,
    ToolCalls,
    Refusal,
    Other,
}

/// What is known of an answer only at its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    /// Why it stopped.
    pub finish: Finish,
    /// Tokens of its prompt, as the tier counted; `None` where it did not say.
    pub input_tokens: Option<u64>,
    /// Tokens that were generated.
    pub output_tokens: Option<u64>,
}
#[derive(Debug, Default)]
pub struct Expected {}
#[derive(Debug)]
pub struct Answer { n: usize, open: usize }
impl Answer {
    pub fn new(_: Arc<Expected>) -> Self { Self { n: 0, open: 0 } }
    pub fn text(&mut self, text: &str) -> Result<(), Defect> { self.n += text.len(); Ok(()) }
    pub fn reasoning(&mut self, _: &str) -> Result<(), Defect> { Ok(()) }
    pub fn call(&mut self, _: usize, _: &str, _: &str) -> Result<(), Defect> { self.n += 1; self.open += 1; Ok(()) }
    pub fn arguments(&mut self, _: usize, _: &str) -> Result<(), Defect> { Ok(()) }
    pub fn call_end(&mut self, _: usize) -> Result<Option<String>, Defect> { self.open -= 1; Ok(None) }
    pub fn clear(&self) -> Option<Passed> { (self.n > 0 && self.open == 0).then(Passed::new) }
    pub fn repaired(&self) -> &[&'static str] { &[] }
    pub fn end(&mut self, _: Ending) -> Result<Passed, Defect> { if self.n == 0 { Err(Defect::Empty) } else { Ok(Passed::new()) } }
}
