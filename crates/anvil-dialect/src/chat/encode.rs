//! A neutral request, written as one of Chat Completions.

use super::turns;
use crate::compose::{self, Object};
use crate::conversation::{Conversation, Format, Reasoning, Settings, Spelling, Tool, Turn, arrange, reminded};
use crate::overrides::Overrides;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// Writes the body.
pub(crate) fn encode(
    conversation: Conversation<'_>,
    overrides: &Overrides,
    warnings: &mut Warnings,
) -> Result<Vec<u8>, Untranslatable> {
    let Conversation { model, system, messages, tools, choice, parallel_calls, settings, spelling } = conversation;
    let mut turns = arrange(messages, spelling, warnings);
    if overrides.is_local() {
        turns = reminded(turns, spelling, warnings);
    }
    if matches!(turns.last(), Some(Turn::Assistant(_))) {
        warnings.note(WarningKind::AssistantPrefill, spelling.messages);
    }
    let mut out = Vec::with_capacity(4_096);
    let mut unsayable = None;
    compose::object(&mut out, |body| {
        body.text("model", &model);
        body.with("messages", |out| unsayable = turns::write(out, system, &turns, spelling).err());
        if !tools.is_empty() {
            body.list("tools", &tools, write_tool);
            if let Some(choice) = &choice {
                choice.write(body, |choice, name| choice.object("function", |function| function.text("name", name)));
            }
            if let Some(parallel) = parallel_calls {
                body.boolean("parallel_tool_calls", parallel);
            }
        }
        write_settings(body, &settings, spelling, overrides, warnings);
    });
    unsayable.map_or(Ok(out), Err)
}

fn write_tool(out: &mut Vec<u8>, tool: &Tool<'_>) {
    compose::object(out, |object| {
        object.string("type", "function");
        object.object("function", |function| {
            function.text("name", &tool.name);
            if let Some(description) = tool.description() {
                function.text("description", &description);
            }
            function.raw("parameters", tool.schema());
            if let Some(strict) = tool.strict() {
                function.boolean("strict", strict);
            }
        });
    });
}

fn write_settings(
    body: &mut Object<'_>,
    settings: &Settings<'_>,
    spelling: &Spelling,
    overrides: &Overrides,
    warnings: &mut Warnings,
) {
    if let Some(cap) = settings.cap {
        // The older spelling is the one that every engine knows; a tier whose own settings use the newer one gets that.
        let is_newer = overrides.names("max_completion_tokens");
        body.number(if is_newer { "max_completion_tokens" } else { "max_tokens" }, cap);
    }
    for (name, number) in [("temperature", settings.temperature), ("top_p", settings.top_p)] {
        if let Some(number) = number {
            body.raw(name, number);
        }
    }
    if settings.top_k.is_some() {
        // Many engines know it, but the vendor refuses a member that it does not.
        warnings.note(WarningKind::SamplingChanged, "top_k");
    }
    if !settings.stop.is_empty() {
        body.list("stop", &settings.stop, |out, text| text.push(out));
    }
    settings.write_user(body, "user", spelling, warnings);
    write_output(body, settings);
    if let Some(stream) = settings.stream {
        body.boolean("stream", stream);
        if stream {
            // Asked for whatever the client wants, so that usage is known.
            body.object("stream_options", |options| options.raw("include_usage", "true"));
        }
    }
}

/// The form of the answer, and how much to think.
fn write_output(body: &mut Object<'_>, settings: &Settings<'_>) {
    match &settings.format {
        None => {}
        Some(Format::Json) => body.object("response_format", |format| format.string("type", "json_object")),
        Some(Format::Schema(shape)) => body.object("response_format", |format| {
            format.string("type", "json_schema");
            format.object("json_schema", |definition| shape.write(definition));
        }),
    }
    match settings.reasoning {
        Some(Reasoning::Off) => body.string("reasoning_effort", "none"),
        Some(Reasoning::Effort(effort)) => body.string("reasoning_effort", effort.name()),
        // Leaving it to the model is what the dialect does by itself.
        Some(Reasoning::Adaptive) | None => {}
    }
}
