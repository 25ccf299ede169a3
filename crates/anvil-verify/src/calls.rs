//! The tool calls of one answer: their names, ids, arguments and number, held against what the request offered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::defect::Defect;
use crate::offered::{Choice, Input, Offered};
use crate::repair::{Repaired, repair};
use crate::span::Span;
use crate::strict_json::{Fault, Root, StrictJson};
use crate::verdict::Passed;

/// The largest arguments of one call, in bytes.
pub const MAX_CALL_BYTES: usize = 8 << 20;

/// What all calls of an answer take together, in bytes, each of them [`CALL_BYTES`] besides its arguments.
pub const MAX_BYTES: usize = 16 << 20;

/// What a call takes besides its id, name and arguments; it bounds how many there can be.
pub const CALL_BYTES: usize = 4 << 10;

/// Whether flaws of arguments are put right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repairs {
    /// Where there is one reading.
    #[default]
    On,
    /// Never: whatever is not strict is rejected.
    Off,
}

/// A call that has passed.
#[derive(Debug)]
pub struct Ended {
    /// The proof.
    pub passed: Passed,
    /// The tool.
    pub name: String,
    /// The arguments, put right where they had to be. `{}` where none came.
    pub arguments: String,
    /// What was put right; its text is in `arguments`.
    pub repaired: Option<Repaired>,
}

/// Follows the tool calls of one answer.
///
/// The verdict of a call is only good for a call that is whole: do not [`end`](Calls::end) what the caller's own cap on tokens has
/// cut.
#[derive(Debug)]
pub struct Calls {
    offered: Arc<Offered>,
    repairs: Repairs,
    /// In boxes: a map makes room for eleven at once, and most answers have one call.
    open: BTreeMap<usize, Box<Call>>,
    /// The calls that were begun, ended or not. To hash one takes longer than to compare it with the few there are; of the most that
    /// [`CALL_BYTES`] lets be there are twelve to compare.
    begun: BTreeSet<usize>,
    ids: BTreeSet<String>,
    bytes: usize,
    open_bytes: usize,
}

#[derive(Debug)]
struct Call {
    name: String,
    arguments: String,
    /// Reads the arguments; `None` where they are no JSON.
    reader: Option<StrictJson>,
}

impl Calls {
    /// No calls yet.
    pub fn new(offered: Arc<Offered>, repairs: Repairs) -> Self {
        Self {
            offered,
            repairs,
            open: BTreeMap::new(),
            begun: BTreeSet::new(),
            ids: BTreeSet::new(),
            bytes: 0,
            open_bytes: 0,
        }
    }

    /// A call begins: the caller's number for it, its id (empty where the tier gives none) and the name of the tool.
    ///
    /// # Errors
    /// [`Defect::ToolChoiceIgnored`], [`Defect::UnknownTool`], [`Defect::ParallelCalls`], [`Defect::DuplicateCallId`] (also where
    /// the number was used before) or [`Defect::TooLarge`].
    pub fn begin(&mut self, call: usize, id: &str, name: &str) -> Result<(), Defect> {
        let input = match (self.offered.choice(), self.offered.input(name)) {
            (Choice::None, _) => return Err(Defect::ToolChoiceIgnored),
            (_, None) => return Err(Defect::UnknownTool),
            (Choice::Tool(chosen), _) if chosen != name => return Err(Defect::ToolChoiceIgnored),
            (_, Some(input)) => input,
        };
        if !self.offered.allows_parallel() && !self.begun.is_empty() {
            return Err(Defect::ParallelCalls);
        }
        self.take(CALL_BYTES.saturating_add(id.len()).saturating_add(name.len()))?;
        if !self.begun.insert(call) || (!id.is_empty() && !self.ids.insert(id.to_owned())) {
            return Err(Defect::DuplicateCallId);
        }
        let reader = (input == Input::Json).then(|| match self.repairs {
            Repairs::On => StrictJson::tolerant(Root::Object),
            Repairs::Off => StrictJson::new(Root::Object),
        });
        self.open.insert(call, Box::new(Call { name: name.to_owned(), arguments: String::new(), reader }));
        Ok(())
    }

    /// The next piece of a call's arguments, cut anywhere.
    ///
    /// # Errors
    /// [`Defect::MalformedArguments`] at the first proof that they are not JSON and cannot be put right, also for a call that has
    /// not begun or has ended; [`Defect::TooLarge`].
    pub fn feed(&mut self, call: usize, json: &str) -> Result<(), Defect> {
        self.take(json.len())?;
        let call = self.open.get_mut(&call).ok_or_else(not_open)?;
        if call.arguments.len().saturating_add(json.len()) > MAX_CALL_BYTES {
            return Err(Defect::TooLarge { limit: MAX_CALL_BYTES });
        }
        call.arguments.push_str(json);
        self.open_bytes = self.open_bytes.saturating_add(json.len());
        match &mut call.reader {
            Some(reader) => reader.feed(json).map_err(malformed),
            None => Ok(()),
        }
    }

    /// A call is whole.
    ///
    /// # Errors
    /// [`Defect::MalformedArguments`] or [`Defect::SchemaMismatch`], where it could not be put right.
    pub fn end(&mut self, call: usize) -> Result<Ended, Defect> {
        let call = self.open.remove(&call).ok_or_else(not_open)?;
        self.open_bytes = self.open_bytes.saturating_sub(call.arguments.len());
        self.check(*call, self.repairs)
    }

    /// The calls that have begun and not ended.
    pub fn open(&self) -> impl Iterator<Item = usize> {
        self.open.keys().copied()
    }

    /// The bytes of arguments of calls that have not ended.
    pub(crate) fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// The answer is over. What has not ended is ended here, as it came: nothing is put right any more, for nobody would hear of it.
    ///
    /// # Errors
    /// [`Defect::ToolChoiceIgnored`] where a tool had to be called and none was, and what [`end`](Self::end) finds.
    pub fn finish(&mut self) -> Result<Passed, Defect> {
        while let Some((_, call)) = self.open.pop_first() {
            self.check(*call, Repairs::Off)?;
        }
        match self.offered.choice() {
            Choice::Required | Choice::Tool(_) if self.begun.is_empty() => Err(Defect::ToolChoiceIgnored),
            _ => Ok(Passed::new()),
        }
    }

    fn check(&self, call: Call, repairs: Repairs) -> Result<Ended, Defect> {
        let Call { name, mut arguments, reader } = call;
        let mut repaired = None;
        if let Some(mut reader) = reader {
            // Engines send nothing for a tool without parameters.
            if arguments.trim_ascii().is_empty() {
                "{}".clone_into(&mut arguments);
            } else {
                reader.end().map_err(malformed)?;
            }
            if let Err(defect) = self.follows(&name, &arguments, &reader) {
                let schema = self.offered.schema(&name);
                let outcome = (repairs == Repairs::On).then(|| repair(&arguments, schema.as_deref())).flatten();
                let outcome = outcome.ok_or(defect)?;
                arguments.clone_from(&outcome.json);
                repaired = Some(outcome);
            }
        }
        Ok(Ended { passed: Passed::new(), name, arguments, repaired })
    }

    /// Whether arguments that the reader has read are strict and follow the schema of their tool.
    fn follows(&self, name: &str, arguments: &str, reader: &StrictJson) -> Result<(), Defect> {
        if let Some(fault) = reader.noted() {
            return Err(malformed(fault));
        }
        let Some(schema) = self.offered.schema(name) else { return Ok(()) };
        schema.validate_text(arguments).map_err(|mismatch| Defect::SchemaMismatch { keyword: mismatch.keyword })
    }

    fn take(&mut self, bytes: usize) -> Result<(), Defect> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES { Err(Defect::TooLarge { limit: MAX_BYTES }) } else { Ok(()) }
    }
}

const fn malformed(fault: Fault) -> Defect {
    Defect::MalformedArguments { reason: fault.reason, span: fault.span }
}

const fn not_open() -> Defect {
    Defect::MalformedArguments { reason: "the call has not begun or has ended", span: Span::new(0, 0) }
}
