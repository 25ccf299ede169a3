//! New objects and arrays of Java (15.9, 15.10 and 10.6).

use super::super::tokens::Kind;
use super::Parser;
use super::expression::Form;

impl Parser<'_> {
    /// A new object or array.
    pub(super) fn creation(&mut self) -> Option<Form> {
        self.expect(Kind::New)?;
        self.annotations()?;
        if self.take(Kind::Primitive) {
            self.array()?;
            return Some(Form::Value);
        }
        let is_inferred = self.created_class()?;
        if self.kind() == Kind::BracketOpen && !is_inferred {
            self.array()?;
            return Some(Form::Value);
        }
        self.arguments()?;
        if self.kind() == Kind::BraceOpen {
            self.body_without_name()?;
        }
        Some(Form::Effect)
    }

    /// The name of a class, with arguments; whether they are left to be inferred, as those of an array may not be.
    fn created_class(&mut self) -> Option<bool> {
        loop {
            self.name()?;
            if self.kind() == Kind::Less && self.ahead(1) == Kind::Greater {
                self.at += 2;
                return Some(true);
            }
            if self.kind() == Kind::Less {
                self.arguments_of_type()?;
            }
            if !self.take(Kind::Dot) {
                return Some(false);
            }
        }
    }

    /// The lengths of a new array, or what is in it.
    fn array(&mut self) -> Option<()> {
        if self.dimensions() {
            return self.array_of_values();
        }
        while self.kind() == Kind::BracketOpen && self.ahead(1) != Kind::BracketClose {
            self.step();
            self.value()?;
            self.expect(Kind::BracketClose)?;
        }
        self.dimensions();
        // Whose lengths are said has no values, and what has neither is no array.
        (self.kind_at(self.at - 1) == Kind::BracketClose && self.kind() != Kind::BraceOpen).then_some(())
    }

    pub(super) fn array_of_values(&mut self) -> Option<()> {
        self.expect(Kind::BraceOpen)?;
        self.members(Self::initializer)
    }

    /// What a variable or a part of an array begins with.
    pub(super) fn initializer(&mut self) -> Option<()> {
        if self.kind() == Kind::BraceOpen { self.deeper(Self::array_of_values) } else { self.value() }
    }
}
