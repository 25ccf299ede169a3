//! A schema in a form that a text is held against without a value being built: what tools say of their arguments, and no more.
//!
//! A plan only accepts. Of what it does not understand it allows nothing, and whoever asks goes on to ask `jsonschema`. The drafts
//! differ in what they ignore; what any of them demands is demanded here, so that what is accepted follows the schema in each.

mod compile;
#[cfg(test)]
mod tests;
mod walk;

use serde_json::Value;

use crate::plan::walk::Walk;

/// What a schema allows, as far as it is understood.
#[derive(Debug)]
pub(crate) enum Plan {
    Anything,
    /// Nothing, or it is not understood.
    Nothing,
    Of(Box<Kinds>),
}

/// What is allowed of each kind of value.
#[derive(Debug, Default)]
pub(crate) struct Kinds {
    null: bool,
    no: bool,
    yes: bool,
    numbers: Option<Numbers>,
    strings: Option<Strings>,
    arrays: Option<Box<Items>>,
    objects: Option<Box<Members>>,
}

#[derive(Debug)]
enum Numbers {
    Any,
    /// Those of no more than digits and a sign, both ends included. Whether 1.0 or -0 is an integer depends on the draft.
    Whole {
        least: i64,
        most: i64,
    },
    OneOf(Box<[i64]>),
}

#[derive(Debug)]
enum Strings {
    /// So many characters.
    Long { least: usize, most: usize },
    /// In order.
    OneOf(Box<[Box<str>]>),
}

#[derive(Debug)]
struct Items {
    each: Plan,
    least: usize,
    most: usize,
}

#[derive(Debug)]
struct Members {
    /// In the order of their names. All of these are plain text: any other has to be escaped, and no name with escapes is accepted.
    listed: Box<[Member]>,
    others: Plan,
    /// The bits of the members that have to be there.
    required: u64,
}

#[derive(Debug)]
struct Member {
    name: Box<str>,
    /// None where it is only demanded, and follows what the others do.
    plan: Option<Plan>,
    /// None where it may be missing.
    bit: u64,
}

/// So many names and values are compared one by one, most of them by their length; more are halved.
const FEW: usize = 16;

impl Plan {
    /// The plan of a whole schema that `jsonschema` has compiled.
    pub(crate) fn of(schema: Value) -> Self {
        compile::root(schema)
    }

    /// Whether a text follows the schema for certain. It must be JSON that the strict reader has found nothing wrong with.
    pub(crate) fn accepts(&self, text: &str) -> bool {
        Walk::new(text).whole(self).is_some()
    }
}

impl Numbers {
    fn allow(&self, number: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Whole { least, most } => (*least..=*most).contains(&number),
            Self::OneOf(numbers) => numbers.binary_search(&number).is_ok(),
        }
    }
}

impl Strings {
    fn allow(&self, text: &str) -> bool {
        match self {
            Self::Long { least, most } => {
                // A character has four bytes at most, so that long texts need not be counted.
                let (fewest, bytes) = (text.len().div_ceil(4), text.len());
                (*least <= fewest && bytes <= *most) || (*least..=*most).contains(&text.chars().count())
            }
            Self::OneOf(texts) if texts.len() <= FEW => texts.iter().any(|known| **known == *text),
            Self::OneOf(texts) => texts.binary_search_by(|known| (**known).cmp(text)).is_ok(),
        }
    }

    /// The same of a text in which escapes stand as they are written, and which is not decoded: a character has twelve bytes at most.
    fn allow_escaped(&self, written: &str) -> bool {
        match self {
            Self::Long { least, most } => *least <= written.len().div_ceil(12) && written.len() <= *most,
            Self::OneOf(_) => false,
        }
    }
}

impl Members {
    /// Of few members, the one whose name stands at the start of a text, with the quote after it. That quote is rarely where another
    /// name would have it, so that hardly a second one is compared; and where the name ends need not be looked for.
    fn at_start(&self, text: &[u8]) -> Option<&Member> {
        let is_there =
            |member: &&Member| text.get(member.name.len()) == Some(&b'"') && text.starts_with(member.name.as_bytes());
        if self.listed.len() <= FEW { self.listed.iter().find(is_there) } else { None }
    }

    fn member(&self, name: &str) -> Option<&Member> {
        let place = self.listed.binary_search_by(|member| (*member.name).cmp(name)).ok()?;
        self.listed.get(place)
    }
}
