//! What a request makes the checks expect of its answer.

use std::sync::Arc;

use anvil_dialect::{AnswerFormat, Demands, Dialect, Request, Step, ToolChoice};
use anvil_verify::{
    Check, Checks, Choice, Conversation, Demanded, Expected, Format, Limits, Offered, Schema, Seen, Template, Tokens,
    Tool,
};

/// What the checks may ask of one request.
#[derive(Debug)]
struct Asking {
    request: Arc<Request>,
    tier: Dialect,
    checks: Checks,
}

/// What is expected of the answer of a tier that speaks `tier` to `request`.
pub fn expected(request: Arc<Request>, tier: Dialect, checks: Checks, limits: Limits) -> Expected {
    // Responses says a call's arguments over and over: they cannot be said otherwise in all places.
    let is_fixed = request.dialect() == tier && tier == Dialect::Responses;
    let checks = if is_fixed { checks.without_repairs() } else { checks };
    let limits = Limits { cap: request.facts().max_output_tokens, ..limits };
    let names = request.facts().tools.clone();
    let has_form = request.facts().structured_output;
    Expected::new(checks, limits, names, has_form, Box::new(Asking { request, tier, checks }))
}

impl Conversation for Asking {
    fn demanded(&self) -> Demanded {
        let Some(demands) = Demands::of(&self.request, self.tier) else { return Demanded::default() };
        let allows_parallel = demands.allows_parallel_calls;
        let choice = choice(demands.choice);
        let tools = demands.tools.map(|tools| {
            let has_schema = self.checks.has(Check::Schema);
            let tools = tools.into_iter().map(|tool| Tool::new(tool.name, has_schema.then_some(tool.schema)));
            Arc::new(Offered::new(tools.collect(), choice, allows_parallel))
        });
        Demanded { tools, format: format(demands.format), has_stop_sequences: demands.has_stop_sequences }
    }

    fn tell(&self, seen: &mut Seen) {
        self.request.history(|step| match step {
            Step::Call { id, name, arguments } => seen.call(&id, &name, &arguments),
            Step::Result { id, text, is_error } => seen.result(&id, &text, is_error),
            Step::User(text) => seen.user(&text),
            Step::Instructions(text) => seen.instructions(&text),
        });
    }

    fn size(&self) -> usize {
        self.request.size()
    }

    fn named_tokens(&self) -> Tokens {
        Template::tokens_in(self.request.text())
    }
}

fn choice(choice: ToolChoice) -> Choice {
    match choice {
        ToolChoice::Auto => Choice::Auto,
        ToolChoice::Required => Choice::Required,
        ToolChoice::Tool(name) => Choice::Tool(name),
        ToolChoice::None => Choice::None,
    }
}

fn format(format: AnswerFormat) -> Format {
    match format {
        AnswerFormat::Any => Format::Any,
        AnswerFormat::Json => Format::Json,
        AnswerFormat::Schema(schema) => Format::Schema(Schema::compile(&schema)),
    }
}
