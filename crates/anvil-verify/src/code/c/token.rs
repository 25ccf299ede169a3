//! The tokens of C and C++.

/// What a token is, as far as the reader tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier.
    Name,
    /// An identifier that may be a macro: in capitals, or defined in the block.
    Macro,
    /// `int`, and its like.
    Type,
    /// `const`, and its like: may stand after a type.
    Qualifier,
    /// `static`, and its like: stands before a type.
    Storage,
    /// `struct`, `union` or `class`.
    Struct,
    Enum,
    Namespace,
    Using,
    Template,
    /// `typename`, `new`, `co_await`, and their like: what follows may be a type or a value.
    Lead,
    /// `requires`, whose place among declarations is not known here.
    Constraint,
    /// `sizeof`, and its like: anything may stand in the brackets after it.
    Apply,
    /// `public`, and its like.
    Access,
    If,
    For,
    While,
    Switch,
    Catch,
    Do,
    Else,
    Try,
    Case,
    Default,
    Return,
    /// `break` or `continue`.
    Jump,
    Goto,
    /// A number or a character.
    Number,
    /// A string.
    Text,
    Open(Bracket),
    Close(Bracket),
    Semicolon,
    Comma,
    Colon,
    Scope,
    Question,
    /// `.` and its like.
    Dot,
    Arrow,
    Ellipsis,
    Assign,
    /// An operator that stands between operands.
    Binary,
    Less,
    Greater,
    ShiftRight,
    Star,
    And,
    AndAnd,
    /// `+` or `-`.
    Sign,
    /// `!` or `~`.
    Not,
    /// `++` or `--`.
    Step,
    /// A sign that the language does not have.
    Stray,
    /// A string or a comment that is broken.
    Unclosed,
    /// A directive that is broken.
    Malformed,
    /// `#if`; of what is never read where `dead`.
    When {
        dead: bool,
    },
    /// `#elif` or `#else`.
    Otherwise {
        last: bool,
        dead: bool,
    },
    /// `#include`
    Include,
    /// `#endif`
    EndWhen,
    End,
}

impl Kind {
    /// Whether it is a word that begins a statement.
    pub(super) const fn begins_statement(self) -> bool {
        use Kind as K;
        matches!(self, K::If | K::For | K::While | K::Switch | K::Catch | K::Do | K::Else | K::Try)
            || matches!(self, K::Case | K::Default | K::Return | K::Jump | K::Goto)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bracket {
    Round,
    Square,
    Curly,
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "what is known of a token is a set, and each has its name")]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
    /// Whether it is the first of its line.
    pub(super) fresh: bool,
    /// Whether it begins with a capital.
    pub(super) capital: bool,
    /// Whether it begins with two underscores and a small letter.
    pub(super) quiet: bool,
    /// Whether a square bracket follows at once, as in an attribute.
    pub(super) doubled: bool,
}
