//! Which checks are made.

/// One of the checks, by its room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// That there is an answer, and that it was not cut short.
    Content,
    /// That no token of a chat template stands in the text.
    Template,
    /// That no tool call was written as text.
    LeakedCall,
    /// That the answer does not repeat itself without end.
    Repetition,
    /// That tool calls are of tools that were offered, in JSON, and as `tool_choice` demands.
    Tools,
    /// That a call's arguments follow its tool's schema.
    Schema,
    /// That edits apply to files that were read.
    Edits,
    /// That blocks of code can be parsed.
    Code,
    /// That diffs can be read.
    Diff,
    /// That the answer has the form that was asked for.
    Format,
    /// That the model did not decline.
    Refusal,
    /// That the tier read all of the prompt.
    Prompt,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 12] = [
        Self::Content,
        Self::Template,
        Self::LeakedCall,
        Self::Repetition,
        Self::Tools,
        Self::Schema,
        Self::Edits,
        Self::Code,
        Self::Diff,
        Self::Format,
        Self::Refusal,
        Self::Prompt,
    ];

    /// The check's name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Template => "template",
            Self::LeakedCall => "leaked_call",
            Self::Repetition => "repetition",
            Self::Tools => "tools",
            Self::Schema => "schema",
            Self::Edits => "edits",
            Self::Code => "code",
            Self::Diff => "diff",
            Self::Format => "format",
            Self::Refusal => "refusal",
            Self::Prompt => "prompt",
        }
    }

    /// The check of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}

/// A set of checks, and whether what is provably meant is repaired before it is rejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks {
    made: u16,
    repairs: bool,
}

impl Checks {
    /// These checks.
    pub fn of(checks: impl IntoIterator<Item = Check>, repairs: bool) -> Self {
        Self { made: checks.into_iter().fold(0, |made, check| made | 1 << check as u16), repairs }
    }

    /// Whether the check is made.
    pub const fn has(self, check: Check) -> bool {
        self.made & 1 << check as u16 != 0
    }

    /// Whether tool calls are repaired.
    pub const fn repairs(self) -> bool {
        self.repairs
    }

    /// The same checks without repairs.
    #[must_use]
    pub const fn without_repairs(self) -> Self {
        Self { repairs: false, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, Checks};

    #[test]
    fn a_set_has_what_it_was_made_of() {
        let checks = Checks::of([Check::Code, Check::Prompt], true);
        let made: Vec<Check> = Check::ALL.into_iter().filter(|check| checks.has(*check)).collect();
        assert_eq!(made, [Check::Code, Check::Prompt]);
        assert!(checks.repairs() && !checks.without_repairs().repairs());
    }

    #[test]
    fn every_check_is_found_by_its_name() {
        assert!(Check::ALL.into_iter().all(|check| Check::from_name(check.name()) == Some(check)));
        assert_eq!(Check::from_name("Code"), None);
    }
}
