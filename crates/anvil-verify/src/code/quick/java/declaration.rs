//! Classes, interfaces, enumerations, records and their members in Java (chapters 8 and 9).

use super::super::tokens::Kind;
use super::Parser;
use super::types::Modifiers;

/// What a member is a member of. A constructor has the name of its class, which begins at a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Class(usize),
    Enum(usize),
    Record(usize),
    Interface,
    Annotation,
    /// A class without a name.
    Nameless,
    /// What stands before the piece that is read.
    Unknown,
}

impl Owner {
    fn is_interface(self) -> bool {
        matches!(self, Owner::Interface | Owner::Annotation)
    }
}

impl Parser<'_> {
    /// Whether a class, an interface, an enumeration or a record begins here, after its modifiers.
    pub(super) fn begins_declaration(&self) -> bool {
        match self.kind() {
            Kind::Class | Kind::Interface | Kind::Enum => true,
            Kind::At => self.ahead(1) == Kind::Interface,
            Kind::RecordWord => self.ahead(1) == Kind::Ident && matches!(self.ahead(2), Kind::ParenOpen | Kind::Less),
            _ => false,
        }
    }

    /// A class, an interface, an enumeration or a record, after its modifiers.
    pub(super) fn type_declaration(&mut self) -> Option<()> {
        let kind = self.kind();
        self.step();
        if kind == Kind::At {
            self.expect(Kind::Interface)?;
        }
        let name = self.at;
        self.expect(Kind::Ident)?;
        match kind {
            Kind::Class => {
                self.type_parameters()?;
                if self.take(Kind::Extends) {
                    self.reference()?;
                }
                self.supertypes(Kind::Implements)?;
                self.supertypes(Kind::PermitsWord)?;
                self.body(Owner::Class(name))
            }
            Kind::Interface => {
                self.type_parameters()?;
                self.supertypes(Kind::Extends)?;
                self.supertypes(Kind::PermitsWord)?;
                self.body(Owner::Interface)
            }
            Kind::RecordWord => {
                self.type_parameters()?;
                self.parameters()?;
                self.supertypes(Kind::Implements)?;
                self.body(Owner::Record(name))
            }
            Kind::Enum => {
                self.supertypes(Kind::Implements)?;
                self.enumeration(name)
            }
            Kind::At => self.body(Owner::Annotation),
            _ => None,
        }
    }

    fn supertypes(&mut self, word: Kind) -> Option<()> {
        if self.take(word) { self.row(Self::reference) } else { Some(()) }
    }

    pub(super) fn body_without_name(&mut self) -> Option<()> {
        self.body(Owner::Nameless)
    }

    fn body(&mut self, owner: Owner) -> Option<()> {
        self.expect(Kind::BraceOpen)?;
        self.rest_of_body(owner)
    }

    fn rest_of_body(&mut self, owner: Owner) -> Option<()> {
        let is_named = !matches!(owner, Owner::Nameless | Owner::Unknown);
        let is_program = self.state.is_program;
        self.state.is_program |= is_named;
        self.deeper(|it| {
            while !it.take(Kind::BraceClose) {
                it.member(owner)?;
            }
            Some(())
        })?;
        self.state.is_program = is_program;
        Some(())
    }

    /// Section 8.9.
    fn enumeration(&mut self, name: usize) -> Option<()> {
        self.expect(Kind::BraceOpen)?;
        while self.kind().is_name() || self.kind() == Kind::At {
            self.annotations()?;
            self.name()?;
            if self.kind() == Kind::ParenOpen {
                self.arguments()?;
            }
            if self.kind() == Kind::BraceOpen {
                self.body_without_name()?;
            }
            if !self.take(Kind::Comma) {
                break;
            }
        }
        if self.take(Kind::Semicolon) { self.rest_of_body(Owner::Enum(name)) } else { self.expect(Kind::BraceClose) }
    }

    /// Whether a piece goes on with a member of a class that is no statement too.
    pub(super) fn begins_member(&self) -> bool {
        use Kind as K;
        match self.kind() {
            K::Access | K::Static | K::Native | K::Transient | K::Volatile | K::Default | K::Void | K::Less => true,
            Kind::SealedWord => self.goes_on_as_class(1),
            Kind::NonWord => self.ahead(1) == Kind::Minus,
            Kind::Synchronized => self.ahead(1) != Kind::ParenOpen,
            Kind::At | Kind::Final | Kind::Abstract => self.is_method_after_modifiers(),
            _ => self.is_method(self.at),
        }
    }

    /// The same after annotations and modifiers, which a local variable may have too.
    fn is_method_after_modifiers(&self) -> bool {
        let mut at = self.at;
        loop {
            match self.kind_at(at) {
                Kind::At if self.kind_at(at + 1).is_name() => {
                    at += 2;
                    while self.kind_at(at) == Kind::Dot {
                        at += 2;
                    }
                    if self.kind_at(at) == Kind::ParenOpen {
                        at = self.close_of(at) + 1;
                    }
                }
                Kind::Final | Kind::Abstract => at += 1,
                Kind::Access | Kind::Static | Kind::Default | Kind::Synchronized | Kind::Void | Kind::Less => {
                    return true;
                }
                _ => return self.is_method(at),
            }
        }
    }

    /// Whether a type, a name and parameters follow.
    fn is_method(&self, at: usize) -> bool {
        let Some(name) = self.after_type(at) else { return false };
        self.kind_at(at) != Kind::YieldWord
            && self.kind_at(name).is_name()
            && self.kind_at(name + 1) == Kind::ParenOpen
            && !matches!(self.kind_at(at), Kind::RecordWord)
    }

    pub(super) fn member(&mut self, owner: Owner) -> Option<()> {
        if self.take(Kind::Semicolon) {
            return Some(());
        }
        let is_static = self.kind() == Kind::Static;
        if self.ahead(usize::from(is_static)) == Kind::BraceOpen {
            self.at += usize::from(is_static);
            let is_right = !owner.is_interface() && (is_static || !matches!(owner, Owner::Record(_)));
            return if is_right { self.block() } else { None };
        }
        let modifiers = self.modifiers()?;
        if self.begins_declaration() {
            return self.type_declaration();
        }
        self.type_parameters()?;
        if self.take(Kind::Void) {
            self.name()?;
            return self.method(owner);
        }
        if self.kind() == Kind::Ident && self.constructs(owner) {
            self.step();
            if self.kind() == Kind::ParenOpen {
                self.parameters()?;
                self.throws()?;
            }
            return self.block();
        }
        if self.is_method_without_type() {
            return self.fail(self.at);
        }
        self.type_()?;
        if self.ahead(1) == Kind::ParenOpen {
            self.name()?;
            return self.method(owner);
        }
        self.fields(owner, modifiers)
    }

    /// Whether the name here is that of a constructor.
    fn constructs(&self, owner: Owner) -> bool {
        let (next, is_record) = (self.ahead(1), matches!(owner, Owner::Record(_)));
        let is_constructor = next == Kind::ParenOpen || next == Kind::BraceOpen && is_record;
        is_constructor
            && match owner {
                Owner::Class(name) | Owner::Enum(name) | Owner::Record(name) => self.are_same(name, self.at),
                Owner::Unknown => true,
                _ => false,
            }
    }

    /// Whether a name, parameters and a body follow: the name is not that of the class, or this would be its constructor (8.8).
    fn is_method_without_type(&self) -> bool {
        let after = || self.kind_at(self.close_of(self.at + 1) + 1);
        self.kind().is_name()
            && self.ahead(1) == Kind::ParenOpen
            && self.state.is_program
            && matches!(after(), Kind::BraceOpen | Kind::Throws)
    }

    /// The rest of a method, after its name.
    fn method(&mut self, owner: Owner) -> Option<()> {
        self.parameters()?;
        self.throws()?;
        if self.kind() == Kind::BraceOpen {
            return self.block();
        }
        if owner == Owner::Annotation && self.take(Kind::Default) {
            self.element()?;
        }
        self.expect(Kind::Semicolon)
    }

    fn throws(&mut self) -> Option<()> {
        self.supertypes(Kind::Throws)
    }

    pub(super) fn parameters(&mut self) -> Option<()> {
        self.parameters_of(Self::type_, Self::name)
    }

    /// Parameters, with what may be the type of one and its name.
    pub(super) fn parameters_of(
        &mut self,
        type_: fn(&mut Self) -> Option<()>,
        name: fn(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.expect(Kind::ParenOpen)?;
        if self.take(Kind::ParenClose) {
            return Some(());
        }
        self.list(Kind::ParenClose, |it| {
            it.only_final()?;
            type_(it)?;
            let is_rest = it.take(Kind::Dots);
            name(it)?;
            let has_dimensions = it.dimensions();
            // What takes all the rest is the last.
            (!is_rest || (!has_dimensions && it.kind() == Kind::ParenClose)).then_some(())
        })
    }

    /// A variable with a value, as all fields of interfaces have (9.3).
    fn constant(&mut self) -> Option<()> {
        self.name()?;
        self.dimensions();
        self.expect(Kind::Assign)?;
        self.initializer()
    }

    fn fields(&mut self, owner: Owner, modifiers: Modifiers) -> Option<()> {
        let is_right = !matches!(owner, Owner::Record(_)) || modifiers.has(Kind::Static);
        if !is_right {
            return None;
        }
        loop {
            if owner.is_interface() {
                self.constant()?;
            } else {
                self.declarator()?;
            }
            if !self.take(Kind::Comma) {
                return self.expect(Kind::Semicolon);
            }
        }
    }
}
