//! Elements of JSX.

use super::kind::Kind;
use super::reader::Reader;
use super::shape::Shape;

impl<'a> Reader<'a> {
    /// An element as an operand.
    pub(super) fn markup(&mut self) -> Option<Shape> {
        self.apart(Self::element)?;
        self.next();
        Some(Shape::VALUE)
    }

    /// An element or a fragment, up to and not over its last `>`: what follows may be text.
    fn element(&mut self) -> Option<()> {
        self.deeper(|reader| {
            reader.next();
            if reader.is(Kind::Greater) {
                return reader.children(b"");
            }
            let name = reader.name_of_element()?;
            if reader.dialect.types && reader.is(Kind::Less) {
                reader.type_arguments()?;
            }
            reader.attributes_of_element()?;
            if reader.eat(Kind::Slash) {
                return reader.is(Kind::Greater).then_some(());
            }
            if reader.is(Kind::Greater) { reader.children(name) } else { None }
        })
    }

    /// The name of an element, as it is written.
    fn name_of_element(&mut self) -> Option<&'a [u8]> {
        let start = self.lexer.token.start;
        let mut end = self.word_with_hyphens()?;
        while matches!(self.kind(), Kind::Dot | Kind::Colon) {
            self.next();
            end = self.word_with_hyphens()?;
        }
        self.lexer.code.get(start..end)
    }

    /// A word, in which hyphens may stand; where it ends.
    fn word_with_hyphens(&mut self) -> Option<usize> {
        if !self.kind().is_word() {
            return None;
        }
        self.lexer.hyphenate();
        let end = self.lexer.token.end;
        self.next();
        Some(end)
    }

    fn attributes_of_element(&mut self) -> Option<()> {
        loop {
            match self.kind() {
                Kind::OpenBrace => {
                    self.next();
                    self.expect(Kind::Dots)?;
                    self.value()?;
                    self.expect(Kind::CloseBrace)?;
                }
                kind if kind.is_word() => self.attribute()?,
                _ => return Some(()),
            }
        }
    }

    fn attribute(&mut self) -> Option<()> {
        self.word_with_hyphens()?;
        if self.eat(Kind::Colon) {
            self.word_with_hyphens()?;
        }
        if !self.is(Kind::Equals) {
            return Some(());
        }
        self.lexer.attribute_value();
        match self.kind() {
            Kind::Text => self.next(),
            Kind::OpenBrace => {
                self.next();
                self.expression()?;
                self.expect(Kind::CloseBrace)?;
            }
            Kind::Less => {
                self.element()?;
                self.next();
            }
            _ => return None,
        }
        Some(())
    }

    /// What stands in an element of this name, from the `>` that begins it, and the tag that ends it.
    fn children(&mut self, name: &[u8]) -> Option<()> {
        loop {
            self.lexer.markup_text()?;
            if self.is(Kind::OpenBrace) {
                self.hole_of_markup()?;
                continue;
            }
            if self.peek().kind != Kind::Slash {
                self.element()?;
                continue;
            }
            self.next();
            self.next();
            let closing = if self.is(Kind::Greater) { b"" } else { self.name_of_element()? };
            return (closing == name && self.is(Kind::Greater)).then_some(());
        }
    }

    /// An expression among children, which may be a comment alone; up to its brace.
    fn hole_of_markup(&mut self) -> Option<()> {
        self.next();
        if !self.is(Kind::CloseBrace) {
            self.eat(Kind::Dots);
            self.expression()?;
        }
        self.is(Kind::CloseBrace).then_some(())
    }
}
