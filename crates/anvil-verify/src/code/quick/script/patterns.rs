//! Patterns that declare names.

use super::kind::Kind;
use super::reader::Reader;

impl Reader<'_> {
    /// A name, or an array or object of them.
    pub(super) fn binding(&mut self) -> Option<()> {
        match self.kind() {
            Kind::OpenBracket => self.deeper(|reader| reader.apart(Self::array_of_bindings)),
            Kind::OpenBrace => self.deeper(|reader| reader.apart(Self::object_of_bindings)),
            _ => self.name(),
        }
    }

    fn array_of_bindings(&mut self) -> Option<()> {
        self.next();
        while !self.is(Kind::CloseBracket) {
            if self.eat(Kind::Comma) {
                continue;
            }
            if self.eat(Kind::Dots) {
                self.binding()?;
                break;
            }
            self.binding()?;
            self.initializer()?;
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CloseBracket)
    }

    fn object_of_bindings(&mut self) -> Option<()> {
        self.next();
        while !self.is(Kind::CloseBrace) {
            if self.eat(Kind::Dots) {
                self.name()?;
                break;
            }
            let is_name = self.kind().is_name();
            self.key()?;
            if self.eat(Kind::Colon) {
                self.binding()?;
            } else if !is_name {
                return None;
            }
            self.initializer()?;
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CloseBrace)
    }
}
