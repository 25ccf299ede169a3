//! The words that mean something else than themselves, where a command may begin (the Bash Reference Manual, section 3.2.1).

use super::Script;
use super::word::ends_word;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reserved {
    Bang,
    Brace,
    BraceEnd,
    Case,
    Coproc,
    Do,
    Done,
    Elif,
    Else,
    Esac,
    Fi,
    For,
    Function,
    If,
    In,
    Select,
    Test,
    Then,
    Time,
    Until,
    While,
}

/// The longest of them, in bytes.
const LONGEST: usize = 8;

impl Reserved {
    fn from_word(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"!" => Self::Bang,
            b"{" => Self::Brace,
            b"}" => Self::BraceEnd,
            b"case" => Self::Case,
            b"coproc" => Self::Coproc,
            b"do" => Self::Do,
            b"done" => Self::Done,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"esac" => Self::Esac,
            b"fi" => Self::Fi,
            b"for" => Self::For,
            b"function" => Self::Function,
            b"if" => Self::If,
            b"in" => Self::In,
            b"select" => Self::Select,
            b"[[" => Self::Test,
            b"then" => Self::Then,
            b"time" => Self::Time,
            b"until" => Self::Until,
            b"while" => Self::While,
            _ => return None,
        })
    }

    const fn length(self) -> usize {
        match self {
            Self::Bang | Self::Brace | Self::BraceEnd => 1,
            Self::Do | Self::Fi | Self::If | Self::In | Self::Test => 2,
            Self::For => 3,
            Self::Case | Self::Done | Self::Elif | Self::Else | Self::Esac | Self::Then | Self::Time => 4,
            Self::Until | Self::While => 5,
            Self::Coproc | Self::Select => 6,
            Self::Function => 8,
        }
    }

    /// Whether it ends a list of commands.
    pub(super) const fn is_end(self) -> bool {
        matches!(
            self,
            Self::BraceEnd | Self::Do | Self::Done | Self::Elif | Self::Else | Self::Esac | Self::Fi | Self::Then
        )
    }
}

impl Script<'_> {
    /// The reserved word that stands here.
    pub(super) fn reserved(&self) -> Option<Reserved> {
        let rest = self.code.get(self.at..)?;
        let is_of_one = |byte: &u8| byte.is_ascii_lowercase() || matches!(byte, b'{' | b'}' | b'!' | b'[');
        let length = rest.iter().take(LONGEST + 1).take_while(|byte| is_of_one(byte)).count();
        let word = Reserved::from_word(rest.get(..length)?)?;
        ends_word(self.byte(self.joined(self.at + length))).then_some(word)
    }

    /// Goes over the reserved word if it stands here.
    pub(super) fn takes(&mut self, word: Reserved) -> bool {
        let is_here = self.reserved() == Some(word);
        if is_here {
            self.at += word.length();
        }
        is_here
    }

    /// Goes over an unquoted word that is reserved in its place alone (`in`).
    pub(super) fn takes_word(&mut self, word: &[u8]) -> bool {
        let is_here = self.starts(word) && ends_word(self.byte(self.joined(self.at + word.len())));
        if is_here {
            self.at += word.len();
        }
        is_here
    }
}
