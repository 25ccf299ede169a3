//! From a schema to its plan.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::plain_text;
use crate::plan::{Items, Kinds, Member, Members, Numbers, Plan, Strings};

/// Keywords that demand nothing, and those that only name the schema.
const ANNOTATIONS: [&str; 10] = [
    "$comment",
    "$defs",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
];
const OF_ROOT: [&str; 3] = ["$id", "$schema", "id"];

/// The other keywords that are understood; `anyOf` is where it stands alone.
const UNDERSTOOD: [&str; 16] = [
    "additionalProperties",
    "const",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "properties",
    "propertyNames",
    "required",
    "type",
];

/// What a double counts without a gap.
const EXACT: f64 = 9_007_199_254_740_992.0;

type Keywords = Map<String, Value>;

pub(super) fn root(schema: Value) -> Plan {
    match schema {
        Value::Object(mut keywords) => {
            for name in OF_ROOT {
                keywords.remove(name);
            }
            of_keywords(&keywords)
        }
        other => of(&other),
    }
}

fn of(schema: &Value) -> Plan {
    match schema {
        Value::Bool(true) => Plan::Anything,
        Value::Object(keywords) => of_keywords(keywords),
        _ => Plan::Nothing,
    }
}

fn of_keywords(keywords: &Keywords) -> Plan {
    let demands: Vec<&str> = keywords.keys().map(String::as_str).filter(|name| !ANNOTATIONS.contains(name)).collect();
    match demands.as_slice() {
        [] => Plan::Anything,
        ["anyOf"] => any_of(&keywords["anyOf"]),
        demands if demands.iter().all(|name| UNDERSTOOD.contains(name)) => {
            kinds(keywords).map_or(Plan::Nothing, |kinds| Plan::Of(Box::new(kinds)))
        }
        _ => Plan::Nothing,
    }
}

/// Of each kind of value, what the first branch allows that allows any: the others may allow more.
fn any_of(branches: &Value) -> Plan {
    let mut all = Kinds::default();
    for branch in branches.as_array().into_iter().flatten() {
        match of(branch) {
            Plan::Anything => return Plan::Anything,
            Plan::Nothing => {}
            Plan::Of(kinds) => {
                all = Kinds {
                    null: all.null || kinds.null,
                    no: all.no || kinds.no,
                    yes: all.yes || kinds.yes,
                    numbers: all.numbers.or(kinds.numbers),
                    strings: all.strings.or(kinds.strings),
                    arrays: all.arrays.or(kinds.arrays),
                    objects: all.objects.or(kinds.objects),
                }
            }
        }
    }
    Plan::Of(Box::new(all))
}

/// `None` where a keyword says what is not understood.
fn kinds(keywords: &Keywords) -> Option<Kinds> {
    let types = types(keywords)?;
    let is_of = |name: &str| types.contains(&name);
    let mut kinds = Kinds {
        null: is_of("null"),
        no: is_of("boolean"),
        yes: is_of("boolean"),
        numbers: if is_of("number") {
            Some(numbers(keywords, Numbers::Any)?)
        } else if is_of("integer") {
            Some(numbers(keywords, Numbers::Whole { least: i64::MIN, most: i64::MAX })?)
        } else {
            None
        },
        strings: Some(strings(keywords)?).filter(|_| is_of("string")),
        arrays: Some(Box::new(items(keywords)?)).filter(|_| is_of("array")),
        objects: Some(Box::new(members(keywords)?)).filter(|_| is_of("object")),
    };
    if let Some(values) = keywords.get("enum") {
        kinds = one_of(&kinds, values.as_array()?);
    }
    if let Some(value) = keywords.get("const") {
        kinds = one_of(&kinds, std::slice::from_ref(value));
    }
    Some(kinds)
}

/// The types that are named, or all.
fn types(keywords: &Keywords) -> Option<Vec<&str>> {
    match keywords.get("type") {
        None => Some(vec!["array", "boolean", "null", "number", "object", "string"]),
        Some(Value::Array(names)) => names.iter().map(Value::as_str).collect(),
        Some(name) => Some(vec![name.as_str()?]),
    }
}

/// What of a kind is among the values. Arrays, objects and numbers with a point are not looked for.
fn one_of(kinds: &Kinds, values: &[Value]) -> Kinds {
    let numbers = |known: &Numbers| {
        let mut numbers: Vec<i64> = values.iter().filter_map(whole).filter(|&number| known.allow(number)).collect();
        numbers.sort_unstable();
        Numbers::OneOf(numbers.into())
    };
    let strings = |known: &Strings| {
        let texts = values.iter().filter_map(Value::as_str).filter(|text| known.allow(text));
        let mut texts: Vec<Box<str>> = texts.map(Into::into).collect();
        texts.sort_unstable();
        Strings::OneOf(texts.into())
    };
    Kinds {
        null: kinds.null && values.contains(&Value::Null),
        no: kinds.no && values.contains(&Value::Bool(false)),
        yes: kinds.yes && values.contains(&Value::Bool(true)),
        numbers: kinds.numbers.as_ref().map(numbers),
        strings: kinds.strings.as_ref().map(strings),
        arrays: None,
        objects: None,
    }
}

/// The numbers of a type within the bounds.
fn numbers(keywords: &Keywords, of_type: Numbers) -> Option<Numbers> {
    let (mut least, mut most, mut is_bounded) = (i64::MIN, i64::MAX, false);
    for name in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"] {
        let Some(bound) = keywords.get(name) else { continue };
        let bound = whole(bound)?;
        is_bounded = true;
        match name {
            "minimum" => least = least.max(bound),
            "exclusiveMinimum" => least = least.max(bound.checked_add(1)?),
            "maximum" => most = most.min(bound),
            _ => most = most.min(bound.checked_sub(1)?),
        }
    }
    Some(if is_bounded { Numbers::Whole { least, most } } else { of_type })
}

/// A whole number, also one that is written with a point.
#[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is within what a double counts exactly")]
fn whole(value: &Value) -> Option<i64> {
    let is_exact = |number: &f64| number.fract() == 0.0 && number.abs() <= EXACT;
    value.as_i64().or_else(|| value.as_f64().filter(is_exact).map(|number| number as i64))
}

fn strings(keywords: &Keywords) -> Option<Strings> {
    let (least, most) = (count(keywords, "minLength", 0)?, count(keywords, "maxLength", usize::MAX)?);
    Some(Strings::Long { least, most })
}

fn items(keywords: &Keywords) -> Option<Items> {
    let (least, most) = (count(keywords, "minItems", 0)?, count(keywords, "maxItems", usize::MAX)?);
    Some(Items { each: part(keywords, "items"), least, most })
}

fn members(keywords: &Keywords) -> Option<Members> {
    let is_any_name_allowed = match part(keywords, "propertyNames") {
        Plan::Anything => true,
        Plan::Nothing => false,
        Plan::Of(kinds) => matches!(kinds.strings, Some(Strings::Long { least: 0, most: usize::MAX })),
    };
    if !is_any_name_allowed {
        return None;
    }
    let mut listed: BTreeMap<&str, (Option<Plan>, u64)> = BTreeMap::new();
    if let Some(properties) = keywords.get("properties") {
        listed.extend(properties.as_object()?.iter().map(|(name, schema)| (name.as_str(), (Some(of(schema)), 0))));
    }
    let mut required: u64 = 0;
    let names: &[Value] =
        keywords.get("required").map_or(Some(&[][..]), |names| names.as_array().map(Vec::as_slice))?;
    for name in names {
        let (_, bit) = listed.entry(name.as_str()?).or_default();
        if *bit == 0 {
            // There are 64 bits; the 65th name is one too many.
            *bit = 1_u64.checked_shl(required.count_ones())?;
            required |= *bit;
        }
    }
    let plain = listed.into_iter().filter(|(name, _)| plain_text::length(name.as_bytes()) == name.len());
    let listed = plain.map(|(name, (plan, bit))| Member { name: name.into(), plan, bit }).collect();
    Some(Members { listed, others: part(keywords, "additionalProperties"), required })
}

/// The plan of a schema within; where there is none, there is no demand.
fn part(keywords: &Keywords, name: &str) -> Plan {
    keywords.get(name).map_or(Plan::Anything, of)
}

/// A bound on a length; `None` where it is none that every draft knows.
fn count(keywords: &Keywords, name: &str, unbounded: usize) -> Option<usize> {
    keywords.get(name).map_or(Some(unbounded), |count| usize::try_from(count.as_u64()?).ok())
}
