//! What TypeScript declares beside values: types, interfaces, enumerations, namespaces.

use super::kind::Kind;
use super::reader::Reader;

impl Reader<'_> {
    /// A declaration that only TypeScript has, if one begins here.
    pub(super) fn declaration_of_types(&mut self) -> Option<bool> {
        match self.kind() {
            Kind::Type if self.is_before_on_line(Kind::is_name) => self.alias()?,
            Kind::Interface if self.is_before_on_line(Kind::is_name) => self.interface()?,
            Kind::Enum => self.enumeration()?,
            Kind::Namespace if self.is_before_on_line(Kind::is_name) => self.namespace()?,
            Kind::Module if self.is_before_on_line(|kind| kind.is_name() || kind == Kind::Text) => self.namespace()?,
            Kind::Global if self.is_before_on_line(|kind| kind == Kind::OpenBrace) => {
                self.next();
                self.body_of_namespace()?;
            }
            Kind::Abstract if self.is_before_on_line(|kind| kind == Kind::Class) => self.declared_class()?,
            Kind::Declare if self.is_before_on_line(Kind::is_word) && !self.peek().kind.is_between() => {
                self.declare()?;
            }
            _ => return Some(false),
        }
        Some(true)
    }

    fn alias(&mut self) -> Option<()> {
        self.next();
        self.name()?;
        if self.is(Kind::Less) {
            self.type_parameters()?;
        }
        self.expect(Kind::Equals)?;
        self.type_()?;
        self.semicolon()
    }

    pub(super) fn interface(&mut self) -> Option<()> {
        self.next();
        self.name()?;
        if self.is(Kind::Less) {
            self.type_parameters()?;
        }
        if self.eat(Kind::Extends) {
            self.named_types()?;
        }
        self.members_of_type()
    }

    pub(super) fn enumeration(&mut self) -> Option<()> {
        self.expect(Kind::Enum)?;
        self.name()?;
        self.expect(Kind::OpenBrace)?;
        while !self.is(Kind::CloseBrace) {
            self.key()?;
            self.initializer()?;
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CloseBrace)
    }

    /// A namespace by its path, or a module by its name in a string.
    fn namespace(&mut self) -> Option<()> {
        self.next();
        if self.eat(Kind::Text) {
            return if self.is(Kind::OpenBrace) { self.body_of_namespace() } else { self.semicolon() };
        }
        self.path()?;
        self.body_of_namespace()
    }

    fn body_of_namespace(&mut self) -> Option<()> {
        self.expect(Kind::OpenBrace)?;
        while !self.is(Kind::CloseBrace) {
            self.deeper(Self::module_item)?;
        }
        self.next();
        Some(())
    }

    fn declare(&mut self) -> Option<()> {
        self.next();
        self.deeper(Self::declaration)?.then_some(())
    }
}
