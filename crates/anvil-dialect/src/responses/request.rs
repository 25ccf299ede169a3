//! The members of a Responses request.

use jiter::Peek;

use super::name::function_name;
use crate::facts::{Gathering, effort};
use crate::invalid::Invalid;
use crate::json::{self, Reader, Span};
use crate::request::ReadMember;

/// Reads each member of the top level. The vendor's SDKs send `null` for what is not set, so `null` is absence here.
pub(crate) struct Members;

impl ReadMember for Members {
    fn read(&self, name: &str, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<Span, Invalid> {
        let start = json.start()?;
        let is_null = json.peek()? == Peek::Null;
        let facts = &mut gathering.facts;
        match name {
            "model" => {
                let model = json.string()?.filter(|model| !model.is_empty());
                facts.model = model.ok_or_else(|| Invalid::wrong("model", "a non-empty string"))?;
            }
            _ if is_null => json.ignore()?,
            "input" => read_input(json, gathering)?,
            "instructions" => {
                let span = json.string_span()?.ok_or_else(|| Invalid::wrong("instructions", "a string"))?;
                gathering.count(&span);
                gathering.words.instruction(span);
            }
            "max_output_tokens" => {
                let cap = json.unsigned()?.filter(|cap| *cap >= 1);
                facts.max_output_tokens = Some(cap.ok_or_else(|| Invalid::wrong(name, "an integer of at least 1"))?);
            }
            "stream" => facts.stream = json.boolean()?.ok_or_else(|| Invalid::wrong("stream", "a boolean"))?,
            "store" => {
                let is_kept = json.boolean()?.ok_or_else(|| Invalid::wrong("store", "a boolean"))?;
                gathering.is_forgotten = !is_kept;
            }
            "tools" => read_tools(json, gathering)?,
            "tool_choice" => facts.tool_choice = json.string_as(|choice| choice != "auto")?.unwrap_or(true),
            "reasoning" => json.member("effort", |json| {
                facts.effort = json.string_as(effort)?.flatten();
                facts.thinking = facts.effort.as_deref().is_some_and(|effort| effort != "none");
                Ok(())
            })?,
            "text" => json.member("format", |json| {
                facts.structured_output = json.member_string("type")?.is_some_and(|kind| kind != "text");
                Ok(())
            })?,
            "prompt_cache_key" => facts.session = json.string()?,
            "previous_response_id" => {
                let id = json.string()?.filter(|id| !id.is_empty());
                facts.previous_response = Some(id.ok_or_else(|| Invalid::wrong(name, "a non-empty string"))?);
                gathering.continues = true;
            }
            "conversation" | "prompt" => {
                gathering.continues = true;
                json.ignore()?;
            }
            _ => json.ignore()?,
        }
        Ok(start..json.index())
    }

    fn require(&self, has: &dyn Fn(&str) -> bool, gathering: &mut Gathering) -> Result<(), Invalid> {
        gathering.facts.store = !gathering.is_forgotten;
        if !has("model") {
            return Err(Invalid::missing("model"));
        }
        match (gathering.facts.messages == 0 && !gathering.continues, has("input")) {
            (false, _) => Ok(()),
            (true, false) => Err(Invalid::missing("input")),
            (true, true) => Err(Invalid::wrong("input", "a string or a list of at least one item")),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Reasoning,
    Output,
    Reference,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    System,
    Other,
    /// No string.
    Unreadable,
}

/// What one item held. Which kind it is may show only at its end.
#[derive(Default)]
struct Item {
    kind: Option<Kind>,
    role: Option<Role>,
    id: Option<String>,
    call_id: Option<Span>,
    content: Content,
    is_sealed: bool,
    has_media: bool,
    texts: Vec<Span>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Content {
    #[default]
    Missing,
    /// Neither a string nor a list.
    Unreadable,
    Read,
}

#[derive(Clone, Copy)]
enum Member {
    Type,
    Role,
    Id,
    CallId,
    Content,
    Output,
    /// What the model reads as it is.
    Prompt,
    Seal,
    Other,
}

fn read_input(json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    match json.peek()? {
        Peek::String => {
            let span = json.skip()?;
            gathering.count(&span);
            gathering.facts.messages = 1;
            gathering.user_message(json, vec![span], false);
            Ok(())
        }
        Peek::Array => json.array(|index, json| read_item(index, json, gathering)),
        _ => Err(Invalid::wrong("input", "a string or a list of items")),
    }
}

fn read_item(index: usize, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    if json.peek()? != Peek::Object {
        return Err(Invalid::wrong(format!("input.{index}"), "an object"));
    }
    let mut item = Item::default();
    json.object(item_member, |member, json| {
        if json.peek()? == Peek::Null {
            return json.ignore();
        }
        match member {
            Member::Type => item.kind = json.string_as(item_kind)?.flatten(),
            Member::Role => item.role = Some(json.string_as(role)?.unwrap_or(Role::Unreadable)),
            Member::Id => item.id = json.string()?,
            Member::CallId => {
                item.call_id = json.string_span()?;
                if item.call_id.is_none() {
                    json.ignore()?;
                }
            }
            Member::Content => {
                let media = gathering.media();
                let is_read = read_content(json, gathering, &mut item.texts)?;
                item.content = if is_read { Content::Read } else { Content::Unreadable };
                item.has_media = gathering.media() > media;
            }
            Member::Output => drop(read_content(json, gathering, &mut Vec::new())?),
            Member::Prompt => gathering.count(&json.skip()?),
            Member::Seal => item.is_sealed = json.string_as(|seal| !seal.is_empty())?.unwrap_or(false),
            Member::Other => json.ignore()?,
        }
        Ok(())
    })?;
    note_item(item, &format!("input.{index}"), json, gathering)
}

/// Checks an item and takes over what it says.
fn note_item(item: Item, path: &str, json: &Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    // Both may go without a type: a message has a role, a reference nothing but an id.
    let kind = item.kind.unwrap_or(match (item.role, &item.id) {
        (None, Some(_)) => Kind::Reference,
        _ => Kind::Message,
    });
    match kind {
        Kind::Message if matches!(item.role, None | Some(Role::Unreadable)) => {
            return Err(Invalid::wrong(format!("{path}.role"), "a string"));
        }
        Kind::Message if item.content == Content::Missing => return Err(Invalid::missing(format!("{path}.content"))),
        Kind::Message if item.content == Content::Unreadable => {
            return Err(Invalid::wrong(format!("{path}.content"), "a string or a list of content parts"));
        }
        Kind::Message if item.role == Some(Role::User) => gathering.user_message(json, item.texts, item.has_media),
        Kind::Message if item.role == Some(Role::System) => gathering.words.system_message(&item.texts),
        Kind::Reasoning if item.is_sealed => gathering.facts.signed_thinking = true,
        Kind::Reasoning => gathering.facts.unsigned_thinking = true,
        Kind::Reference => {
            let id = item.id.ok_or_else(|| Invalid::missing(format!("{path}.id")))?;
            gathering.item_reference(path, id)?;
        }
        Kind::Output => {
            if let Some(id) = item.call_id {
                gathering.tool_result(json::string_at(json.text(), &id).into_owned(), false);
            }
        }
        Kind::Message | Kind::Other => {}
    }
    // What stands there by reference was said in an answer.
    if !matches!((kind, item.role), (Kind::Output, _) | (Kind::Message, Some(Role::User | Role::System))) {
        gathering.model_message();
    }
    gathering.facts.messages += 1;
    // A system message is nobody's turn.
    if item.role != Some(Role::System) {
        gathering.facts.open_tool_loop = kind == Kind::Output;
    }
    Ok(())
}

fn item_member(name: &str) -> Member {
    match name {
        "type" => Member::Type,
        "role" => Member::Role,
        "id" => Member::Id,
        "call_id" => Member::CallId,
        "content" => Member::Content,
        "output" => Member::Output,
        "arguments" | "input" | "summary" | "action" | "tools" => Member::Prompt,
        "encrypted_content" => Member::Seal,
        _ => Member::Other,
    }
}

fn item_kind(name: &str) -> Option<Kind> {
    Some(match name {
        "" => return None,
        "message" => Kind::Message,
        "reasoning" => Kind::Reasoning,
        "item_reference" => Kind::Reference,
        _ if name.ends_with("_output") => Kind::Output,
        _ => Kind::Other,
    })
}

fn role(name: &str) -> Role {
    match name {
        "user" => Role::User,
        "system" | "developer" => Role::System,
        _ => Role::Other,
    }
}

/// Reads a content or an output; `false` if it is neither a string nor a list.
fn read_content(json: &mut Reader<'_>, gathering: &mut Gathering, texts: &mut Vec<Span>) -> Result<bool, Invalid> {
    match json.peek()? {
        Peek::String => {
            let span = json.skip()?;
            gathering.count(&span);
            texts.push(span);
        }
        Peek::Array => json.array(|_, json| read_part(json, gathering, texts))?,
        _ => {
            gathering.count(&json.skip()?);
            return Ok(false);
        }
    }
    Ok(true)
}

fn read_part(json: &mut Reader<'_>, gathering: &mut Gathering, texts: &mut Vec<Span>) -> Result<(), Invalid> {
    if json.peek()? != Peek::Object {
        return json.ignore();
    }
    let facts = &mut gathering.facts;
    let (mut is_image, mut is_file, mut text) = (false, false, None);
    json.object(
        |name| match name {
            "type" => 1,
            "text" | "refusal" => 2,
            _ => 0,
        },
        |member, json| {
            match member {
                1 => {
                    let kind = json.string_as(|kind| (kind == "input_image", kind == "input_file"))?;
                    (is_image, is_file) = kind.unwrap_or_default();
                }
                2 => {
                    text = json.string_span()?;
                    if text.is_none() {
                        json.ignore()?;
                    }
                }
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    facts.images = facts.images.saturating_add(u32::from(is_image));
    facts.documents = facts.documents.saturating_add(u32::from(is_file));
    if let Some(span) = text {
        gathering.count(&span);
        texts.push(span);
    }
    Ok(())
}

fn read_tools(json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<(), Invalid> {
    if json.peek()? != Peek::Array {
        return Err(Invalid::wrong("tools", "a list of tools"));
    }
    json.array(|index, json| {
        if json.peek()? != Peek::Object {
            return Err(Invalid::wrong(format!("tools.{index}"), "an object"));
        }
        let start = json.start()?;
        let (mut kind, mut name, mut inner) = (None, None, Vec::new());
        json.object(
            |member| match member {
                "type" => 1,
                "name" => 2,
                "tools" => 3,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, _) => kind = json.string()?,
                    (2, _) => name = json.string()?,
                    // A namespace's tools, which come before or after its name.
                    (3, Peek::Array) => json.array(|_, json| {
                        inner.extend(json.member_string("name")?);
                        Ok(())
                    })?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        gathering.count(&(start..json.index()));
        name_tools(kind.as_deref(), name.as_deref(), &inner, gathering);
        Ok(())
    })
}

/// Names the tools that one of the list stands for. A tool of the vendor has no name but its type.
fn name_tools(kind: Option<&str>, name: Option<&str>, inner: &[String], gathering: &mut Gathering) {
    let mut add = |namespace: Option<&str>, name: &str| {
        if gathering.has_all_names() {
            return;
        }
        let function = function_name(namespace, name, |taken| gathering.facts.tools.iter().any(|own| own == taken));
        gathering.tool(function);
    };
    match (kind, name) {
        (Some("namespace"), namespace) => inner.iter().for_each(|name| add(namespace, name)),
        (_, Some(name)) => add(None, name),
        (Some(kind), None) => add(None, kind),
        (None, None) => {}
    }
}
