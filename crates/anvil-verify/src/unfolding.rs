//! How large a schema is once its references are followed.
//!
//! A schema of a few hundred bytes can describe a tree of branches that doubles with every reference. Its size unfolded is
//! what bounds the work of holding a value against it.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// How deep a schema nests with its references followed; for one that returns to itself, times the depth of the value. It bounds
/// the stack that a check takes.
const MAX_HEIGHT: usize = 512;

/// Keywords whose value is data and not a schema.
const DATA: [&str; 5] = ["const", "enum", "default", "examples", "example"];

/// Keywords whose schemas are held against a part of the value and not against the value itself.
const OF_PARTS: [&str; 9] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
];

/// Keywords whose value is a map from names, which are no keywords, to schemas.
const MAPS: [&str; 6] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];

/// Keywords that are not followed here. Tools do not use them, and what they refer to depends on the way that leads to them.
const NOT_FOLLOWED: [&str; 6] =
    ["$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor", "$vocabulary"];

/// The size of a schema with its references followed, up to where they come back to themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unfolding {
    nodes: u64,
    /// References that lead back to where they are followed from.
    returns: u64,
    height: usize,
}

impl Unfolding {
    /// The size of `schema`; `None` where a reference leads elsewhere than into the schema itself, into nothing, or back to
    /// where it stands without a step down in the value, and where it nests too deeply.
    pub(crate) fn of(schema: &Value) -> Option<Self> {
        let mut walk = Walk { root: schema, known: HashMap::new(), open: vec![("", 0)], parts: 0, height: 0 };
        walk.value(schema, Place::Root)
    }

    /// At most so many applications of a schema to a part of the value: one for each node and part, and so many times more with
    /// each level of the value as the schema returns to itself.
    pub(crate) fn work(self, value: &Value) -> u64 {
        let (parts, depth) = extent(value);
        let levels = if self.returns == 0 { 1 } else { usize::try_from(depth).unwrap_or(usize::MAX) };
        if self.height.saturating_mul(levels) > MAX_HEIGHT {
            return u64::MAX;
        }
        self.nodes.saturating_mul(parts).saturating_mul(match self.returns {
            0 => 1,
            1 => depth,
            returns => returns.saturating_pow(u32::try_from(depth).unwrap_or(u32::MAX)).saturating_mul(2),
        })
    }

    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.returns = self.returns.saturating_add(other.returns);
        self.height = self.height.max(other.height + 1);
    }
}

/// The values within a value, itself included, and how deep they nest.
fn extent(value: &Value) -> (u64, u64) {
    let around = |sum: (u64, u64), part: &Value| {
        let (parts, depth) = extent(part);
        (sum.0 + parts, sum.1.max(depth + 1))
    };
    match value {
        Value::Array(items) => items.iter().fold((1, 1), around),
        Value::Object(members) => members.values().fold((1, 1), around),
        _ => (1, 1),
    }
}

/// Where in a schema a value of it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Schema,
    Map,
}

struct Walk<'a> {
    root: &'a Value,
    known: HashMap<&'a str, Unfolding>,
    /// The references that are being followed, and at how many steps down in the value each began.
    open: Vec<(&'a str, usize)>,
    parts: usize,
    height: usize,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &'a Value, place: Place) -> Option<Unfolding> {
        if self.height == MAX_HEIGHT {
            return None;
        }
        self.height += 1;
        let mut sum = Unfolding { nodes: 1, returns: 0, height: 1 };
        match value {
            Value::Array(items) => {
                for item in items {
                    sum.add(self.value(item, Place::Schema)?);
                }
            }
            Value::Object(members) if place == Place::Map => {
                for member in members.values() {
                    sum.add(self.value(member, Place::Schema)?);
                }
            }
            Value::Object(members) => {
                if !is_followed(members, place) {
                    return None;
                }
                for (name, member) in members {
                    sum.add(self.member(name, member)?);
                }
            }
            _ => {}
        }
        self.height -= 1;
        Some(sum)
    }

    fn member(&mut self, name: &str, member: &'a Value) -> Option<Unfolding> {
        if DATA.contains(&name) {
            return Some(Unfolding { nodes: extent(member).0, returns: 0, height: 1 });
        }
        if let ("$ref", Value::String(reference)) = (name, member) {
            return self.reference(reference);
        }
        let step = usize::from(OF_PARTS.contains(&name));
        self.parts += step;
        let sum = self.value(member, if MAPS.contains(&name) { Place::Map } else { Place::Schema });
        self.parts -= step;
        sum
    }

    fn reference(&mut self, reference: &'a str) -> Option<Unfolding> {
        let pointer = reference.strip_prefix('#')?;
        if let Some(&(_, parts)) = self.open.iter().find(|open| open.0 == pointer) {
            return (self.parts > parts).then_some(Unfolding { nodes: 1, returns: 1, height: 1 });
        }
        if let Some(&known) = self.known.get(pointer) {
            return Some(known);
        }
        if pointer.contains('%') {
            return None;
        }
        let target = self.root.pointer(pointer)?;
        self.open.push((pointer, self.parts));
        let sum = self.value(target, Place::Schema)?;
        self.open.pop();
        self.known.insert(pointer, sum);
        Some(sum)
    }
}

/// Whether an object of a schema says nothing that changes what references mean, and nothing of `OpenAPI`'s dialect, in which
/// `nullable` allows what JSON Schema forbids.
fn is_followed(members: &Map<String, Value>, place: Place) -> bool {
    let has_own_base =
        place != Place::Root && ["$id", "id"].iter().any(|&name| members.get(name).is_some_and(Value::is_string));
    !has_own_base
        && members.get("nullable") != Some(&Value::Bool(true))
        && !NOT_FOLLOWED.iter().any(|&name| members.contains_key(name))
}
