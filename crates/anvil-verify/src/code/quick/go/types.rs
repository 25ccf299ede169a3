//! Types of Go ("Types", "Type parameter declarations").

use super::super::tokens::Kind;
use super::Parser;

/// An entry of a list of parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parameter {
    /// A name alone: of a parameter, or of its type.
    Lone,
    /// A name and its type.
    Named,
    /// A type.
    Typed,
}

/// Whether a type may begin with the token.
pub(super) fn begins_type(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Ident
            | Kind::ParenOpen
            | Kind::BracketOpen
            | Kind::Star
            | Kind::Map
            | Kind::Chan
            | Kind::Receive
            | Kind::Func
            | Kind::Struct
            | Kind::Interface
    )
}

impl Parser<'_> {
    pub(super) fn type_(&mut self) -> Option<()> {
        self.deeper(|it| match it.kind() {
            Kind::Ident => it.type_name(),
            Kind::ParenOpen => {
                it.step();
                it.type_()?;
                it.expect(Kind::ParenClose)
            }
            Kind::BracketOpen => it.array(),
            Kind::Star => {
                it.step();
                it.type_()
            }
            Kind::Map => {
                it.step();
                it.expect(Kind::BracketOpen)?;
                it.type_()?;
                it.expect(Kind::BracketClose)?;
                it.type_()
            }
            Kind::Chan => {
                it.step();
                it.take(Kind::Receive);
                it.type_()
            }
            Kind::Receive => {
                it.step();
                it.expect(Kind::Chan)?;
                it.type_()
            }
            Kind::Func => {
                it.step();
                it.signature()
            }
            Kind::Struct => it.structure(),
            Kind::Interface => it.interface(),
            _ => None,
        })
    }

    fn array(&mut self) -> Option<()> {
        self.expect(Kind::BracketOpen)?;
        if self.kind() != Kind::BracketClose {
            self.in_brackets(Self::value)?;
        }
        self.expect(Kind::BracketClose)?;
        self.type_()
    }

    fn type_name(&mut self) -> Option<()> {
        self.expect(Kind::Ident)?;
        if self.take(Kind::Dot) {
            self.expect(Kind::Ident)?;
        }
        if !self.take(Kind::BracketOpen) {
            return Some(());
        }
        self.list(Kind::BracketClose, Self::type_)
    }

    /// One or more of what `each` reads with commas between them, up to `end`.
    fn list(&mut self, end: Kind, each: fn(&mut Self) -> Option<()>) -> Option<()> {
        each(self)?;
        while self.goes_on(end)? {
            each(self)?;
        }
        Some(())
    }

    /// Whether the bracket that opens at `at` holds the arguments of a type, after which nothing of it follows.
    pub(super) fn ends_type(&self, at: usize, after: &[Kind]) -> bool {
        let close = self.close_of(at);
        close > at + 1 && after.contains(&self.kind_at(close + 1))
    }

    fn structure(&mut self) -> Option<()> {
        self.step();
        self.expect(Kind::BraceOpen)?;
        while !self.take(Kind::BraceClose) {
            self.field()?;
            self.take(Kind::Text);
            self.end_line()?;
        }
        Some(())
    }

    fn field(&mut self) -> Option<()> {
        const ENDS: [Kind; 4] = [Kind::Semicolon, Kind::LineEnd, Kind::Text, Kind::BraceClose];
        if self.take(Kind::Star) {
            return self.type_name();
        }
        let next = self.ahead(1);
        let is_embedded = next == Kind::Dot
            || ENDS.contains(&next)
            || next == Kind::BracketOpen && self.ends_type(self.at + 1, &ENDS);
        if is_embedded {
            return self.type_name();
        }
        self.names()?;
        self.type_()
    }

    pub(super) fn names(&mut self) -> Option<()> {
        self.expect(Kind::Ident)?;
        while self.take(Kind::Comma) {
            self.expect(Kind::Ident)?;
        }
        Some(())
    }

    fn interface(&mut self) -> Option<()> {
        self.step();
        self.expect(Kind::BraceOpen)?;
        while !self.take(Kind::BraceClose) {
            if self.kind() == Kind::Ident && self.ahead(1) == Kind::ParenOpen {
                self.step();
                self.signature()?;
            } else {
                self.constraint()?;
            }
            self.end_line()?;
        }
        Some(())
    }

    /// A union of types, or one.
    fn constraint(&mut self) -> Option<()> {
        loop {
            self.take(Kind::Tilde);
            self.type_()?;
            if !self.take(Kind::Or) {
                return Some(());
            }
        }
    }

    /// Whether the bracket here holds parameters of a type that is declared, rather than the length of an array.
    pub(super) fn begins_type_parameters(&self) -> bool {
        const MORE: [Kind; 9] = [
            Kind::Ident,
            Kind::Comma,
            Kind::Tilde,
            Kind::Interface,
            Kind::BracketOpen,
            Kind::Func,
            Kind::Map,
            Kind::Chan,
            Kind::Struct,
        ];
        self.kind() == Kind::BracketOpen && self.ahead(1) == Kind::Ident && MORE.contains(&self.ahead(2))
    }

    pub(super) fn type_parameters(&mut self) -> Option<()> {
        self.expect(Kind::BracketOpen)?;
        self.list(Kind::BracketClose, |it| {
            it.names()?;
            it.constraint()
        })
    }

    /// Parameters and results.
    pub(super) fn signature(&mut self) -> Option<()> {
        self.parameters()?;
        match self.kind() {
            Kind::ParenOpen => self.parameters(),
            kind if begins_type(kind) => self.type_(),
            _ => Some(()),
        }
    }

    fn parameters(&mut self) -> Option<()> {
        self.expect(Kind::ParenOpen)?;
        let (mut has_named, mut has_typed, mut last) = (false, false, Parameter::Typed);
        let mut goes_on = !self.take(Kind::ParenClose);
        while goes_on {
            last = self.parameter()?;
            has_named |= last == Parameter::Named;
            has_typed |= last == Parameter::Typed;
            goes_on = self.goes_on(Kind::ParenClose)?;
        }
        // With one name all have names, and the last says the type of those before it.
        (!has_named || (!has_typed && last == Parameter::Named)).then_some(())
    }

    fn parameter(&mut self) -> Option<Parameter> {
        const ENDS: [Kind; 2] = [Kind::Comma, Kind::ParenClose];
        let next = self.ahead(1);
        if self.kind() != Kind::Ident {
            self.variadic()?;
            return Some(Parameter::Typed);
        }
        if ENDS.contains(&next) {
            self.step();
            return Some(Parameter::Lone);
        }
        if next == Kind::Dot || next == Kind::BracketOpen && self.ends_type(self.at + 1, &ENDS) {
            self.type_name()?;
            return Some(Parameter::Typed);
        }
        self.step();
        self.variadic()?;
        Some(Parameter::Named)
    }

    /// A type, or the dots and the type of all the rest.
    fn variadic(&mut self) -> Option<()> {
        if !self.take(Kind::Dots) {
            return self.type_();
        }
        self.type_()?;
        let is_last = self.kind() == Kind::ParenClose || self.ahead(1) == Kind::ParenClose;
        is_last.then_some(())
    }
}
