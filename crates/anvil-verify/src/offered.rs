//! What a request offers its answer: the tools, and which of them may or must be called.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::schema::Schema;

/// What a tool takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Input {
    /// An object in JSON.
    #[default]
    Json,
    /// Text of the tool's own form, as a custom tool of Responses does (`apply_patch`).
    Text,
}

/// A tool that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name, as the model must call it.
    pub name: String,
    /// The schema of its arguments, as JSON text; `None` where the request gives none.
    pub schema: Option<String>,
    /// What it takes.
    pub input: Input,
}

impl Tool {
    /// A tool whose arguments are an object, of the schema if there is one.
    pub const fn new(name: String, schema: Option<String>) -> Self {
        Self { name, schema, input: Input::Json }
    }

    /// A tool that takes text of its own form.
    pub const fn of_text(name: String) -> Self {
        Self { name, schema: None, input: Input::Text }
    }
}

/// Which tools may or must be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// The model chooses.
    #[default]
    Auto,
    /// At least one must be called.
    Required,
    /// This one must be called, and no other.
    Tool(String),
    /// None may be called.
    None,
}

/// The tools of one request and its rules for calling them. Schemas are compiled when their tool is first called.
#[derive(Debug, Default)]
pub struct Offered {
    tools: HashMap<String, Offer>,
    choice: Choice,
    allows_parallel: bool,
}

#[derive(Debug)]
struct Offer {
    input: Input,
    schema: Option<String>,
    compiled: OnceLock<Option<Arc<Schema>>>,
}

impl Offered {
    /// The tools of a request. Of two tools with one name neither's schema is held against a call, for which is meant cannot be
    /// told.
    pub fn new(tools: Vec<Tool>, choice: Choice, allows_parallel: bool) -> Self {
        let mut offers: HashMap<String, Offer> = HashMap::with_capacity(tools.len());
        for Tool { name, schema, input } in tools {
            offers
                .entry(name)
                .and_modify(|offer| {
                    if offer.schema != schema {
                        offer.schema = None;
                    }
                    if offer.input != input {
                        offer.input = Input::Text;
                    }
                })
                .or_insert_with(|| Offer { input, schema, compiled: OnceLock::new() });
        }
        Self { tools: offers, choice, allows_parallel }
    }

    /// What a tool takes; `None` where it was not offered.
    pub fn input(&self, tool: &str) -> Option<Input> {
        self.tools.get(tool).map(|offer| offer.input)
    }

    /// The compiled schema of a tool; `None` where there is none by which anything could be proven.
    pub fn schema(&self, tool: &str) -> Option<Arc<Schema>> {
        let offer = self.tools.get(tool)?;
        let schema = offer.schema.as_deref()?;
        offer.compiled.get_or_init(|| Schema::compile(schema)).clone()
    }

    /// Which tools may or must be called.
    pub const fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Whether several may be called in one answer.
    pub const fn allows_parallel(&self) -> bool {
        self.allows_parallel
    }
}
