//! The form that the request asks of the answer's text: JSON, or JSON of a schema.

use std::sync::Arc;

use crate::defect::Defect;
use crate::schema::Schema;
use crate::strict_json::{Fault, Root, StrictJson};
use crate::verdict::Passed;

/// The largest text that is held against a schema, in bytes.
pub const MAX_TEXT_BYTES: usize = 8 << 20;

/// What `response_format`, `text.format` or `output_config.format` asks for.
#[derive(Debug, Clone, Default)]
pub enum Format {
    /// Nothing.
    #[default]
    Any,
    /// A JSON object.
    Json,
    /// JSON of a schema; `None` where nothing can be proven by it, so that only JSON is asked for.
    Schema(Option<Arc<Schema>>),
}

/// Follows the text of one answer. A fence of Markdown around the JSON is none of it: clients parse the text as it is.
///
/// The verdict is only good for a text that is whole: do not [`end`](FormatCheck::end) what the caller's own cap on tokens has
/// cut, or what is a refusal in the dialect's own form.
#[derive(Debug)]
pub struct FormatCheck {
    /// `None` where nothing is asked for.
    reader: Option<StrictJson>,
    schema: Option<Arc<Schema>>,
    text: String,
    is_blank: bool,
}

impl FormatCheck {
    /// A check at the first byte of the answer's text.
    pub fn new(format: Format) -> Self {
        let (reader, schema) = match format {
            Format::Any => (None, None),
            Format::Json => (Some(StrictJson::new(Root::Object)), None),
            Format::Schema(schema) => (Some(StrictJson::new(Root::Any)), schema),
        };
        Self { reader, schema, text: String::new(), is_blank: true }
    }

    /// The next piece of the text, cut anywhere.
    ///
    /// # Errors
    /// [`Defect::NotJson`] at the first proof; [`Defect::TooLarge`].
    pub fn feed(&mut self, text: &str) -> Result<(), Defect> {
        let Some(reader) = &mut self.reader else { return Ok(()) };
        reader.feed(text).map_err(not_json)?;
        self.is_blank = self.is_blank && text.trim_ascii().is_empty();
        if self.schema.is_some() {
            if self.text.len().saturating_add(text.len()) > MAX_TEXT_BYTES {
                return Err(Defect::TooLarge { limit: MAX_TEXT_BYTES });
            }
            self.text.push_str(text);
        }
        Ok(())
    }

    /// The bytes that are kept until the text is whole.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// The text is whole. An answer without text passes: it may be tool calls and nothing else, and whether it is empty others tell.
    ///
    /// # Errors
    /// [`Defect::NotJson`] or [`Defect::FormatMismatch`].
    pub fn end(&mut self) -> Result<Passed, Defect> {
        let Some(reader) = &mut self.reader else { return Ok(Passed::new()) };
        if self.is_blank {
            return Ok(Passed::new());
        }
        reader.end().map_err(not_json)?;
        if let Some(schema) = &self.schema {
            schema
                .validate_text(&self.text)
                .map_err(|mismatch| Defect::FormatMismatch { keyword: mismatch.keyword })?;
        }
        Ok(Passed::new())
    }
}

const fn not_json(fault: Fault) -> Defect {
    Defect::NotJson { reason: fault.reason, span: fault.span }
}
