//! A neutral request, written as one of Responses.

use super::turns;
use crate::compose::{self, Object};
use crate::conversation::{Conversation, Format, Reasoning, Settings, Spelling, Tool, Turn, arrange, instructions};
use crate::overrides::Overrides;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// Writes the body. Nothing is to be kept at the tier: every request holds its whole history.
pub(crate) fn encode(
    conversation: Conversation<'_>,
    _overrides: &Overrides,
    warnings: &mut Warnings,
) -> Result<Vec<u8>, Untranslatable> {
    let Conversation { model, system, messages, tools, choice, parallel_calls, settings, spelling } = conversation;
    let turns = arrange(messages, spelling, warnings);
    if matches!(turns.last(), Some(Turn::Assistant(_))) {
        warnings.note(WarningKind::AssistantPrefill, spelling.messages);
    }
    let (instructions, rest) = instructions(system, &turns);
    let input = turns::input(rest, spelling, warnings)?;
    let mut out = Vec::with_capacity(input.len() + 4_096);
    compose::object(&mut out, |body| {
        body.text("model", &model);
        if !instructions.is_empty() {
            body.text("instructions", &Text::join(&instructions, Text::PARAGRAPH));
        }
        body.with("input", |out| out.extend_from_slice(&input));
        if !tools.is_empty() {
            body.list("tools", &tools, write_tool);
            if let Some(choice) = &choice {
                choice.write(body, |choice, name| choice.text("name", name));
            }
            if let Some(parallel) = parallel_calls {
                body.boolean("parallel_tool_calls", parallel);
            }
        }
        write_settings(body, &settings, spelling, warnings);
        body.raw("store", "false");
    });
    Ok(out)
}

fn write_tool(out: &mut Vec<u8>, tool: &Tool<'_>) {
    compose::object(out, |function| {
        function.string("type", "function");
        function.text("name", &tool.name);
        if let Some(description) = tool.description() {
            function.text("description", &description);
        }
        function.raw("parameters", tool.schema());
        // Said always: unsaid, the vendor makes a function strict where it can.
        function.boolean("strict", tool.strict() == Some(true));
    });
}

fn write_settings(body: &mut Object<'_>, settings: &Settings<'_>, spelling: &Spelling, warnings: &mut Warnings) {
    if let Some(cap) = settings.cap {
        body.number("max_output_tokens", cap);
    }
    for (name, number) in [("temperature", settings.temperature), ("top_p", settings.top_p)] {
        if let Some(number) = number {
            body.raw(name, number);
        }
    }
    if settings.top_k.is_some() {
        warnings.note(WarningKind::SamplingChanged, "top_k");
    }
    if !settings.stop.is_empty() {
        // The dialect has none.
        warnings.note(WarningKind::SamplingChanged, spelling.stop);
    }
    settings.write_user(body, "safety_identifier", spelling, warnings);
    match &settings.format {
        None => {}
        Some(Format::Json) => body.object("text", |text| {
            text.object("format", |format| format.string("type", "json_object"));
        }),
        Some(Format::Schema(shape)) => body.object("text", |text| {
            text.object("format", |format| {
                format.string("type", "json_schema");
                shape.write(format);
            });
        }),
    }
    let effort = match settings.reasoning {
        Some(Reasoning::Off) => Some("none"),
        Some(Reasoning::Effort(effort)) => Some(effort.name()),
        // Leaving it to the model is what the dialect does by itself.
        Some(Reasoning::Adaptive) | None => None,
    };
    if let Some(effort) = effort {
        body.object("reasoning", |reasoning| reasoning.string("effort", effort));
    }
    if let Some(stream) = settings.stream {
        body.boolean("stream", stream);
    }
}
