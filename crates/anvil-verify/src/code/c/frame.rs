//! What stands in the innermost brackets, as far as the text has come.

use super::token::Bracket;

/// What a pair of brackets is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The block itself, or a namespace: declarations, and in a fragment statements, cases and members.
    Top,
    /// Statements.
    Body,
    /// Members of a class.
    Class,
    /// The names of an enumeration.
    Enum,
    /// Values.
    List,
    /// Braces that may hold anything.
    Any,
    /// The brackets after `if` and its like.
    Condition,
    /// The brackets after `for`.
    For,
    /// What a function is declared with, or a macro is called with.
    Parameters,
    /// What a function is called with.
    Arguments,
    /// Brackets after no name.
    Group,
    /// What a macro is called with, or `sizeof` and its like.
    Macro,
    /// An index, or what a lambda takes along.
    Index,
    Attribute,
}

/// What the token before was, in these brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// There is none yet, in these brackets or in this statement.
    Start,
    Comma,
    Name,
    Macro,
    Type,
    Qualifier,
    Storage,
    /// `struct` and its like.
    Tag,
    Lead,
    Apply,
    Number,
    Text,
    /// The end of the brackets after a name.
    Call,
    MacroCall,
    /// The end of brackets that may be a cast.
    Cast,
    /// The end of brackets that are a value.
    Group,
    /// The end of an index, or `++` after a value.
    Index,
    /// The end of a class or an enumeration.
    Body,
    /// The end of a list of values, or of a lambda.
    Value,
    /// An operator that demands an operand.
    Operator,
    /// An operator alone, as an argument.
    Alone,
    /// `*` or `&`, which may be part of a type.
    Star,
    Dot,
    Arrow,
    Scope,
    Ellipsis,
    /// `<` of C++.
    Open,
    /// `>` after it, or the end of braces that may hold anything.
    Close,
    Return,
    Jump,
    Default,
    Access,
    /// `if` and its like, before its brackets.
    Head,
    /// A statement is due: after `else`, or the brackets of an `if`.
    Due,
    /// The brackets of `do … while (…)` have ended.
    Done,
}

/// How far a statement, or an argument, has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Start,
    /// Only what may be a declaration.
    Declaration,
    Expression,
}

/// What is being declared, where braces after it are not a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    None,
    Class,
    Enum,
    Space,
}

/// The word that the next brackets belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    If,
    For,
    While,
    /// `switch` or `catch`.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "what has been seen is a set, and each has its name")]
pub(super) struct Frame {
    pub(super) place: Place,
    pub(super) bracket: Bracket,
    pub(super) last: Last,
    /// What stands before the macro that is the last.
    pub(super) before: Last,
    pub(super) mode: Mode,
    pub(super) tag: Tag,
    pub(super) head: Head,
    /// The statements that the next one is part of.
    pub(super) heads: Heads,
    /// Names since the type began, each of which may be one of its words.
    pub(super) names: u8,
    /// `?` without its `:`.
    pub(super) questions: u8,
    /// `<` of C++ that may be a bracket.
    pub(super) angles: u8,
    /// `;` in these brackets, where they are round.
    pub(super) semicolons: u8,
    /// The type is known: a keyword, or what `struct` names.
    pub(super) has_type: bool,
    /// Something stands here that no type has.
    pub(super) has_value: bool,
    /// A macro may have said what is missing.
    pub(super) has_macro: bool,
    /// The name before begins with a capital.
    pub(super) has_capital: bool,
    /// A name has been followed by brackets.
    pub(super) has_call: bool,
    /// A parameter after the first begins with `*`.
    pub(super) has_bare_pointer: bool,
    /// The first parameter begins with `*` or `(`.
    pub(super) has_bare_first: bool,
    /// The brackets before hold a type for sure.
    pub(super) is_type_cast: bool,
    /// A comma stands before, in these brackets.
    pub(super) has_comma: bool,
    /// What is declared is a pointer to a function: `(*name)` stands before.
    pub(super) is_pointer: bool,
    /// The macro before stands after what is declared.
    pub(super) is_after_declarator: bool,
    /// The brackets before are those of a function that is declared: they hold types.
    pub(super) is_prototype: bool,
    /// The statement is a `case`.
    pub(super) is_case: bool,
    /// The `:` of a constructor has been seen.
    pub(super) is_constructor: bool,
    /// A lambda has begun.
    pub(super) is_lambda: bool,
    /// The statement is a `using`.
    pub(super) is_alias: bool,
    /// The statement begins with `template`, of which the `<…>` has not ended.
    pub(super) is_template: bool,
    /// The statement begins with a cast to a name, and the value after it is a name.
    pub(super) is_cast: bool,
    /// A macro begins a line after what may be a whole declaration.
    pub(super) is_split: bool,
    /// The statement begins with a name, on the line of the one before.
    pub(super) is_within_line: bool,
    /// The argument begins a line.
    pub(super) is_on_line: bool,
    /// The macro begins with two underscores, and goes on in small letters.
    pub(super) is_quiet: bool,
    /// The braces before may have ended the statement.
    pub(super) may_end: bool,
    /// The statement before has ended, and what it was part of has not been let go.
    pub(super) has_ended: bool,
}

impl Frame {
    pub(super) const fn new(place: Place, bracket: Bracket) -> Self {
        Self {
            place,
            bracket,
            last: Last::Start,
            before: Last::Start,
            mode: Mode::Start,
            tag: Tag::None,
            head: Head::Other,
            heads: Heads(0),
            names: 0,
            questions: 0,
            angles: 0,
            semicolons: 0,
            has_type: false,
            has_value: false,
            has_macro: false,
            has_capital: false,
            has_call: false,
            has_bare_pointer: false,
            has_bare_first: false,
            is_type_cast: false,
            has_comma: false,
            is_pointer: false,
            is_after_declarator: false,
            is_prototype: false,
            is_case: false,
            is_constructor: false,
            is_lambda: false,
            is_alias: false,
            is_template: false,
            is_cast: false,
            is_split: false,
            is_within_line: false,
            is_on_line: false,
            is_quiet: false,
            may_end: false,
            has_ended: false,
        }
    }

    /// Begins a statement, or an argument, with what counts as its first token.
    pub(super) const fn begin(&mut self, last: Last) {
        *self = Self {
            last,
            head: self.head,
            heads: self.heads,
            semicolons: self.semicolons,
            has_value: self.has_value,
            has_bare_pointer: self.has_bare_pointer,
            has_bare_first: self.has_bare_first,
            has_comma: self.has_comma,
            has_ended: self.has_ended,
            ..Self::new(self.place, self.bracket)
        };
    }

    /// The statement has ended.
    pub(super) const fn end(&mut self) {
        self.begin(Last::Start);
        self.has_ended = true;
    }

    /// What stands here may begin a declaration.
    pub(super) fn declare(&mut self) {
        if self.mode == Mode::Start {
            self.mode = Mode::Declaration;
        }
    }

    /// What stands here is a value.
    pub(super) const fn evaluate(&mut self) {
        self.mode = Mode::Expression;
        self.has_value = true;
    }

    /// Whether anything may stand here that has its brackets in pairs.
    pub(super) const fn is_loose(&self) -> bool {
        matches!(self.place, Place::Macro | Place::Attribute | Place::Any)
    }

    /// Whether statements or members stand here.
    pub(super) const fn has_statements(&self) -> bool {
        matches!(self.place, Place::Top | Place::Body | Place::Any | Place::Class)
    }

    pub(super) const fn begins(&self) -> bool {
        matches!(self.last, Last::Start | Last::Comma)
    }

    /// Whether an operand is due.
    pub(super) const fn wants(&self) -> bool {
        matches!(self.last, Last::Operator | Last::Dot | Last::Scope | Last::Arrow)
    }

    /// Whether a value may have ended.
    pub(super) const fn has_operand(&self) -> bool {
        use Last as L;
        matches!(
            self.last,
            L::Name | L::Macro | L::Text | L::Call | L::MacroCall | L::Group | L::Cast | L::Index | L::Value | L::Close
        )
    }

    /// Whether the last of two names stands here, the first of which is its type.
    pub(super) fn has_declarator(&self) -> bool {
        self.last == Last::Name
            && self.mode == Mode::Declaration
            && self.names > 1
            && !self.has_macro
            && self.angles == 0
            && !self.is_loose()
    }

    /// Whether a macro is the operand of the operator before, so that it is no statement of its own.
    pub(super) fn ends_in_operand(&self) -> bool {
        self.mode == Mode::Expression && self.last == Last::Macro && self.before == Last::Operator
    }

    /// Whether a type and a name stand here, so that the member or the variable may be whole.
    pub(super) fn is_declared(&self) -> bool {
        self.last == Last::Name
            && self.mode == Mode::Declaration
            && (self.has_type || self.has_macro || self.names > 1)
            && matches!(self.place, Place::Class | Place::Body)
    }
}

/// The statements that the next one is part of, two bits each, the innermost last. What is beyond 32 is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heads(u64);

impl Heads {
    pub(super) const IF: u64 = 1;
    /// `else`, `for`, `while` or `switch`.
    pub(super) const OTHER: u64 = 2;
    pub(super) const DO: u64 = 3;

    pub(super) const fn push(&mut self, head: u64) {
        self.0 = self.0 << 2 | head;
    }

    pub(super) const fn pop(&mut self) {
        self.0 >>= 2;
    }

    pub(super) const fn clear(&mut self) {
        self.0 = 0;
    }

    pub(super) const fn innermost(self) -> u64 {
        self.0 & 3
    }

    pub(super) const fn has_do(mut self) -> bool {
        while self.0 != 0 {
            if self.innermost() == Self::DO {
                return true;
            }
            self.pop();
        }
        false
    }

    /// Lets go of all that is within `head`; whether there is one.
    pub(super) const fn unwind(&mut self, head: u64, through: u64) -> bool {
        while self.0 != 0 && self.innermost() != head && (through == 0 || self.innermost() == through) {
            self.pop();
        }
        self.innermost() == head
    }
}
