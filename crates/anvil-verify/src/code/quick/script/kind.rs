//! The kinds of tokens.

/// What a token is. Words come last, names before the words that are no names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    End,
    /// What begins no token, or one that does not end.
    Wrong,
    Number,
    Text,
    Regex,
    Private,
    Backtick,
    OpenBrace,
    CloseBrace,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    Dot,
    Dots,
    Semicolon,
    Comma,
    Colon,
    Question,
    QuestionDot,
    Arrow,
    At,
    Equals,
    /// An assignment that calculates: `+=`.
    Assign,
    SlashEquals,
    Less,
    /// A `>` alone: what it is the beginning of, only an expression asks ([`super::lexer::Lexer::widen`]).
    Greater,
    Slash,
    Plus,
    Minus,
    Star,
    Power,
    Bang,
    Tilde,
    Pipe,
    Ampersand,
    /// `++` and `--`.
    Update,
    /// `&&` and `||`.
    Logic,
    Coalesce,
    /// An operator between two operands that is nothing else.
    Binary,
    Name,
    Abstract,
    Accessor,
    As,
    Asserts,
    Assert,
    Async,
    Declare,
    Defer,
    From,
    Get,
    Global,
    Implements,
    Infer,
    Interface,
    Is,
    Keyof,
    Module,
    Namespace,
    Of,
    Out,
    Override,
    /// The word `private`.
    Hidden,
    Protected,
    Public,
    Readonly,
    Require,
    Satisfies,
    Set,
    Source,
    Static,
    Type,
    Unique,
    Using,
    // From here on, words that are no names.
    Await,
    Break,
    Case,
    Catch,
    Class,
    Const,
    Continue,
    Debugger,
    Default,
    Delete,
    Do,
    Else,
    Enum,
    Export,
    Extends,
    False,
    Finally,
    For,
    Function,
    If,
    Import,
    In,
    Instanceof,
    Let,
    New,
    Null,
    Return,
    Super,
    Switch,
    This,
    Throw,
    True,
    Try,
    Typeof,
    Var,
    Void,
    While,
    With,
    Yield,
}

impl Kind {
    pub(super) fn is_word(self) -> bool {
        self >= Self::Name
    }

    /// Whether it may name a variable.
    pub(super) fn is_name(self) -> bool {
        self >= Self::Name && self < Self::Await
    }

    /// Whether it may begin the name of a property.
    pub(super) fn begins_key(self) -> bool {
        self.is_word() || matches!(self, Self::Text | Self::Number | Self::Private | Self::OpenBracket)
    }

    /// Whether it may begin an operand.
    pub(super) fn begins_operand(self) -> bool {
        use Kind as K;
        self.is_name()
            || matches!(self, K::Number | K::Text | K::Regex | K::Private | K::Backtick | K::OpenBrace | K::OpenParen)
            || matches!(self, K::OpenBracket | K::At | K::SlashEquals | K::Less | K::Slash | K::Plus | K::Minus)
            || matches!(self, K::Bang | K::Tilde | K::Update | K::Await | K::Class | K::Delete | K::False | K::Function)
            || matches!(self, K::Import | K::New | K::Null | K::Super | K::This | K::True | K::Typeof | K::Void)
            || self == K::Yield
    }

    /// Whether it may stand between two operands.
    pub(super) fn is_between(self) -> bool {
        use Kind as K;
        matches!(
            self,
            K::Less | K::Greater | K::Slash | K::Plus | K::Minus | K::Star | K::Power | K::Pipe | K::Ampersand
        ) || matches!(self, K::Logic | K::Coalesce | K::Binary | K::In | K::Instanceof | K::As | K::Satisfies)
    }

    /// The kind of a word.
    pub(super) fn of_word(word: &[u8]) -> Self {
        if !(2..=10).contains(&word.len()) || !word.first().is_some_and(u8::is_ascii_lowercase) {
            return Self::Name;
        }
        if word.len() <= 5 { Self::of_short_word(word) } else { Self::of_long_word(word) }
    }

    fn of_short_word(word: &[u8]) -> Self {
        match word {
            b"as" => Self::As,
            b"do" => Self::Do,
            b"if" => Self::If,
            b"in" => Self::In,
            b"is" => Self::Is,
            b"of" => Self::Of,
            b"for" => Self::For,
            b"get" => Self::Get,
            b"let" => Self::Let,
            b"new" => Self::New,
            b"out" => Self::Out,
            b"set" => Self::Set,
            b"try" => Self::Try,
            b"var" => Self::Var,
            b"case" => Self::Case,
            b"else" => Self::Else,
            b"enum" => Self::Enum,
            b"from" => Self::From,
            b"null" => Self::Null,
            b"this" => Self::This,
            b"true" => Self::True,
            b"type" => Self::Type,
            b"void" => Self::Void,
            b"with" => Self::With,
            b"async" => Self::Async,
            b"await" => Self::Await,
            b"break" => Self::Break,
            b"catch" => Self::Catch,
            b"class" => Self::Class,
            b"const" => Self::Const,
            b"defer" => Self::Defer,
            b"false" => Self::False,
            b"infer" => Self::Infer,
            b"keyof" => Self::Keyof,
            b"super" => Self::Super,
            b"throw" => Self::Throw,
            b"using" => Self::Using,
            b"while" => Self::While,
            b"yield" => Self::Yield,
            _ => Self::Name,
        }
    }

    fn of_long_word(word: &[u8]) -> Self {
        match word {
            b"assert" => Self::Assert,
            b"delete" => Self::Delete,
            b"export" => Self::Export,
            b"global" => Self::Global,
            b"import" => Self::Import,
            b"module" => Self::Module,
            b"public" => Self::Public,
            b"return" => Self::Return,
            b"source" => Self::Source,
            b"static" => Self::Static,
            b"switch" => Self::Switch,
            b"typeof" => Self::Typeof,
            b"unique" => Self::Unique,
            b"asserts" => Self::Asserts,
            b"declare" => Self::Declare,
            b"default" => Self::Default,
            b"extends" => Self::Extends,
            b"finally" => Self::Finally,
            b"private" => Self::Hidden,
            b"require" => Self::Require,
            b"abstract" => Self::Abstract,
            b"accessor" => Self::Accessor,
            b"continue" => Self::Continue,
            b"debugger" => Self::Debugger,
            b"function" => Self::Function,
            b"override" => Self::Override,
            b"readonly" => Self::Readonly,
            b"interface" => Self::Interface,
            b"namespace" => Self::Namespace,
            b"protected" => Self::Protected,
            b"satisfies" => Self::Satisfies,
            b"implements" => Self::Implements,
            b"instanceof" => Self::Instanceof,
            _ => Self::Name,
        }
    }
}
