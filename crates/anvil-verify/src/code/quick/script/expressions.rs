//! Expressions: lists, assignments, conditionals, arrow functions, and operators.

use super::kind::Kind;
use super::reader::{Around, Reader};
use super::shape::Shape;

impl Reader<'_> {
    /// Expressions with commas between them.
    pub(super) fn expression(&mut self) -> Option<Shape> {
        let first = self.assignment()?;
        first.value()?;
        self.rest_of_expression(first)
    }

    /// What may follow the first expression of a list.
    pub(super) fn rest_of_expression(&mut self, first: Shape) -> Option<Shape> {
        let mut shape = first;
        while self.eat(Kind::Comma) {
            self.value()?;
            shape = Shape::VALUE;
        }
        Some(shape)
    }

    /// An expression without commas that is a value.
    pub(super) fn value(&mut self) -> Option<()> {
        self.assignment()?.value()
    }

    /// An expression without commas.
    pub(super) fn assignment(&mut self) -> Option<Shape> {
        self.deeper(Self::chain)
    }

    /// What nests to the right (`a = b ? c : d => e`), without recursion.
    fn chain(&mut self) -> Option<Shape> {
        let mut whole = None;
        let last = loop {
            if self.eat(Kind::Yield) {
                whole.get_or_insert(Shape::VALUE);
                if !self.yields() {
                    break Shape::VALUE;
                }
                continue;
            }
            let shape = self.operation()?;
            match self.kind() {
                Kind::Arrow if shape.is(Shape::NAME.with(Shape::PARAMETERS)) && !self.on_new_line() => {
                    self.next();
                    whole.get_or_insert(Shape::VALUE);
                    if self.is(Kind::OpenBrace) {
                        self.body()?;
                        break Shape::VALUE;
                    }
                }
                _ if shape.is(Shape::MUST_BE_PARAMETERS) => return None,
                Kind::Equals if shape.is_assignable() => {
                    self.next();
                    whole.get_or_insert(shape.defaulted());
                }
                Kind::Assign | Kind::SlashEquals if shape.is(Shape::TARGET) => {
                    self.next();
                    whole.get_or_insert(Shape::VALUE);
                }
                Kind::Question if !self.is_optional_parameter(shape) => {
                    shape.value()?;
                    self.next();
                    self.within(Around { colon: true, ..Around::default() }, Self::value)?;
                    self.expect(Kind::Colon)?;
                    whole.get_or_insert(Shape::VALUE);
                }
                _ => break shape,
            }
        };
        match whole {
            None => Some(last),
            Some(whole) => last.value().map(|()| whole),
        }
    }

    /// Whether a `yield` has an operand.
    fn yields(&mut self) -> bool {
        !self.on_new_line() && (self.eat(Kind::Star) || self.kind().begins_operand())
    }

    /// Whether a question mark makes the parameter before it optional.
    fn is_optional_parameter(&self, shape: Shape) -> bool {
        self.dialect.types
            && shape.is(Shape::BINDING)
            && matches!(self.peek().kind, Kind::CloseParen | Kind::Comma | Kind::Colon | Kind::Equals)
    }

    /// Operands with operators between them. Which binds more tightly does not matter to what is accepted.
    fn operation(&mut self) -> Option<Shape> {
        let mut shape = self.operand()?;
        let (mut has_logic, mut has_coalesce) = (false, false);
        loop {
            match self.kind() {
                Kind::As | Kind::Satisfies if self.dialect.types && !self.on_new_line() => {
                    shape.value()?;
                    self.cast()?;
                    shape = shape.cast();
                    continue;
                }
                Kind::Greater => {
                    self.lexer.widen();
                    if self.is(Kind::Assign) {
                        return Some(shape);
                    }
                }
                Kind::Power if shape.is(Shape::PREFIXED) => return None,
                Kind::Logic => has_logic = true,
                Kind::Coalesce => has_coalesce = true,
                Kind::In if self.around.for_head => return Some(shape),
                Kind::As | Kind::Satisfies => return Some(shape),
                kind if kind.is_between() => {}
                _ => return Some(shape),
            }
            // They may not be mixed without parentheses.
            if has_logic && has_coalesce {
                return None;
            }
            shape.value()?;
            self.next();
            self.operand()?.value()?;
            shape = Shape::VALUE;
        }
    }

    /// `as` or `satisfies`, and a type.
    fn cast(&mut self) -> Option<()> {
        let is_as = self.eat(Kind::As);
        if !is_as {
            self.next();
        }
        if is_as && self.eat(Kind::Const) { Some(()) } else { self.type_() }
    }

    /// An operand with its prefixes, and `++` or `--` behind it.
    pub(super) fn operand(&mut self) -> Option<Shape> {
        let mut prefix = None;
        while let kind @ (Kind::Bang
        | Kind::Tilde
        | Kind::Plus
        | Kind::Minus
        | Kind::Update
        | Kind::Typeof
        | Kind::Void
        | Kind::Delete
        | Kind::Await) = self.kind()
        {
            if prefix == Some(Kind::Update) {
                return None;
            }
            prefix = Some(kind);
            self.next();
        }
        let mut shape = self.member()?;
        if self.is(Kind::Update) && !self.on_new_line() {
            if !shape.is(Shape::TARGET) {
                return None;
            }
            self.next();
            shape = Shape::VALUE;
        }
        let Some(prefix) = prefix else { return Some(shape) };
        shape.value()?;
        match prefix {
            Kind::Update => shape.is(Shape::TARGET).then_some(Shape::VALUE),
            _ => Some(Shape::PREFIXED),
        }
    }
}
