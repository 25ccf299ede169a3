//! Which tools a Responses request wants called.

use std::collections::HashSet;

use super::tools::Tools;
use crate::conversation::Choice;
use crate::node::Node;
use crate::untranslatable::Untranslatable;

/// A `tool_choice`.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    pub(super) choice: Option<Choice<'a>>,
    /// The only functions that may be called, where not all of them may.
    pub(super) allowed: Option<HashSet<String>>,
}

/// Reads the choice.
pub(super) fn read<'a>(node: &Node<'_>, tools: &Tools<'_>) -> Result<Wanted<'a>, Untranslatable> {
    let choice = match (node.raw(), node.kind().as_str()) {
        ("\"auto\"", _) => Choice::Auto,
        ("\"required\"", _) => Choice::Required,
        ("\"none\"", _) => Choice::None,
        (_, "function" | "custom") => {
            let function = tools.function(node);
            Choice::Tool(function.ok_or_else(|| Untranslatable::not("tool_choice.name", "a string"))?)
        }
        (_, "allowed_tools") => return allowed_tools(node, tools),
        (_, "") => return Err(Untranslatable::not("tool_choice", "auto, required, none or an object with a type")),
        _ => return Err(demands_the_vendors()),
    };
    Ok(Wanted { choice: Some(choice), allowed: None })
}

/// Some of the tools, and whether one of them must be called. Tools of the vendor among them were left out already.
fn allowed_tools<'a>(node: &Node<'_>, tools: &Tools<'_>) -> Result<Wanted<'a>, Untranslatable> {
    let list = node.get("tools").and_then(Node::list);
    let list = list.ok_or_else(|| Untranslatable::not("tool_choice.tools", "a list of tools"))?;
    let mut allowed = HashSet::new();
    for (index, tool) in list.iter().enumerate() {
        if !matches!(tool.kind().as_str(), "function" | "custom") {
            continue;
        }
        let path = || format!("tool_choice.tools.{index}");
        let function =
            tools.function(tool).ok_or_else(|| Untranslatable::not(format!("{}.name", path()), "a string"))?;
        let function = function.decoded().into_owned();
        if !tools.has(&function) {
            return Err(Untranslatable::new(path(), "a tool that is not among the tools"));
        }
        allowed.insert(function);
    }
    let choice = match node.get("mode").map(Node::raw) {
        None | Some("\"auto\"") => Choice::Auto,
        Some("\"required\"") if allowed.is_empty() => return Err(demands_the_vendors()),
        Some("\"required\"") => Choice::Required,
        Some(_) => return Err(Untranslatable::not("tool_choice.mode", "auto or required")),
    };
    Ok(Wanted { choice: Some(choice), allowed: Some(allowed) })
}

fn demands_the_vendors() -> Untranslatable {
    Untranslatable::new("tool_choice", "demands a tool that only its own dialect knows")
}
