//! How large a schema is once its references are followed.
//!
//! A schema of a few hundred bytes can describe a tree of branches that doubles with every reference. Its size unfolded is
//! what bounds the work of holding a value against it.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// How deep a schema nests with its references followed; for one that returns to itself, times the depth of the value. It bounds
/// the stack that a check takes.
const MAX_HEIGHT: usize = 512;

/// The states of the largest automaton that is compiled, about.
const MAX_STATES: u64 = 4_096;

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
    /// States of the automata of its patterns, at most.
    states: u64,
    /// Patterns in its text.
    patterns: usize,
    /// References that lead back to where they are followed from.
    returns: u64,
    height: usize,
}

/// What holding a value against a schema takes at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// Applications of a schema to a part of the value.
    pub(crate) work: u64,
    /// Characters times states of the patterns that are held against them.
    pub(crate) matching: u64,
}

/// What a value consists of.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// The values within it, itself included.
    parts: u64,
    /// How deep they nest.
    depth: u64,
    /// Bytes of texts and names.
    bytes: u64,
}

impl Unfolding {
    const ONE: Self = Self { nodes: 1, states: 0, patterns: 0, returns: 0, height: 1 };

    /// The size of `schema`; `None` where a reference leads elsewhere than into the schema itself, into nothing, or back to
    /// where it stands without a step down in the value, and where it nests too deeply.
    pub(crate) fn of(schema: &Value) -> Option<Self> {
        let mut walk =
            Walk { root: schema, known: HashMap::new(), open: vec![("", 0)], parts: 0, height: 0, patterns: 0 };
        let size = walk.value(schema, Place::Root)?;
        Some(Self { patterns: walk.patterns, ..size })
    }

    /// The patterns in the schema's text.
    pub(crate) const fn patterns(self) -> usize {
        self.patterns
    }

    /// At most so much: an application for each node and part, and so many times more with each level of the value as the schema
    /// returns to itself.
    pub(crate) fn load(self, value: &Value) -> Load {
        let Extent { parts, depth, bytes } = extent(value);
        let levels = if self.returns == 0 { 1 } else { usize::try_from(depth).unwrap_or(usize::MAX) };
        if self.height.saturating_mul(levels) > MAX_HEIGHT {
            return Load { work: u64::MAX, matching: u64::MAX };
        }
        let times = match self.returns {
            0 => 1,
            1 => depth,
            returns => returns.saturating_pow(u32::try_from(depth).unwrap_or(u32::MAX)).saturating_mul(2),
        };
        Load {
            work: self.nodes.saturating_mul(parts).saturating_mul(times),
            matching: self.states.saturating_mul(bytes).saturating_mul(times),
        }
    }

    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.states = self.states.saturating_add(other.states);
        self.returns = self.returns.saturating_add(other.returns);
        self.height = self.height.max(other.height + 1);
    }
}

fn extent(value: &Value) -> Extent {
    let one = Extent { parts: 1, depth: 1, bytes: 0 };
    let around = |sum: Extent, part: &Value| {
        let inner = extent(part);
        Extent { parts: sum.parts + inner.parts, depth: sum.depth.max(inner.depth + 1), bytes: sum.bytes + inner.bytes }
    };
    match value {
        Value::Array(items) => items.iter().fold(one, around),
        Value::Object(members) => members
            .iter()
            .fold(one, |sum, (name, member)| around(Extent { bytes: sum.bytes + name.len() as u64, ..sum }, member)),
        Value::String(text) => Extent { bytes: text.len() as u64, ..one },
        _ => one,
    }
}

/// The states of a pattern's automaton, about and rather too many: one for each letter or class of letters, as often as anything in it
/// is counted out.
fn states(pattern: &str) -> u64 {
    let (mut atoms, mut times, mut is_in_class, mut is_escaped) = (1_u64, 1_u64, false, false);
    for (at, letter) in pattern.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '{' if !is_in_class => times = times.saturating_mul(count(pattern.get(at + 1..).unwrap_or_default())),
            _ => {}
        }
        atoms += u64::from(!is_in_class && !is_escaped);
    }
    times.saturating_mul(atoms).min(MAX_STATES)
}

/// The higher number of `1,64}`, which is at least 1.
fn count(counted: &str) -> u64 {
    let numbers = counted.split('}').next().unwrap_or_default().split(',');
    numbers.filter_map(|number| number.trim().parse().ok()).max().unwrap_or(1).max(1)
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
    patterns: usize,
}

impl<'a> Walk<'a> {
    fn value(&mut self, value: &'a Value, place: Place) -> Option<Unfolding> {
        if self.height == MAX_HEIGHT {
            return None;
        }
        self.height += 1;
        let mut sum = Unfolding::ONE;
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
            return Some(Unfolding { nodes: extent(member).parts, ..Unfolding::ONE });
        }
        if let ("$ref", Value::String(reference)) = (name, member) {
            return self.reference(reference);
        }
        let step = usize::from(OF_PARTS.contains(&name));
        self.parts += step;
        let sum = self.value(member, if MAPS.contains(&name) { Place::Map } else { Place::Schema });
        self.parts -= step;
        let states = self.states(name, member);
        // Definitions are held against a value only where a reference leads to them, which counts them there.
        let is_applied = !matches!(name, "$defs" | "definitions");
        sum.map(|sum| {
            if is_applied {
                Unfolding { states: sum.states.saturating_add(states), ..sum }
            } else {
                Unfolding { height: sum.height, ..Unfolding::ONE }
            }
        })
    }

    fn states(&mut self, name: &str, member: &Value) -> u64 {
        let mut count = |pattern: &str| {
            self.patterns += 1;
            states(pattern)
        };
        match (name, member) {
            ("pattern", Value::String(pattern)) => count(pattern),
            ("patternProperties", Value::Object(members)) => {
                members.keys().fold(0, |sum: u64, pattern| sum.saturating_add(count(pattern)))
            }
            _ => 0,
        }
    }

    fn reference(&mut self, reference: &'a str) -> Option<Unfolding> {
        let pointer = reference.strip_prefix('#')?;
        if let Some(&(_, parts)) = self.open.iter().find(|open| open.0 == pointer) {
            return (self.parts > parts).then_some(Unfolding { returns: 1, ..Unfolding::ONE });
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
