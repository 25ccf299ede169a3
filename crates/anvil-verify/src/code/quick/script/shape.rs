//! What an expression that was just read may yet turn out to be.

/// The parts that an expression may still play, and those that it must. JavaScript says only behind an expression whether it was a
/// value, the target of an assignment or the parameters of a function ("cover grammars", ECMA-262).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape(u16);

impl Shape {
    /// A value and nothing else.
    pub(super) const VALUE: Self = Self(0);
    /// A name alone, without parentheses.
    pub(super) const NAME: Self = Self(1);
    /// What a value may be assigned to: a name, or a property.
    pub(super) const TARGET: Self = Self(2);
    /// An array or an object whose members are all targets.
    pub(super) const PATTERN: Self = Self(4);
    /// A name, or an array or object that declares names.
    pub(super) const BINDING: Self = Self(8);
    /// An assignment, which in a pattern is a member with a default.
    pub(super) const DEFAULTED: Self = Self(16);
    /// It has what only patterns may have.
    pub(super) const MUST_BE_PATTERN: Self = Self(32);
    /// Parentheses whose inside may be parameters.
    pub(super) const PARAMETERS: Self = Self(64);
    /// Parentheses whose inside must be parameters.
    pub(super) const MUST_BE_PARAMETERS: Self = Self(128);
    /// A target under a type assertion, which in parentheses is a target.
    pub(super) const CAST: Self = Self(256);
    /// A prefix and its operand, which may not be raised to a power.
    pub(super) const PREFIXED: Self = Self(512);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The parts of both.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it may play one of the parts of `other`.
    pub(super) const fn is(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// A name, by itself.
    pub(super) const fn name() -> Self {
        Self::NAME.with(Self::TARGET).with(Self::BINDING)
    }

    /// As a value; `None` where it cannot be one.
    pub(super) const fn value(self) -> Option<()> {
        if self.is(Self::MUST_BE_PATTERN.with(Self::MUST_BE_PARAMETERS)) { None } else { Some(()) }
    }

    /// Whether `=` may follow.
    pub(super) const fn is_assignable(self) -> bool {
        self.is(Self::TARGET.with(Self::PATTERN)) && !self.is(Self::DEFAULTED)
    }

    /// As what is left of an `=`.
    pub(super) const fn defaulted(self) -> Self {
        Self::DEFAULTED.with(self.and(Self::BINDING))
    }

    /// As the one expression in parentheses.
    pub(super) const fn in_parentheses(self) -> Self {
        if self.is(Self::TARGET.with(Self::CAST)) { Self::TARGET } else { Self::VALUE }
    }

    /// As the operand of a type assertion.
    pub(super) const fn cast(self) -> Self {
        if self.is(Self::TARGET.with(Self::CAST)) { Self::CAST } else { Self::VALUE }
    }

    /// What an array or object is that had only such members as `self`, with one more.
    pub(super) const fn with_member(self, member: Self) -> Self {
        let mut parts = self.and(Self::MUST_BE_PATTERN).with(member.and(Self::MUST_BE_PATTERN));
        if member.is_assignable() || member.is(Self::DEFAULTED) {
            parts = parts.with(self.and(Self::PATTERN));
        }
        parts.with(self.and(Self::BINDING).and(member))
    }

    /// An array or object without members.
    pub(super) const fn literal() -> Self {
        Self::PATTERN.with(Self::BINDING)
    }
}
