//! Numbers of tokens, which are not believed blindly.

use serde::de::{Deserialize, Deserializer};

use crate::document::{Otherwise, Scalar};

/// A count above it, some thousand times the largest context there is, is not believed.
const MOST_TOKENS: u64 = 1_000_000_000;

/// What stands where a number of tokens should.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Count {
    /// Nothing, or `null`.
    #[default]
    Missing,
    Of(u64),
    /// Below zero, no whole number, no number, or more than [`MOST_TOKENS`].
    Absurd,
}

/// A request has a count that is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Absurd;

impl Count {
    /// The number; 0 where there is none.
    pub(crate) fn value(self) -> Result<u64, Absurd> {
        self.known().map(Option::unwrap_or_default)
    }

    pub(crate) fn known(self) -> Result<Option<u64>, Absurd> {
        match self {
            Self::Missing => Ok(None),
            Self::Of(number) => Ok(Some(number)),
            Self::Absurd => Err(Absurd),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Scalar::deserialize(deserializer)? {
            Scalar::Null => Self::Missing,
            Scalar::Whole(number) if number <= MOST_TOKENS => Self::Of(number),
            _ => Self::Absurd,
        })
    }
}

impl Otherwise for Count {
    fn otherwise() -> Self {
        Self::Absurd
    }
}
