//! Java, as The Java Language Specification has it (chapters are those of its edition for Java 21).

mod creation;
mod declaration;
mod expression;
mod lexicon;
mod statement;
mod switch;
#[cfg(test)]
pub(super) mod tests;
mod types;

use super::Reading;
use super::cursor::Cursor;
use super::tokens::{Kind, tokens};
use declaration::Owner;
use lexicon::Words;
use switch::Use;

pub(super) fn read(code: &str) -> Reading {
    let Some(tokens) = tokens::<Words>(code) else { return Reading::Unknown };
    let mut parser = Parser::new(code, &tokens, State { is_program: false });
    let read = parser.file();
    parser.reading(read)
}

/// Where in Java a recogniser is.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Whether the text names its package or a class around here: it is meant to be a program, and no form of words.
    is_program: bool,
}

type Parser<'a> = Cursor<'a, State>;

impl Parser<'_> {
    /// Section 7.3. What is without a package's name may be a piece, and hold members of a class or statements.
    fn file(&mut self) -> Option<()> {
        let is_whole = self.take(Kind::Package);
        self.state.is_program = is_whole;
        if is_whole {
            self.path()?;
            self.expect(Kind::Semicolon)?;
            if self.kind() == Kind::Package {
                return self.fail(self.at);
            }
        }
        if !is_whole && self.kind() == Kind::Case {
            // A piece of a switch.
            self.cases(Use::Value)?;
            return (self.kind() == Kind::End).then_some(());
        }
        while self.take(Kind::Import) {
            self.import()?;
        }
        while self.kind() != Kind::End {
            if is_whole {
                self.declaration_of_file()?;
            } else if self.begins_member() {
                self.member(Owner::Unknown)?;
            } else {
                self.statement_of_block()?;
            }
        }
        Some(())
    }

    fn declaration_of_file(&mut self) -> Option<()> {
        if self.take(Kind::Semicolon) {
            return Some(());
        }
        self.modifiers()?;
        if self.begins_declaration() {
            return self.type_declaration();
        }
        // Not accepted; but it may be no statement either.
        self.statement_of_block()?;
        None
    }

    fn import(&mut self) -> Option<()> {
        self.take(Kind::Static);
        let start = self.at;
        self.path()?;
        if self.take(Kind::Dot) {
            self.expect(Kind::Star)?;
        }
        let is_in_package = self.at > start + 1;
        self.expect(Kind::Semicolon)?;
        is_in_package.then_some(())
    }
}
