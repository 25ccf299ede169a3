//! Arrays and objects, as values and as patterns of an assignment.

use super::kind::Kind;
use super::reader::Reader;
use super::shape::Shape;

impl Reader<'_> {
    pub(super) fn array(&mut self) -> Option<Shape> {
        self.expect(Kind::OpenBracket)?;
        let shape = self.apart(|reader| {
            let mut shape = Shape::literal();
            while !reader.is(Kind::CloseBracket) {
                if reader.eat(Kind::Comma) {
                    continue;
                }
                shape = if reader.eat(Kind::Dots) {
                    let rest = reader.assignment()?;
                    reader.with_rest(shape, rest)
                } else {
                    shape.with_member(reader.assignment()?)
                };
                if !reader.eat(Kind::Comma) {
                    break;
                }
            }
            Some(shape)
        })?;
        self.expect(Kind::CloseBracket)?;
        finished(shape)
    }

    pub(super) fn object(&mut self) -> Option<Shape> {
        self.expect(Kind::OpenBrace)?;
        let shape = self.apart(|reader| {
            let mut shape = Shape::literal();
            while !reader.is(Kind::CloseBrace) {
                shape = reader.member_of_object(shape)?;
                if !reader.eat(Kind::Comma) {
                    break;
                }
            }
            Some(shape)
        })?;
        self.expect(Kind::CloseBrace)?;
        finished(shape)
    }

    /// A literal that had only members as `shape` says, with a last one that takes the rest.
    fn with_rest(&self, shape: Shape, rest: Shape) -> Shape {
        // In a pattern nothing may follow it, not even a comma.
        let member =
            if self.is(Kind::Comma) || rest.is(Shape::DEFAULTED) { rest.and(Shape::MUST_BE_PATTERN) } else { rest };
        shape.with_member(member)
    }

    fn member_of_object(&mut self, shape: Shape) -> Option<Shape> {
        if self.eat(Kind::Dots) {
            let rest = self.assignment()?;
            return Some(self.with_rest(shape, rest));
        }
        let is_method = self.prefix_of_method();
        let is_name = self.kind().is_name();
        self.key()?;
        match self.kind() {
            Kind::OpenParen => self.method()?,
            Kind::Less if self.dialect.types => self.method()?,
            _ if is_method => return None,
            Kind::Colon => {
                self.next();
                return Some(shape.with_member(self.assignment()?));
            }
            Kind::Equals if is_name => {
                self.next();
                self.value()?;
                return Some(shape.with_member(Shape::name().defaulted().with(Shape::MUST_BE_PATTERN)));
            }
            _ if is_name => return Some(shape.with_member(Shape::name())),
            _ => return None,
        }
        Some(shape.with_member(Shape::VALUE))
    }

    /// `async`, `get`, `set` and `*` before the name of a method; whether there is one.
    fn prefix_of_method(&mut self) -> bool {
        if matches!(self.kind(), Kind::Async | Kind::Get | Kind::Set) {
            let next = self.peek();
            let is_async = self.is(Kind::Async);
            let follows = next.kind.begins_key() || is_async && next.kind == Kind::Star;
            if !follows || is_async && next.on_new_line {
                return false;
            }
            self.next();
            if is_async {
                self.eat(Kind::Star);
            }
            return true;
        }
        self.eat(Kind::Star)
    }

    /// The name of a member of an object or a class.
    pub(super) fn key(&mut self) -> Option<()> {
        if self.eat(Kind::OpenBracket) {
            self.apart(Self::value)?;
            return self.expect(Kind::CloseBracket);
        }
        self.kind().begins_key().then(|| self.next())
    }
}

/// A literal that is whole; `None` where it must be a pattern and cannot be one.
fn finished(shape: Shape) -> Option<Shape> {
    let is_lost = shape.is(Shape::MUST_BE_PATTERN) && !shape.is(Shape::PATTERN.with(Shape::BINDING));
    (!is_lost).then_some(shape)
}
