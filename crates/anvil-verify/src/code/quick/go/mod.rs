//! Go, as The Go Programming Language Specification has it.

mod expression;
mod lexicon;
mod statement;
#[cfg(test)]
pub(super) mod tests;
mod types;

use super::Reading;
use super::cursor::Cursor;
use super::tokens::{Kind, tokens};
use lexicon::{Words, is_path};

pub(super) fn read(code: &str) -> Reading {
    let Some(tokens) = tokens::<Words>(code) else { return Reading::Unknown };
    let mut parser = Parser::new(code, &tokens, State { is_header: false, is_whole: false });
    let read = parser.file();
    parser.reading(read)
}

/// Where in Go a recogniser is.
#[derive(Debug, Clone, Copy)]
struct State {
    /// Whether this is the header of a statement, in which a brace after a name begins the statement's block.
    is_header: bool,
    /// Whether the text says of which package it is: it is meant to be a file, and in faults of it there is no doubt.
    is_whole: bool,
}

type Parser<'a> = Cursor<'a, State>;

impl Parser<'_> {
    /// What is without a package's name is a piece, and may hold statements.
    fn file(&mut self) -> Option<()> {
        self.state.is_whole = self.take(Kind::Package);
        if self.state.is_whole {
            self.expect(Kind::Ident)?;
            self.end_line()?;
            if self.kind() == Kind::Package {
                return self.fail(self.at);
            }
        }
        if !self.state.is_whole && self.kind() == Kind::Case {
            // A piece of a switch.
            self.cases(Self::values_or_types)?;
            return (self.kind() == Kind::End).then_some(());
        }
        while self.kind() == Kind::Import {
            self.import()?;
            self.end_line()?;
        }
        while self.kind() != Kind::End {
            match self.kind() {
                Kind::Func if self.is_function() => self.function()?,
                Kind::Const | Kind::Var | Kind::Type => self.declaration()?,
                // A second file may follow the first, and dots stand for what is left out.
                Kind::Package | Kind::Import | Kind::Dots => return None,
                _ if self.state.is_whole => return self.fail(self.at),
                _ => self.statement()?,
            }
            self.end_line()?;
        }
        Some(())
    }

    /// The end of a list, or a comma in it; whether the list goes on. At the end of a line the comma may not be left out.
    fn goes_on(&mut self, end: Kind) -> Option<bool> {
        if self.take(Kind::Comma) {
            return Some(!self.take(end));
        }
        if self.kind() == Kind::LineEnd && self.state.is_whole {
            return self.fail(self.at);
        }
        self.expect(end).map(|()| false)
    }

    /// In the header of a statement.
    fn in_header<T>(&mut self, inside: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.within(State { is_header: true, ..self.state }, inside)
    }

    /// In brackets, wherever they stand: a brace after a name begins a value there.
    fn in_brackets<T>(&mut self, inside: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        self.within(State { is_header: false, ..self.state }, inside)
    }

    fn within<T>(&mut self, state: State, inside: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let outside = std::mem::replace(&mut self.state, state);
        let found = inside(self);
        self.state = outside;
        found
    }

    /// Whether a statement or a declaration ends here.
    fn is_end(&self) -> bool {
        matches!(self.kind(), Kind::Semicolon | Kind::LineEnd | Kind::ParenClose | Kind::BraceClose)
    }

    /// The end of a statement or a declaration: before a closing bracket nothing has to say so.
    fn end_line(&mut self) -> Option<()> {
        let is_end = self.is_end();
        if matches!(self.kind(), Kind::Semicolon | Kind::LineEnd) {
            self.step();
        }
        is_end.then_some(())
    }

    fn import(&mut self) -> Option<()> {
        self.step();
        self.group(|it, _| {
            if matches!(it.kind(), Kind::Ident | Kind::Dot) {
                it.step();
            }
            let path = it.text_from(it.at);
            it.expect(Kind::Text)?;
            is_path(path).then_some(())
        })
    }

    /// One declaration, or several in parentheses; `each` is told how many were before it.
    fn group(&mut self, each: impl Fn(&mut Self, usize) -> Option<()>) -> Option<()> {
        if !self.take(Kind::ParenOpen) {
            return each(self, 0);
        }
        let mut count = 0;
        while !self.take(Kind::ParenClose) {
            each(self, count)?;
            self.end_line()?;
            count += 1;
        }
        Some(())
    }

    fn declaration(&mut self) -> Option<()> {
        let kind = self.kind();
        self.step();
        match kind {
            Kind::Const => self.group(Self::constants),
            Kind::Var => self.group(|it, _| it.variables()),
            _ => self.group(|it, _| it.defined_type()),
        }
    }

    /// Constants without values have those of the line before.
    fn constants(&mut self, number: usize) -> Option<()> {
        self.names()?;
        if self.is_end() {
            return (number > 0).then_some(());
        }
        if self.kind() != Kind::Assign {
            self.type_()?;
        }
        self.expect(Kind::Assign)?;
        self.values()
    }

    fn variables(&mut self) -> Option<()> {
        self.names()?;
        if self.kind() != Kind::Assign {
            self.type_()?;
        }
        if self.take(Kind::Assign) { self.values() } else { Some(()) }
    }

    fn defined_type(&mut self) -> Option<()> {
        self.expect(Kind::Ident)?;
        if self.begins_type_parameters() {
            self.type_parameters()?;
        }
        self.take(Kind::Assign);
        self.type_()
    }

    /// Whether `func` begins a function or a method, rather than a value.
    fn is_function(&self) -> bool {
        match self.ahead(1) {
            Kind::Ident => true,
            Kind::ParenOpen => self.kind_at(self.close_of(self.at + 1) + 1) == Kind::Ident,
            _ => false,
        }
    }

    fn function(&mut self) -> Option<()> {
        self.step();
        let is_method = self.kind() == Kind::ParenOpen;
        if is_method {
            self.receiver()?;
        }
        self.expect(Kind::Ident)?;
        if self.kind() == Kind::BracketOpen && !is_method {
            self.type_parameters()?;
        }
        self.signature()?;
        if self.kind() == Kind::BraceOpen { self.block() } else { Some(()) }
    }

    fn receiver(&mut self) -> Option<()> {
        self.step();
        let next = self.ahead(1);
        let is_nameless =
            next == Kind::ParenClose || next == Kind::BracketOpen && self.ends_type(self.at + 1, &[Kind::ParenClose]);
        if self.kind() == Kind::Ident && !is_nameless {
            self.step();
        }
        self.type_()?;
        self.expect(Kind::ParenClose)
    }
}
