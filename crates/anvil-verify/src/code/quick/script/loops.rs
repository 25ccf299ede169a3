//! Loops.

use super::kind::Kind;
use super::reader::{Around, Reader};
use super::shape::Shape;

impl Reader<'_> {
    pub(super) fn while_loop(&mut self) -> Option<()> {
        self.next();
        self.condition()?;
        self.statement()
    }

    pub(super) fn do_loop(&mut self) -> Option<()> {
        self.next();
        self.statement()?;
        self.expect(Kind::While)?;
        self.condition()?;
        // Here alone a semicolon may be left out anywhere.
        self.eat(Kind::Semicolon);
        Some(())
    }

    pub(super) fn for_loop(&mut self) -> Option<()> {
        self.next();
        self.eat(Kind::Await);
        self.expect(Kind::OpenParen)?;
        self.apart(|reader| {
            if reader.first_of_for()? {
                return reader.collection_of_for();
            }
            reader.expect(Kind::Semicolon)?;
            if !reader.is(Kind::Semicolon) {
                reader.expression()?;
            }
            reader.expect(Kind::Semicolon)?;
            if !reader.is(Kind::CloseParen) {
                reader.expression()?;
            }
            Some(())
        })?;
        self.expect(Kind::CloseParen)?;
        self.statement()
    }

    /// What a `for` begins with, if anything; whether it is what the loop goes through the values of something with.
    fn first_of_for(&mut self) -> Option<bool> {
        if self.is(Kind::Await) && self.peek().kind == Kind::Using {
            self.next();
        }
        match self.kind() {
            Kind::Semicolon => Some(false),
            Kind::Var | Kind::Let | Kind::Const => self.names_of_for(),
            Kind::Using if self.is_before_on_line(|kind| kind.is_name() && kind != Kind::Of) => self.names_of_for(),
            _ => {
                let shape = self.within(Around { for_head: true, ..Around::default() }, Self::assignment)?;
                if self.is_collection() {
                    return shape.is_assignable().then_some(true);
                }
                shape.value()?;
                self.within(Around { for_head: true, ..Around::default() }, |reader| {
                    reader.rest_of_expression(Shape::VALUE)
                })?;
                Some(false)
            }
        }
    }

    fn names_of_for(&mut self) -> Option<bool> {
        self.next();
        self.declared_name()?;
        if self.is_collection() {
            return Some(true);
        }
        self.within(Around { for_head: true, ..Around::default() }, |reader| {
            reader.initializer()?;
            while reader.eat(Kind::Comma) {
                reader.declared_name()?;
                reader.initializer()?;
            }
            Some(())
        })?;
        Some(false)
    }

    fn is_collection(&self) -> bool {
        matches!(self.kind(), Kind::Of | Kind::In)
    }

    fn collection_of_for(&mut self) -> Option<()> {
        if self.eat(Kind::Of) {
            return self.value();
        }
        self.next();
        self.expression().map(drop)
    }
}
