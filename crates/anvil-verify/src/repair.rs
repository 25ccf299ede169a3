//! Arguments put right where it is provable what the model meant.
//!
//! Only what has one reading is touched: a control character that stands raw in a string is that character; a backslash before
//! a sign of regular expressions is a backslash; a comma before an end is none; and where the schema wants a number, a boolean,
//! an array or an object and the text of a string is one, it is that. What is cut is never completed. What comes out has passed
//! the strict reader and the schema.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use jsonschema::JsonType;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mend::mend;
use crate::schema::{Misfit, Schema};
use crate::strict_json::{Root, check};

/// The largest arguments that are repaired, in bytes.
pub const MAX_REPAIR_BYTES: usize = 1 << 20;

/// Strings that are taken for what they spell, in one call.
const MAX_READ_STRINGS: usize = 16;

/// Within a string that was an object, strings may be numbers; deeper nothing is looked for.
const ROUNDS: usize = 2;

/// What was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RepairKind {
    /// A raw control character in a string was escaped.
    ControlCharacter,
    /// A backslash that began no escape was escaped.
    Backslash,
    /// A comma before the end of an array or object was left out.
    TrailingComma,
    /// A number stood in a string.
    NumberAsString,
    /// `true` or `false` stood in a string.
    BooleanAsString,
    /// An object or array was encoded twice.
    EncodedTwice,
}

impl RepairKind {
    /// The repair's name in decisions, metrics and docs; never changes once published.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ControlCharacter => "control_character",
            Self::Backslash => "backslash",
            Self::TrailingComma => "trailing_comma",
            Self::NumberAsString => "number_as_string",
            Self::BooleanAsString => "boolean_as_string",
            Self::EncodedTwice => "encoded_twice",
        }
    }
}

/// Arguments that were put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The arguments, strict JSON that follows the schema.
    pub json: String,
    /// What was put right, each kind once, in order.
    pub kinds: Vec<RepairKind>,
}

/// The arguments put right; `None` where nothing is wrong with them, and where what is wrong has more than one reading.
pub fn repair(arguments: &str, schema: Option<&Schema>) -> Option<Repaired> {
    if arguments.len() > MAX_REPAIR_BYTES {
        return None;
    }
    let mut kinds = Vec::new();
    let mut json = mend(arguments, &mut kinds)?;
    let whole = json.trim_ascii();
    if whole.starts_with('"') {
        json = Cow::Owned(object_within(whole, &mut kinds)?);
    }
    check(&json, Root::Object).ok()?;
    if let Some(schema) = schema {
        json = Cow::Owned(fit(json.into_owned(), schema, &mut kinds)?);
    }
    if kinds.is_empty() {
        return None;
    }
    kinds.sort_unstable();
    kinds.dedup();
    Some(Repaired { json: json.into_owned(), kinds })
}

/// The object that a string spells.
fn object_within(string: &str, kinds: &mut Vec<RepairKind>) -> Option<String> {
    let within: String = serde_json::from_str(string).ok()?;
    let json = mend(&within, kinds)?.into_owned();
    kinds.push(RepairKind::EncodedTwice);
    Some(json)
}

/// The arguments with strings taken for what the schema wants them to be, until they follow it.
fn fit(mut json: String, schema: &Schema, kinds: &mut Vec<RepairKind>) -> Option<String> {
    for round in 0..=ROUNDS {
        let value: Value = serde_json::from_str(&json).ok()?;
        if schema.validate(&value).is_ok() {
            return Some(json);
        }
        if round < ROUNDS {
            json = read_strings(&json, &value, &schema.misfits(&value), kinds)?;
        }
    }
    None
}

fn read_strings(json: &str, value: &Value, misfits: &[Misfit], kinds: &mut Vec<RepairKind>) -> Option<String> {
    let mut readings: Vec<(Range<usize>, String)> = Vec::new();
    for misfit in misfits {
        let Some(Value::String(string)) = value.pointer(&misfit.pointer) else { continue };
        let Some((reading, types, kinds_of_reading)) = read(string) else { continue };
        if !types.iter().any(|&json_type| misfit.types.contains(json_type)) {
            continue;
        }
        if readings.len() == MAX_READ_STRINGS {
            return None;
        }
        readings.push((place(json, &misfit.pointer)?, reading));
        kinds.extend(kinds_of_reading);
    }
    if readings.is_empty() {
        return None;
    }
    readings.sort_unstable_by_key(|reading| reading.0.start);
    let mut read = String::with_capacity(json.len());
    let mut copied = 0;
    for (range, reading) in readings {
        read.push_str(json.get(copied..range.start)?);
        read.push_str(&reading);
        copied = range.end;
    }
    read.push_str(json.get(copied..)?);
    Some(read)
}

/// What a string spells if it is no string: its JSON, the types that this is, and the kinds of repair.
fn read(string: &str) -> Option<(String, &'static [JsonType], Vec<RepairKind>)> {
    let (types, kind): (&[JsonType], _) = match string.trim_ascii().as_bytes().first()? {
        b'0'..=b'9' | b'-' if string.trim_ascii().len() == string.len() => {
            (&[JsonType::Integer, JsonType::Number], RepairKind::NumberAsString)
        }
        b't' | b'f' if matches!(string, "true" | "false") => (&[JsonType::Boolean], RepairKind::BooleanAsString),
        b'{' => (&[JsonType::Object], RepairKind::EncodedTwice),
        b'[' => (&[JsonType::Array], RepairKind::EncodedTwice),
        _ => return None,
    };
    let mut kinds = vec![kind];
    let json = mend(string, &mut kinds)?.into_owned();
    check(&json, Root::Any).ok()?;
    Some((json, types, kinds))
}

/// Where the value that a pointer names stands in a text of JSON.
fn place(json: &str, pointer: &str) -> Option<Range<usize>> {
    let mut here = json;
    for token in pointer.split('/').skip(1) {
        here = if here.trim_ascii_start().starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(here).ok()?;
            items.get(token.parse::<usize>().ok()?)?.get()
        } else {
            let members: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_str(here).ok()?;
            members.get(token.replace("~1", "/").replace("~0", "~").as_str())?.get()
        };
    }
    // `here` is a part of `json`, so that the distance between them is where it stands.
    let start = here.as_ptr() as usize - json.as_ptr() as usize;
    Some(start..start + here.len())
}
