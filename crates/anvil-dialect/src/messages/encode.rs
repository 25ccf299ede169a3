//! A neutral request, written as one of Messages.

use super::turns;
use crate::compose::{self, Object};
use crate::conversation::{Choice, Conversation, Effort, Format, Reasoning, Settings, Spelling, Tool, arrange};
use crate::overrides::Overrides;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// The cap that is sent where neither the caller nor the tier's settings name one, for the dialect requires one. What Claude
/// Code and `OpenCode` send; every current model of the vendor takes it.
const DEFAULT_CAP: &str = "32000";
/// With thinking on, the vendor takes no `top_p` below this ("Extended thinking", feature compatibility).
const THINKING_TOP_P: f64 = 0.95;

/// Writes the body.
pub(crate) fn encode(
    conversation: Conversation<'_>,
    overrides: &Overrides,
    warnings: &mut Warnings,
) -> Result<Vec<u8>, Untranslatable> {
    let Conversation { model, system, messages, tools, choice, parallel_calls, mut settings, spelling } = conversation;
    let turns = arrange(messages, spelling, warnings);
    let (system, groups) = turns::group(system, &turns, spelling, warnings)?;
    if tools.is_empty() || choice.as_ref().is_none_or(|choice| !choice.is_forced()) {
        // Nothing forces a call.
    } else if matches!(settings.reasoning, Some(Reasoning::Effort(_) | Reasoning::Adaptive)) {
        // "Thinking may not be enabled when tool_choice forces tool use."
        warnings.note(WarningKind::ReasoningDropped, spelling.reasoning);
        settings.reasoning = None;
    }
    let mut out = Vec::with_capacity(4_096);
    compose::object(&mut out, |body| {
        body.text("model", &model);
        match system.as_slice() {
            [] => {}
            [text] => body.text("system", text),
            texts => body.list("system", texts, |out, text| turns::write_text(out, text)),
        }
        body.list("messages", &groups, turns::write);
        if !tools.is_empty() {
            body.list("tools", &tools, write_tool);
            write_choice(body, choice.as_ref(), parallel_calls);
        }
        match settings.cap {
            Some(cap) => body.number("max_tokens", cap),
            None => body.raw("max_tokens", overrides.default_of("max_tokens").unwrap_or(DEFAULT_CAP)),
        }
        write_sampling(body, &settings, spelling, warnings);
        write_output(body, &settings, spelling, warnings);
        if let Some(user) = &settings.user {
            body.object("metadata", |metadata| metadata.text("user_id", user));
        }
        if let Some(stream) = settings.stream {
            body.boolean("stream", stream);
        }
    });
    Ok(out)
}

fn write_tool(out: &mut Vec<u8>, tool: &Tool<'_>) {
    compose::object(out, |object| {
        object.text("name", &tool.name);
        if let Some(description) = tool.description() {
            object.text("description", &description);
        }
        object.raw("input_schema", tool.schema());
        if let Some(strict) = tool.strict() {
            object.boolean("strict", strict);
        }
    });
}

fn write_choice(body: &mut Object<'_>, choice: Option<&Choice<'_>>, parallel_calls: Option<bool>) {
    let is_single = parallel_calls == Some(false);
    let (kind, tool) = match choice {
        None if is_single => ("auto", None),
        None => return,
        Some(Choice::Auto) => ("auto", None),
        Some(Choice::Required) => ("any", None),
        Some(Choice::Tool(name)) => ("tool", Some(name)),
        Some(Choice::None) => ("none", None),
    };
    body.object("tool_choice", |object| {
        object.string("type", kind);
        if let Some(name) = tool {
            object.text("name", name);
        }
        if is_single && kind != "none" {
            object.raw("disable_parallel_tool_use", "true");
        }
    });
}

/// Sampling, within the dialect's range; with thinking on the vendor takes next to none of it.
fn write_sampling(body: &mut Object<'_>, settings: &Settings<'_>, spelling: &Spelling, warnings: &mut Warnings) {
    let thinks = matches!(settings.reasoning, Some(Reasoning::Effort(_) | Reasoning::Adaptive));
    if let Some(temperature) = settings.temperature {
        let number: f64 = temperature.parse().unwrap_or(1.0);
        if number > 1.0 || thinks && number < 1.0 {
            warnings.note(WarningKind::SamplingChanged, "temperature");
            body.raw("temperature", "1");
        } else {
            body.raw("temperature", temperature);
        }
    }
    match settings.top_p {
        Some(top_p) if thinks && top_p.parse().is_ok_and(|top_p: f64| top_p < THINKING_TOP_P) => {
            warnings.note(WarningKind::SamplingChanged, "top_p");
        }
        Some(top_p) => body.raw("top_p", top_p),
        None => {}
    }
    match settings.top_k {
        Some(_) if thinks => warnings.note(WarningKind::SamplingChanged, "top_k"),
        Some(top_k) => body.raw("top_k", top_k),
        None => {}
    }
    // "Each stop sequence must contain non-whitespace."
    let stop: Vec<_> = settings.stop.iter().filter(|text| !text.is_blank()).collect();
    if stop.len() < settings.stop.len() {
        warnings.note(WarningKind::SamplingChanged, spelling.stop);
    }
    if !stop.is_empty() {
        body.list("stop_sequences", stop, |out, text| text.push(out));
    }
}

/// How much to think, and the form of the answer. An effort goes with adaptive thinking, which needs no budget below the cap
/// and no signed thoughts in an open tool loop; older models of the vendor get a `thinking` of their tier's own settings.
fn write_output(body: &mut Object<'_>, settings: &Settings<'_>, spelling: &Spelling, warnings: &mut Warnings) {
    let thinking = match settings.reasoning {
        Some(Reasoning::Off) => Some("disabled"),
        Some(Reasoning::Adaptive | Reasoning::Effort(_)) => Some("adaptive"),
        None => None,
    };
    if let Some(kind) = thinking {
        body.object("thinking", |thinking| thinking.string("type", kind));
    }
    let effort = match settings.reasoning {
        Some(Reasoning::Effort(Effort::Minimal)) => Some(Effort::Low),
        Some(Reasoning::Effort(effort)) => Some(effort),
        _ => None,
    };
    let schema = match &settings.format {
        Some(Format::Schema(shape)) => {
            if shape.description.is_some() {
                warnings.dropped(format!("{}.description", spelling.shape));
            }
            Some(shape.schema)
        }
        Some(Format::Json) => {
            warnings.note(WarningKind::FormatUnenforced, spelling.format);
            None
        }
        None => None,
    };
    if effort.is_none() && schema.is_none() {
        return;
    }
    body.object("output_config", |output| {
        if let Some(effort) = effort {
            output.string("effort", effort.name());
        }
        if let Some(schema) = schema {
            output.object("format", |format| {
                format.string("type", "json_schema");
                format.raw("schema", schema);
            });
        }
    });
}
