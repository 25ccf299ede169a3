//! Operands: names, literals, and the properties, calls and templates behind them.

use super::kind::Kind;
use super::reader::Reader;
use super::shape::Shape;

impl Reader<'_> {
    /// A first operand and all that is taken of it.
    pub(super) fn member(&mut self) -> Option<Shape> {
        let mut shape = self.first()?;
        let mut is_optional = false;
        loop {
            let next = match self.kind() {
                Kind::Dot => {
                    self.next();
                    self.property()?;
                    Shape::TARGET
                }
                Kind::OpenBracket => {
                    self.index()?;
                    Shape::TARGET
                }
                Kind::QuestionDot => {
                    is_optional = true;
                    self.optional_member()?;
                    Shape::VALUE
                }
                Kind::OpenParen => {
                    self.arguments()?;
                    Shape::VALUE
                }
                Kind::Backtick if !is_optional => {
                    self.template(Self::hole)?;
                    Shape::VALUE
                }
                Kind::Bang if self.dialect.types && !self.on_new_line() => {
                    self.next();
                    shape.and(Shape::TARGET)
                }
                Kind::Less if self.dialect.types && self.has_type_arguments()? => Shape::VALUE,
                _ => return Some(shape),
            };
            shape.value()?;
            shape = if is_optional { Shape::VALUE } else { next };
        }
    }

    /// The name of a property behind a dot.
    fn property(&mut self) -> Option<()> {
        if self.eat(Kind::Private) { Some(()) } else { self.word() }
    }

    fn index(&mut self) -> Option<()> {
        self.next();
        self.apart(Self::expression)?;
        self.expect(Kind::CloseBracket)
    }

    fn optional_member(&mut self) -> Option<()> {
        self.next();
        match self.kind() {
            Kind::OpenParen => self.arguments(),
            Kind::OpenBracket => self.index(),
            Kind::Less if self.dialect.types => {
                self.type_arguments()?;
                self.arguments()
            }
            _ => self.property(),
        }
    }

    /// What stands in a hole of a template.
    pub(super) fn hole(&mut self) -> Option<()> {
        self.expression().map(drop)
    }

    pub(super) fn arguments(&mut self) -> Option<()> {
        self.expect(Kind::OpenParen)?;
        self.apart(|reader| {
            while !reader.is(Kind::CloseParen) {
                reader.eat(Kind::Dots);
                reader.value()?;
                if !reader.eat(Kind::Comma) {
                    break;
                }
            }
            Some(())
        })?;
        self.expect(Kind::CloseParen)
    }

    /// Type arguments before a call, if what follows says that they are none of two comparisons (TypeScript's
    /// `canFollowTypeArgumentsInExpression`).
    pub(super) fn has_type_arguments(&mut self) -> Option<bool> {
        self.tries(|reader| {
            reader.type_arguments()?;
            let follows = match reader.kind() {
                Kind::OpenParen | Kind::Backtick => true,
                Kind::Less | Kind::Greater | Kind::Plus | Kind::Minus => false,
                kind => reader.on_new_line() || kind.is_between() || !kind.begins_operand(),
            };
            follows.then_some(())
        })
    }

    /// An operand that begins with no other.
    pub(super) fn first(&mut self) -> Option<Shape> {
        match self.kind() {
            Kind::Async => return self.async_(),
            kind if kind.is_name() => {
                self.next();
                return Some(Shape::name());
            }
            Kind::OpenParen => return self.group(),
            Kind::OpenBracket => return self.array(),
            Kind::OpenBrace => return self.object(),
            Kind::Number | Kind::Text | Kind::True | Kind::False | Kind::Null | Kind::This => self.next(),
            Kind::Slash | Kind::SlashEquals => {
                self.lexer.regex()?;
                self.next();
            }
            Kind::Backtick => self.template(Self::hole)?,
            Kind::Function => self.function()?,
            Kind::Class | Kind::At => self.class()?,
            Kind::New => self.deeper(Self::new_object)?,
            Kind::Super => {
                self.next();
                return matches!(self.kind(), Kind::Dot | Kind::OpenBracket | Kind::OpenParen).then_some(Shape::VALUE);
            }
            Kind::Import => self.import_of_expression()?,
            Kind::Private => {
                self.next();
                return self.is(Kind::In).then_some(Shape::VALUE);
            }
            Kind::Less => return self.angle(),
            _ => return None,
        }
        Some(Shape::VALUE)
    }

    /// `new` and what is made.
    fn new_object(&mut self) -> Option<()> {
        self.next();
        if self.eat(Kind::Dot) {
            return (self.lexer.text() == b"target").then(|| self.next());
        }
        if self.is(Kind::New) {
            self.deeper(Self::new_object)?;
        } else {
            self.first()?.value()?;
        }
        loop {
            match self.kind() {
                Kind::Dot => {
                    self.next();
                    self.property()?;
                }
                Kind::OpenBracket => self.index()?,
                Kind::Backtick => self.template(Self::hole)?,
                Kind::Bang if self.dialect.types && !self.on_new_line() => self.next(),
                _ => break,
            }
        }
        if self.is(Kind::Less) && self.dialect.types {
            self.has_type_arguments()?;
        }
        if self.is(Kind::OpenParen) { self.arguments() } else { Some(()) }
    }

    /// `import(…)`, `import.meta`, `import.defer(…)`.
    fn import_of_expression(&mut self) -> Option<()> {
        self.next();
        if !self.eat(Kind::Dot) {
            return self.is(Kind::OpenParen).then_some(());
        }
        let is_meta = self.lexer.text() == b"meta";
        let is_phase = matches!(self.kind(), Kind::Defer | Kind::Source);
        self.word()?;
        (is_meta || is_phase && self.is(Kind::OpenParen)).then_some(())
    }

    /// What begins with `<`: an element, an arrow function with type parameters, or a type assertion.
    fn angle(&mut self) -> Option<Shape> {
        if !(self.dialect.types && self.begins_type_parameters()) {
            return self.markup();
        }
        let is_generic = self.tries(|reader| {
            reader.type_parameters()?;
            reader.is(Kind::OpenParen).then_some(())
        })?;
        if is_generic {
            let parameters = Shape::PARAMETERS.with(Shape::MUST_BE_PARAMETERS);
            return self.group().map(|shape| shape.and(parameters));
        }
        self.expect(Kind::Less)?;
        self.apart(Self::type_)?;
        self.expect(Kind::Greater)?;
        let shape = self.deeper(Self::operand)?;
        shape.value().map(|()| shape.cast())
    }

    /// Whether a `<` is that of type parameters where an element might begin: `<T,` or `<T extends U`.
    pub(super) fn begins_type_parameters(&self) -> bool {
        if !self.dialect.markup {
            return true;
        }
        let mut ahead = self.lexer;
        ahead.next();
        if ahead.token.kind == Kind::Const {
            ahead.next();
        }
        ahead.next();
        let after_name = ahead.token.kind;
        ahead.next();
        after_name == Kind::Comma
            || after_name == Kind::Extends && !matches!(ahead.token.kind, Kind::Equals | Kind::Greater | Kind::Slash)
    }
}
