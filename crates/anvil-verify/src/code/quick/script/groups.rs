//! What stands in parentheses: a value, or the parameters of an arrow function.

use super::kind::Kind;
use super::reader::Reader;
use super::shape::Shape;

impl Reader<'_> {
    /// Parentheses, and the type of what the function gives back whose parameters they are.
    pub(super) fn group(&mut self) -> Option<Shape> {
        self.expect(Kind::OpenParen)?;
        let shape = self.apart(Self::members_of_group)?;
        self.expect(Kind::CloseParen)?;
        self.typed_group(shape)
    }

    /// `async` at the beginning of a function, or a name.
    pub(super) fn async_(&mut self) -> Option<Shape> {
        let next = self.peek();
        if next.on_new_line {
            self.next();
            return Some(Shape::name());
        }
        match next.kind {
            Kind::Function => {
                self.next();
                self.function()?;
                Some(Shape::VALUE)
            }
            Kind::OpenParen => {
                self.next();
                self.async_group()
            }
            Kind::Less if self.dialect.types => {
                self.next();
                if !self.begins_type_parameters() {
                    return None;
                }
                self.type_parameters()?;
                self.async_group()
            }
            kind if kind.is_name() && !matches!(kind, Kind::Of | Kind::As | Kind::Satisfies) => {
                self.next();
                self.next();
                Some(Shape::PARAMETERS.with(Shape::MUST_BE_PARAMETERS))
            }
            _ => {
                self.next();
                Some(Shape::name())
            }
        }
    }

    /// The parameters of an `async` function. A call of what is named so is not accepted.
    fn async_group(&mut self) -> Option<Shape> {
        let shape = self.group()?;
        shape.is(Shape::PARAMETERS).then(|| Shape::PARAMETERS.with(Shape::MUST_BE_PARAMETERS))
    }

    /// What stands between the parentheses.
    fn members_of_group(&mut self) -> Option<Shape> {
        let (mut can_be_parameters, mut must_be_parameters) = (true, false);
        let mut shape = Shape::VALUE;
        let mut count = 0;
        loop {
            // Nothing at all, or nothing behind a comma.
            if self.is(Kind::CloseParen) {
                must_be_parameters = true;
                break;
            }
            if self.eat(Kind::Dots) {
                self.binding()?;
                self.annotation()?;
                must_be_parameters = true;
                break;
            }
            let member = self.assignment()?;
            can_be_parameters &= member.is(Shape::BINDING);
            must_be_parameters |= self.rest_of_parameter(member)? || member.is(Shape::MUST_BE_PATTERN);
            shape = if count == 0 { member.in_parentheses() } else { Shape::VALUE };
            count += 1;
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        if must_be_parameters {
            return can_be_parameters.then(|| Shape::PARAMETERS.with(Shape::MUST_BE_PARAMETERS));
        }
        Some(if can_be_parameters { shape.with(Shape::PARAMETERS) } else { shape })
    }

    /// What says that a name or a pattern is a parameter, and its default.
    fn rest_of_parameter(&mut self, member: Shape) -> Option<bool> {
        if !self.dialect.types || !member.is(Shape::BINDING) || !matches!(self.kind(), Kind::Question | Kind::Colon) {
            return Some(false);
        }
        if member.is(Shape::DEFAULTED) {
            return None;
        }
        self.eat(Kind::Question);
        self.annotation()?;
        if self.eat(Kind::Equals) {
            self.value()?;
        }
        Some(true)
    }

    /// The type of what an arrow function gives back, where a colon behind the parentheses can be nothing else.
    fn typed_group(&mut self, shape: Shape) -> Option<Shape> {
        let is_typed = self.dialect.types
            && self.is(Kind::Colon)
            && shape.is(Shape::PARAMETERS)
            && (shape.is(Shape::MUST_BE_PARAMETERS) || !self.around.colon);
        if !is_typed {
            return Some(shape);
        }
        self.next();
        self.return_type()?;
        self.is(Kind::Arrow).then(|| Shape::PARAMETERS.with(Shape::MUST_BE_PARAMETERS))
    }
}
