//! Functions: parameters, types and bodies.

use super::kind::Kind;
use super::reader::Reader;

impl Reader<'_> {
    /// A function from its word on, in an expression.
    pub(super) fn function(&mut self) -> Option<()> {
        self.head_of_function()?;
        self.body()
    }

    /// A function that is declared. TypeScript also has them without bodies.
    pub(super) fn declared_function(&mut self) -> Option<()> {
        self.expect(Kind::Function)?;
        self.eat(Kind::Star);
        self.name()?;
        self.signature()?;
        self.body_if_any()
    }

    /// The function that a module gives by default, which needs no name.
    pub(super) fn default_function(&mut self) -> Option<()> {
        self.head_of_function()?;
        self.body_if_any()
    }

    fn head_of_function(&mut self) -> Option<()> {
        self.expect(Kind::Function)?;
        self.eat(Kind::Star);
        if self.kind().is_name() {
            self.next();
        }
        self.signature()
    }

    /// A method behind its name.
    pub(super) fn method(&mut self) -> Option<()> {
        self.signature()?;
        self.body()
    }

    /// A body, or in TypeScript the end of a declaration.
    pub(super) fn body_if_any(&mut self) -> Option<()> {
        if self.is(Kind::OpenBrace) {
            return self.body();
        }
        if self.dialect.types { self.semicolon() } else { None }
    }

    pub(super) fn body(&mut self) -> Option<()> {
        self.apart(Self::block)
    }

    /// Type parameters, parameters, and the type of what is given back.
    pub(super) fn signature(&mut self) -> Option<()> {
        if self.dialect.types && self.is(Kind::Less) {
            self.type_parameters()?;
        }
        self.parameters()?;
        if self.dialect.types && self.eat(Kind::Colon) {
            self.return_type()?;
        }
        Some(())
    }

    pub(super) fn parameters(&mut self) -> Option<()> {
        self.expect(Kind::OpenParen)?;
        self.apart(|reader| {
            while !reader.is(Kind::CloseParen) {
                if reader.eat(Kind::Dots) {
                    reader.binding()?;
                    return reader.annotation();
                }
                reader.parameter()?;
                if !reader.eat(Kind::Comma) {
                    break;
                }
            }
            Some(())
        })?;
        self.expect(Kind::CloseParen)
    }

    fn parameter(&mut self) -> Option<()> {
        self.decorators()?;
        if self.dialect.types {
            if self.eat(Kind::This) {
                return self.annotation();
            }
            self.modifiers_of_parameter();
        }
        self.binding()?;
        if self.dialect.types {
            self.eat(Kind::Question);
        }
        self.annotation()?;
        self.initializer()
    }

    /// What makes a parameter of a constructor a property.
    fn modifiers_of_parameter(&mut self) {
        while matches!(self.kind(), Kind::Public | Kind::Hidden | Kind::Protected | Kind::Readonly | Kind::Override) {
            let next = self.peek().kind;
            if !(next.is_name() || matches!(next, Kind::OpenBracket | Kind::OpenBrace)) {
                return;
            }
            self.next();
        }
    }

    /// The type of what was just named, where one is said.
    pub(super) fn annotation(&mut self) -> Option<()> {
        if self.dialect.types && self.eat(Kind::Colon) { self.type_() } else { Some(()) }
    }

    /// The value of what was just named, where one is said.
    pub(super) fn initializer(&mut self) -> Option<()> {
        if self.eat(Kind::Equals) { self.value() } else { Some(()) }
    }
}
