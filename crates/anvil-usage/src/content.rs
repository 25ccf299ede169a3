//! What a message consists of: only what blocks are, never what they say.

use memchr::memmem;
use serde::de::MapAccess;
use serde_json::value::RawValue;

use crate::document::{List, Members, Object, Text, skip};

/// The kinds of blocks that call a tool: the client's, and the vendor's.
const CALLS: [&str; 2] = ["tool_use", "server_tool_use"];

/// How text begins that a client put where a person's words stand.
const NOT_TYPED: [&str; 4] = ["\"<task-notification", "\"<local-command", "\"<bash-", "\"[Request interrupted"];

/// The blocks of an answer's content that call a tool. What holds none is not parsed again: the word, or an escape that
/// may stand for one of its letters, would have to be in it.
pub(crate) fn calling(content: Option<&RawValue>) -> Result<Vec<Block>, serde_json::Error> {
    let Some(text) = content.map(RawValue::get) else { return Ok(Vec::new()) };
    if memmem::find(text.as_bytes(), b"tool_use").is_none() && memmem::find(text.as_bytes(), b"\\u00").is_none() {
        return Ok(Vec::new());
    }
    let List(blocks) = serde_json::from_str::<List<Block>>(text)?;
    Ok(blocks.into_iter().filter(|block| CALLS.contains(&block.kind.as_deref().unwrap_or_default())).collect())
}

/// Whether a person may have typed a content.
pub(crate) fn is_typed(content: Option<&RawValue>) -> Result<bool, serde_json::Error> {
    let Some(text) = content.map(RawValue::get) else { return Ok(false) };
    if text.starts_with('"') {
        return Ok(is_typed_text(text));
    }
    let List(blocks) = serde_json::from_str::<List<Block>>(text)?;
    Ok(!blocks.is_empty() && blocks.iter().all(|block| block.is_typed))
}

fn is_typed_text(text: &str) -> bool {
    !NOT_TYPED.iter().any(|beginning| text.starts_with(beginning))
}

/// One block.
pub(crate) struct Block {
    pub(crate) kind: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<Input>,
    is_typed: bool,
}

impl Default for Block {
    fn default() -> Self {
        Self { kind: None, id: None, name: None, input: None, is_typed: true }
    }
}

impl<'de> Members<'de> for Block {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => {
                self.kind = map.next_value::<Text>()?.0;
                self.is_typed &= self.kind.as_deref() != Some("tool_result");
            }
            "id" => self.id = map.next_value::<Text>()?.0,
            "name" => self.name = map.next_value::<Text>()?.0,
            "input" => self.input = map.next_value::<Object<Input>>()?.0,
            "text" => self.is_typed &= is_typed_text(map.next_value::<&RawValue>()?.get()),
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// A call's arguments.
#[derive(Default)]
pub(crate) struct Input {
    pub(crate) subagent_type: Option<String>,
    pub(crate) skill: Option<String>,
}

impl<'de> Members<'de> for Input {
    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "subagent_type" => self.subagent_type = map.next_value::<Text>()?.0,
            "skill" => self.skill = map.next_value::<Text>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}
