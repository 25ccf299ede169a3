//! The proof that a check passed.

/// Proof that a check passed. Only the checks of this crate can make one.
#[derive(Debug)]
#[must_use = "a passed check is what opens a held window"]
pub struct Passed(());

impl Passed {
    pub(crate) const fn new() -> Self {
        Self(())
    }
}
