//! The items of a Responses request, as messages.

use super::content;
use super::tools::Tools;
use crate::conversation::{Arguments, Call, CallResult, Message, Part, Role};
use crate::node::Node;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// Reads the input: a string of the user's, or items.
pub(super) fn messages<'a>(
    node: &Node<'a>,
    tools: &Tools<'a>,
    warnings: &mut Warnings,
) -> Result<Vec<Message<'a>>, Untranslatable> {
    let mut history = History::default();
    if let Some(text) = node.text() {
        history.add(Role::User, vec![Part::Text(text)], 0);
        return Ok(history.messages);
    }
    let list = node.list().ok_or_else(|| Untranslatable::not("input", "a string or a list of items"))?;
    for (index, item) in list.iter().enumerate() {
        read_item(item, index, &mut history, tools, warnings)?;
    }
    Ok(history.finish())
}

fn read_item<'a>(
    item: &Node<'a>,
    index: usize,
    history: &mut History<'a>,
    tools: &Tools<'a>,
    warnings: &mut Warnings,
) -> Result<(), Untranslatable> {
    let path = format!("input.{index}");
    match kind(item).as_str() {
        "message" => {
            let (role, parts) = read_message(item, &path, warnings)?;
            history.add(role, parts, index);
        }
        "reasoning" => match content::reasoning(item) {
            Some(text) => history.add_to_answer(Part::Reasoning(text), index),
            // The seal is the vendor's on its own thoughts: no other vendor can read it, and none may be sent one.
            None if item.get_text("encrypted_content").is_some() => warnings.note(WarningKind::ReasoningDropped, &path),
            None => {}
        },
        "function_call" | "custom_tool_call" => {
            history.add_to_answer(Part::Call(read_call(item, &path, tools)?), index);
        }
        "function_call_output" | "custom_tool_call_output" => {
            let id = required(item, "call_id", &path)?;
            let content = match item.get("output") {
                Some(output) => content::parts(output, &format!("{path}.output"), warnings)?,
                None => Vec::new(),
            };
            history.add_result(CallResult { id, content, is_error: false }, index);
        }
        // Run by the client, it has an id; run by the vendor, it has none.
        "tool_search_call" if item.get("call_id").is_some() => {
            let input = item.get("arguments").filter(|arguments| arguments.is_object()).map_or("{}", Node::raw);
            let arguments = Arguments::Object(input.into());
            let call = Call { id: required(item, "call_id", &path)?, name: tools.search_function(), arguments };
            history.add_to_answer(Part::Call(call), index);
            return Ok(());
        }
        "tool_search_output" if item.get("call_id").is_some() => {
            let content = vec![Part::Text(tools.found(item))];
            let result = CallResult { id: required(item, "call_id", &path)?, content, is_error: false };
            history.add_result(result, index);
            return Ok(());
        }
        "item_reference" => return Err(Untranslatable::new(path, "refers to an item that is not stored here")),
        kind if is_vendors(kind) => {
            warnings.note(WarningKind::BlockDropped, path);
            return Ok(());
        }
        _ => return Err(Untranslatable::new(path, "an item that only its own dialect knows")),
    }
    note_members(item, &path, warnings);
    Ok(())
}

/// The id of the stored item that this one refers to, if it does.
pub(super) fn reference(item: &Node<'_>) -> Option<String> {
    let id = item.get_text("id").filter(|_| kind(item) == "item_reference")?;
    Some(id.decoded().into_owned())
}

/// An item's type. Two may go without: a message, which has a role, and a reference, which has nothing but an id.
fn kind(item: &Node<'_>) -> String {
    let kind = item.kind();
    match (kind.as_str(), item.get("role"), item.get("id")) {
        ("", None, Some(_)) => "item_reference".to_owned(),
        ("", _, _) => "message".to_owned(),
        _ => kind,
    }
}

/// Whether the item tells what ran at the vendor, or what only its models were trained to call. It makes no sense elsewhere,
/// and the conversation does without.
fn is_vendors(kind: &str) -> bool {
    matches!(
        kind,
        "web_search_call"
            | "file_search_call"
            | "code_interpreter_call"
            | "image_generation_call"
            | "computer_call"
            | "computer_call_output"
            | "local_shell_call"
            | "local_shell_call_output"
            | "shell_call"
            | "shell_call_output"
            | "apply_patch_call"
            | "apply_patch_call_output"
            | "tool_search_call"
            | "tool_search_output"
            | "additional_tools"
            | "mcp_list_tools"
            | "mcp_approval_request"
            | "mcp_approval_response"
            | "mcp_call"
            | "program"
            | "program_output"
    )
}

fn read_message<'a>(
    item: &Node<'a>,
    path: &str,
    warnings: &mut Warnings,
) -> Result<(Role, Vec<Part<'a>>), Untranslatable> {
    let role = item.get_text("role").map(|role| role.decoded().into_owned()).unwrap_or_default();
    let role = match role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        "system" | "developer" => Role::System,
        _ => return Err(Untranslatable::not(format!("{path}.role"), "user, assistant, system or developer")),
    };
    let path = format!("{path}.content");
    let content =
        item.get("content").ok_or_else(|| Untranslatable::not(&path, "a string or a list of content parts"))?;
    let parts = content::parts(content, &path, warnings)?;
    let is_sayable = |part: &Part<'_>| role == Role::User || matches!(part, Part::Text(_));
    match parts.iter().position(|part| !is_sayable(part)) {
        Some(part) => {
            Err(Untranslatable::new(format!("{path}.{part}"), "a part that a message of this role does not have"))
        }
        None => Ok((role, parts)),
    }
}

fn read_call<'a>(item: &Node<'a>, path: &str, tools: &Tools<'a>) -> Result<Call<'a>, Untranslatable> {
    let id = required(item, "call_id", path)?;
    let name = tools.function(item).ok_or_else(|| Untranslatable::not(format!("{path}.name"), "a string"))?;
    let arguments = match (item.get("arguments"), item.get_text("input")) {
        // Freeform input is the one argument of the function that stands for its tool.
        (None, Some(input)) => Arguments::Object(format!("{{\"input\":\"{}\"}}", input.escaped()).into()),
        (None, None) => Arguments::Object("{}".into()),
        (Some(node), _) if node.is_object() => Arguments::Object(node.raw().into()),
        (Some(node), _) => {
            let text = node.text();
            Arguments::Text(text.ok_or_else(|| Untranslatable::not(format!("{path}.arguments"), "a string"))?)
        }
    };
    Ok(Call { id, name, arguments })
}

fn required<'a>(item: &Node<'a>, name: &str, path: &str) -> Result<Text<'a>, Untranslatable> {
    item.get_text(name).ok_or_else(|| Untranslatable::not(format!("{path}.{name}"), "a string"))
}

/// Notes members that have no counterpart. An item's own id, its status and the phase of a message say nothing to a model;
/// what SDKs parsed of it is there unparsed.
fn note_members(item: &Node<'_>, path: &str, warnings: &mut Warnings) {
    for (name, value) in item.members() {
        match name {
            "type" | "role" | "id" | "status" | "phase" | "content" | "summary" | "encrypted_content" | "call_id"
            | "name" | "namespace" | "arguments" | "parsed_arguments" | "input" | "output" => {}
            _ if value.is_void() => {}
            _ => warnings.dropped(format!("{path}.{name}")),
        }
    }
}

/// The messages so far. Neighbouring items of the assistant are one message, so that calls side by side are one turn, and
/// neighbouring messages of the user too: Codex sends two before the first answer, and many chat templates take turns.
#[derive(Default)]
struct History<'a> {
    messages: Vec<Message<'a>>,
    /// Whether what comes may join the last message, if its role is the same.
    is_open: bool,
    /// Whether a text of the assistant's is in the last message.
    has_text: bool,
}

impl<'a> History<'a> {
    /// Adds a message.
    fn add(&mut self, role: Role, mut parts: Vec<Part<'a>>, index: usize) {
        if role == Role::System || !self.joins(role) {
            self.begin(role, index);
        }
        if role == Role::Assistant && std::mem::replace(&mut self.has_text, true) {
            parts.insert(0, Part::Text(Text::plain(Text::PARAGRAPH)));
        }
        self.extend(parts);
    }

    /// Adds an item that is part of what the assistant answered.
    fn add_to_answer(&mut self, part: Part<'a>, index: usize) {
        if !self.joins(Role::Assistant) {
            self.begin(Role::Assistant, index);
        }
        self.extend(vec![part]);
    }

    fn add_result(&mut self, result: CallResult<'a>, index: usize) {
        self.begin(Role::User, index);
        self.extend(vec![Part::Result(result)]);
        self.is_open = false;
    }

    fn joins(&self, role: Role) -> bool {
        self.is_open && self.messages.last().is_some_and(|last| last.role == role)
    }

    fn begin(&mut self, role: Role, index: usize) {
        self.messages.push(Message { role, parts: Vec::new(), index });
        self.is_open = true;
        self.has_text = false;
    }

    fn extend(&mut self, parts: Vec<Part<'a>>) {
        if let Some(last) = self.messages.last_mut() {
            last.parts.extend(parts);
        }
    }

    /// The messages, in each the calls last: what the assistant says after a call stands before it elsewhere.
    fn finish(mut self) -> Vec<Message<'a>> {
        for message in &mut self.messages {
            message.parts.sort_by_key(|part| matches!(part, Part::Call(_)));
        }
        self.messages
    }
}
