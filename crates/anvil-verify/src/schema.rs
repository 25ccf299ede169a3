//! JSON Schema: what a tool's arguments or an answer's form must follow.
//!
//! Draft 2020-12, or the older draft that `$schema` names. `format` and the `content…` keywords are annotations. A schema is
//! only compiled when all that it means can be told from its own text: a reference that leads out of it, a pattern that needs
//! backtracking, a keyword of `OpenAPI` that loosens it, or a mistake in it make it none, and nothing is proven by it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonTypeSet, PatternOptions, ValidationError, Validator};
use serde_json::Value;

use crate::plan::Plan;
use crate::unfolding::{Load, Unfolding};

/// The largest text of a schema that is compiled, in bytes. Claude Code's 24 tools have 64 KB together.
pub const MAX_SCHEMA_BYTES: usize = 128 << 10;

/// The most work that a value may take, in applications of a schema to a part of the value, at worst (14 to 100 ns each). What could
/// take more is not held against its schema.
pub const MAX_WORK: u64 = 1 << 19;

/// The most work for which a mismatch is explained: an explanation of nested branches takes 30 microseconds for each of them (measured).
const EXPLAINED_WORK: u64 = 1 << 12;

/// The most matching that a value may take, in characters times states of the patterns' automata (about 4 ns each, at worst), and
/// the most for which a mismatch is explained, which matches once more.
const MAX_MATCHING: u64 = 1 << 22;
const EXPLAINED_MATCHING: u64 = 1 << 20;

/// The largest automaton of a pattern, in bytes; what a character costs is bounded by it.
const MAX_PATTERN_BYTES: usize = 64 << 10;

/// The most patterns of one schema. One with more is not compiled.
const MAX_PATTERNS: usize = 64;

/// Schemas of one generation of the cache: so many, and so many bytes of memory, about.
const GENERATION: usize = 256;
const GENERATION_BYTES: usize = 32 << 20;

/// What a compiled schema takes, about: so many bytes for each of its text, and for each pattern.
const BYTES_A_BYTE: usize = 42;
const BYTES_A_PATTERN: usize = 4 * MAX_PATTERN_BYTES;

/// Wrong types that are reported for one value.
const MAX_MISFITS: usize = 32;

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    unfolding: Unfolding,
    plan: Plan,
}

/// A value does not follow its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The keyword that does not hold.
    pub keyword: String,
}

/// A part of a value that has another type than its schema demands.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// The JSON pointer to it.
    pub(crate) pointer: String,
    /// The types that would do.
    pub(crate) types: JsonTypeSet,
}

impl Schema {
    /// The compiled schema, from the process's cache where it is there. `None` where nothing can be proven by it.
    pub fn compile(text: &str) -> Option<Arc<Self>> {
        if text.len() > MAX_SCHEMA_BYTES {
            return None;
        }
        if let Some(cached) = cache(|cache| cache.get(text)) {
            return cached.schema;
        }
        // Outside the lock: another thread may compile the same, and nobody waits.
        let schema = Self::build(text).map(Arc::new);
        let compiled = Compiled { size: Self::size(text, schema.as_deref()), schema: schema.clone() };
        cache(|cache| cache.insert(text, compiled));
        schema
    }

    fn build(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let unfolding = Unfolding::of(&document).filter(|unfolding| unfolding.patterns() <= MAX_PATTERNS)?;
        let validator = jsonschema::options()
            .offline()
            .should_validate_formats(false)
            .without_content_encoding_support("base64")
            .without_content_media_type_support("application/json")
            .with_pattern_options(
                PatternOptions::regex().size_limit(MAX_PATTERN_BYTES).dfa_size_limit(MAX_PATTERN_BYTES),
            )
            .build(&document)
            .ok()?;
        Some(Self { validator, unfolding, plan: Plan::of(document) })
    }

    /// Whether a text follows the schema that the strict reader has found nothing wrong with; also `Ok` where it cannot be told.
    ///
    /// # Errors
    /// What [`validate`](Self::validate) says.
    pub fn validate_text(&self, text: &str) -> Result<(), Mismatch> {
        if self.plan.accepts(text) {
            return Ok(());
        }
        // What the strict reader has and serde_json has not (a lone surrogate, a number beyond a double) proves nothing.
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Ok(()) };
        self.validate(&value)
    }

    /// Whether a value follows the schema; also `Ok` where telling would take more than [`MAX_WORK`].
    ///
    /// # Errors
    /// The first keyword found that does not hold, or `$schema` for all of it where to find that would take too long.
    pub fn validate(&self, value: &Value) -> Result<(), Mismatch> {
        let load = self.unfolding.load(value);
        if !load.is_bearable() || self.validator.is_valid(value) {
            return Ok(());
        }
        let first = load.is_light().then(|| self.validator.validate(value).err()).flatten();
        let keyword = first.map_or_else(|| "$schema".to_owned(), |error| error.kind().keyword().to_owned());
        Err(Mismatch { keyword })
    }

    /// The parts of a value that have another type than is demanded, as far as they are the reason of a mismatch.
    pub(crate) fn misfits(&self, value: &Value) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        let load = self.unfolding.load(value);
        if load.is_bearable() && load.is_light() {
            for error in self.validator.iter_errors(value) {
                note_misfits(&error, value, &mut misfits);
            }
        }
        misfits
    }

    /// The bytes of memory that a schema of this text takes, about.
    fn size(text: &str, schema: Option<&Self>) -> usize {
        let patterns = schema.map_or(0, |schema| schema.unfolding.patterns());
        text.len() * if schema.is_some() { BYTES_A_BYTE } else { 1 } + patterns * BYTES_A_PATTERN
    }
}

impl Load {
    fn is_bearable(self) -> bool {
        self.work <= MAX_WORK && self.matching <= MAX_MATCHING
    }

    fn is_light(self) -> bool {
        self.work <= EXPLAINED_WORK && self.matching <= EXPLAINED_MATCHING
    }
}

fn note_misfits(error: &ValidationError<'_>, value: &Value, misfits: &mut Vec<Misfit>) {
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            let types = match *kind {
                TypeKind::Single(one) => JsonTypeSet::empty().insert(one),
                TypeKind::Multiple(many) => many,
            };
            let pointer = error.instance_path().as_str();
            if let Some(known) = misfits.iter_mut().find(|misfit| misfit.pointer == pointer) {
                known.types = types.iter().fold(known.types, JsonTypeSet::insert);
            } else if misfits.len() < MAX_MISFITS {
                misfits.push(Misfit { pointer: pointer.to_owned(), types });
            }
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let is_string = value.pointer(error.instance_path().as_str()).is_some_and(Value::is_string);
            // Where some branch takes strings, it may be a string that is meant, and a wrong one.
            if !is_string || context.iter().all(|branch| branch.iter().any(|other| is_type_of_same(other, error))) {
                for error in context.iter().flatten() {
                    note_misfits(error, value, misfits);
                }
            }
        }
        _ => {}
    }
}

fn is_type_of_same(error: &ValidationError<'_>, other: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.instance_path() == other.instance_path()
}

/// What a text was compiled to.
#[derive(Debug, Clone)]
struct Compiled {
    schema: Option<Arc<Schema>>,
    /// About how many bytes of memory it takes.
    size: usize,
}

/// Two generations: what is used in the younger one outlives the older one. No clock, no order to keep, a bound on both.
#[derive(Debug, Default)]
struct Cache {
    young: HashMap<Arc<str>, Compiled>,
    old: HashMap<Arc<str>, Compiled>,
    young_bytes: usize,
}

impl Cache {
    fn get(&mut self, text: &str) -> Option<Compiled> {
        if let Some(compiled) = self.young.get(text) {
            return Some(compiled.clone());
        }
        let compiled = self.old.remove(text)?;
        self.insert(text, compiled.clone());
        Some(compiled)
    }

    fn insert(&mut self, text: &str, compiled: Compiled) {
        let size = compiled.size;
        if self.young.len() >= GENERATION || self.young_bytes + size > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(text.into(), compiled).is_none() {
            self.young_bytes += size;
        }
    }
}

fn cache<T>(act: impl FnOnce(&mut Cache) -> T) -> T {
    static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);
    // Whoever panicked while holding it has left two maps, each whole.
    act(&mut CACHE.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_keeps_what_is_used_and_is_bounded() {
        let mut cache = Cache::default();
        for number in 0..10 * GENERATION {
            cache.insert(&format!("{number}"), Compiled { schema: None, size: 1 });
            assert!(number == 0 || cache.get("0").is_some(), "{number}");
            assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION);
        }
        assert!(cache.get("1").is_none());
    }

    #[test]
    fn the_cache_is_bounded_in_bytes() {
        let mut cache = Cache::default();
        for number in 0..40 {
            cache.insert(&format!("{number}"), Compiled { schema: None, size: GENERATION_BYTES / 3 });
            let bytes: usize = cache.young.values().chain(cache.old.values()).map(|compiled| compiled.size).sum();
            assert!(bytes <= 2 * GENERATION_BYTES, "{bytes}");
        }
    }

    #[test]
    fn patterns_count_for_what_they_are_compiled_to() {
        let size = |text| Schema::size(text, Schema::build(text).as_ref());
        let plain = r#"{"properties":{"a":{"default":"^(a|b){40}$"}}}"#;
        let pattern = r#"{"properties":{"a":{"pattern":"^(a|b){40}$"}}}"#;
        assert_eq!(size(plain), plain.len() * BYTES_A_BYTE);
        assert!(size(pattern) >= BYTES_A_PATTERN);
    }
}
