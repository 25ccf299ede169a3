//! TOML, by the crate that Cargo reads it with; it gives up where brackets or the names of a key are more than 80 deep.

use toml::de::DeTable;

use super::Reading;

pub(super) fn read(code: &str) -> Reading {
    Reading::of(DeTable::parse(code).is_ok())
}
