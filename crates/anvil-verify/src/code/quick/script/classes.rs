//! Classes and decorators.

use super::kind::Kind;
use super::reader::Reader;

impl Reader<'_> {
    /// A class with its decorators, which needs no name.
    pub(super) fn class(&mut self) -> Option<()> {
        self.decorators()?;
        if self.dialect.types {
            self.eat(Kind::Abstract);
        }
        self.expect(Kind::Class)?;
        if self.kind().is_name() && !self.is(Kind::Implements) {
            self.next();
        }
        self.rest_of_class()
    }

    /// A class that is declared. Its decorators may stand before `export`.
    pub(super) fn declared_class(&mut self) -> Option<()> {
        self.decorators()?;
        if self.eat(Kind::Export) && self.eat(Kind::Default) {
            return self.class();
        }
        if self.dialect.types {
            self.eat(Kind::Declare);
            self.eat(Kind::Abstract);
        }
        self.expect(Kind::Class)?;
        self.name()?;
        self.rest_of_class()
    }

    pub(super) fn decorators(&mut self) -> Option<()> {
        while self.is(Kind::At) {
            self.decorator()?;
        }
        Some(())
    }

    fn rest_of_class(&mut self) -> Option<()> {
        if self.dialect.types && self.is(Kind::Less) {
            self.type_parameters()?;
        }
        if self.eat(Kind::Extends) {
            self.deeper(Self::member)?.value()?;
            if self.dialect.types && self.is(Kind::Less) {
                self.type_arguments()?;
            }
        }
        if self.dialect.types && self.eat(Kind::Implements) {
            self.named_types()?;
        }
        self.expect(Kind::OpenBrace)?;
        self.apart(|reader| {
            while !reader.is(Kind::CloseBrace) {
                reader.member_of_class()?;
            }
            Some(())
        })?;
        self.next();
        Some(())
    }

    fn member_of_class(&mut self) -> Option<()> {
        if self.eat(Kind::Semicolon) {
            return Some(());
        }
        self.decorators()?;
        if self.is(Kind::Static) && self.peek().kind == Kind::OpenBrace {
            self.next();
            return self.body();
        }
        let (mut is_method, mut is_field) = (false, false);
        while self.is_modifier() {
            is_method |= matches!(self.kind(), Kind::Async | Kind::Get | Kind::Set);
            is_field |= matches!(self.kind(), Kind::Declare | Kind::Accessor);
            self.next();
        }
        is_method |= self.eat(Kind::Star);
        if self.dialect.types && self.begins_index() {
            self.index_signature()?;
            return self.semicolon();
        }
        self.key()?;
        if self.dialect.types && (self.is(Kind::Question) || self.is(Kind::Bang) && !self.on_new_line()) {
            self.next();
        }
        if !is_field && (self.is(Kind::OpenParen) || self.dialect.types && self.is(Kind::Less)) {
            self.signature()?;
            return self.body_if_any();
        }
        if is_method {
            return None;
        }
        self.annotation()?;
        self.initializer()?;
        self.semicolon()
    }

    /// Whether the word is no name of a member, but says something of the one that follows.
    fn is_modifier(&self) -> bool {
        let goes_over_lines = match self.kind() {
            Kind::Static | Kind::Get | Kind::Set => true,
            Kind::Async | Kind::Accessor => false,
            Kind::Public
            | Kind::Hidden
            | Kind::Protected
            | Kind::Readonly
            | Kind::Abstract
            | Kind::Override
            | Kind::Declare
                if self.dialect.types =>
            {
                false
            }
            _ => return false,
        };
        let next = self.peek();
        let is_generator = next.kind == Kind::Star && !matches!(self.kind(), Kind::Get | Kind::Set);
        (next.kind.begins_key() || is_generator) && (goes_over_lines || !next.on_new_line)
    }

    pub(super) fn decorator(&mut self) -> Option<()> {
        self.expect(Kind::At)?;
        if self.is(Kind::OpenParen) {
            return self.condition();
        }
        self.name()?;
        loop {
            match self.kind() {
                Kind::Dot => {
                    self.next();
                    self.word()?;
                }
                Kind::OpenParen => self.arguments()?,
                Kind::Less if self.dialect.types => self.type_arguments()?,
                _ => return Some(()),
            }
        }
    }
}
