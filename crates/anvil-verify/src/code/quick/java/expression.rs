//! Expressions of Java (chapter 15).

use super::super::tokens::Kind;
use super::Parser;
use super::switch::Use;

/// What an expression is, as far as it matters to where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Names with dots between them: a variable, a type or a package.
    Path,
    /// What can be assigned to, of another kind.
    Place,
    /// What may be a statement: an assignment, a call, a new object, a step.
    Effect,
    /// A value of another kind.
    Value,
}

impl Form {
    pub(super) fn is_place(self) -> bool {
        matches!(self, Form::Path | Form::Place)
    }
}

/// How strongly `instanceof` binds.
const COMPARISON: u8 = 7;

impl Parser<'_> {
    pub(super) fn value(&mut self) -> Option<()> {
        self.expression().map(|_| ())
    }

    pub(super) fn expression(&mut self) -> Option<Form> {
        self.deeper(|it| {
            if it.is_lambda() {
                return it.lambda();
            }
            let form = it.conditional()?;
            if !matches!(it.kind(), Kind::Assign | Kind::AssignWith) {
                return Some(form);
            }
            it.step();
            it.value()?;
            form.is_place().then_some(Form::Effect)
        })
    }

    /// An expression that is no assignment and no lambda.
    pub(super) fn conditional(&mut self) -> Option<Form> {
        let form = self.binary(1)?;
        if self.kind() != Kind::Question {
            return Some(form);
        }
        while self.take(Kind::Question) {
            self.value()?;
            self.expect(Kind::Colon)?;
            if self.is_lambda() {
                return self.lambda();
            }
            self.binary(1)?;
        }
        Some(Form::Value)
    }

    /// How strongly the operator here binds and how many tokens it has; nothing for what is none.
    fn operator(&self) -> (u8, usize) {
        match self.kind() {
            Kind::OrOr => (1, 1),
            Kind::AndAnd => (2, 1),
            Kind::Or => (3, 1),
            Kind::Xor => (4, 1),
            Kind::And => (5, 1),
            Kind::Equal => (6, 1),
            Kind::Less | Kind::Compare | Kind::Instanceof => (COMPARISON, 1),
            Kind::Greater => {
                let is_shift = |at: usize| self.is_tight(at) && self.kind_at(at + 1) == Kind::Greater;
                match (is_shift(self.at), is_shift(self.at + 1)) {
                    (false, _) => (COMPARISON, 1),
                    (true, false) => (COMPARISON + 1, 2),
                    (true, true) => (COMPARISON + 1, 3),
                }
            }
            Kind::Shift => (COMPARISON + 1, 1),
            Kind::Plus | Kind::Minus => (9, 1),
            Kind::Star | Kind::Divide => (10, 1),
            _ => (0, 0),
        }
    }

    fn binary(&mut self, least: u8) -> Option<Form> {
        let mut form = self.unary()?;
        loop {
            let (binds, length) = self.operator();
            if binds < least {
                return Some(form);
            }
            let is_test = self.kind() == Kind::Instanceof;
            self.at += length;
            if is_test {
                self.test()?;
            } else {
                self.binary(binds + 1)?;
            }
            form = Form::Value;
        }
    }

    /// What is asked of a value: its type, or a pattern.
    fn test(&mut self) -> Option<()> {
        if self.kind() == Kind::Final {
            return self.pattern();
        }
        self.reference()?;
        if self.kind() == Kind::ParenOpen {
            return self.record_pattern();
        }
        if self.kind().is_variable() {
            self.step();
        }
        Some(())
    }

    fn unary(&mut self) -> Option<Form> {
        match self.kind() {
            Kind::Step => {
                self.step();
                self.deeper(Self::unary)?.is_place().then_some(Form::Effect)
            }
            Kind::Plus | Kind::Minus | Kind::Not | Kind::Tilde => {
                self.step();
                self.deeper(Self::unary)?;
                Some(Form::Value)
            }
            Kind::ParenOpen if self.is_cast() => {
                self.step();
                self.bounds_of_cast()?;
                if self.is_lambda() {
                    return self.lambda();
                }
                self.deeper(Self::unary)?;
                Some(Form::Value)
            }
            _ => {
                let form = self.primary()?;
                if !self.take(Kind::Step) {
                    return Some(form);
                }
                form.is_place().then_some(Form::Effect)
            }
        }
    }

    /// Whether the parenthesis here holds a type, and what follows is of that type.
    fn is_cast(&self) -> bool {
        let close = self.close_of(self.at);
        let is_primitive = self.ahead(1) == Kind::Primitive;
        let Some(mut end) = self.after_type(self.at + 1) else { return false };
        while self.kind_at(end) == Kind::And {
            let Some(next) = self.after_type(end + 1) else { return false };
            end = next;
        }
        if end != close {
            return false;
        }
        let next = self.kind_at(close + 1);
        // Before what may be a sign between two values only a primitive type is surely a type.
        is_primitive
            && self.kind_at(close - 1) == Kind::Primitive
            && matches!(next, Kind::Plus | Kind::Minus | Kind::Step)
            || next.is_name()
            || next.is_literal()
            || matches!(
                next,
                Kind::ParenOpen
                    | Kind::Not
                    | Kind::Tilde
                    | Kind::This
                    | Kind::Super
                    | Kind::New
                    | Kind::Primitive
                    | Kind::Void
                    | Kind::Switch
            )
    }

    fn bounds_of_cast(&mut self) -> Option<()> {
        if self.kind() == Kind::Primitive { self.type_() } else { self.bounds() }?;
        self.expect(Kind::ParenClose)
    }

    fn is_lambda(&self) -> bool {
        match self.kind() {
            Kind::ParenOpen => self.kind_at(self.close_of(self.at) + 1) == Kind::Arrow,
            kind => kind.is_variable() && self.ahead(1) == Kind::Arrow,
        }
    }

    fn lambda(&mut self) -> Option<Form> {
        let are_names = self.ahead(1).is_variable() && matches!(self.ahead(2), Kind::Comma | Kind::ParenClose);
        match self.kind() {
            Kind::ParenOpen if are_names => {
                self.step();
                self.list(Kind::ParenClose, Self::variable)?;
            }
            Kind::ParenOpen => self.parameters_of(Self::type_of_variable, Self::variable)?,
            _ => self.step(),
        }
        self.expect(Kind::Arrow)?;
        if self.kind() == Kind::BraceOpen { self.block() } else { self.value() }?;
        Some(Form::Value)
    }

    fn primary(&mut self) -> Option<Form> {
        let mut form = self.operand()?;
        loop {
            form = match self.kind() {
                Kind::Dot => self.selector(form)?,
                Kind::BracketOpen if self.ahead(1) == Kind::BracketClose => {
                    if form != Form::Path {
                        return None;
                    }
                    self.after_dimensions()?
                }
                Kind::BracketOpen => {
                    self.step();
                    self.value()?;
                    self.expect(Kind::BracketClose)?;
                    Form::Place
                }
                Kind::Colons => return self.reference_to_method(),
                Kind::Less if form == Form::Path && self.begins_reference() => {
                    self.arguments_of_type()?;
                    self.dimensions();
                    return self.reference_to_method();
                }
                _ => return Some(form),
            }
        }
    }

    fn operand(&mut self) -> Option<Form> {
        match self.kind() {
            kind if kind.is_literal() => {
                self.step();
                Some(Form::Value)
            }
            Kind::ParenOpen => {
                self.step();
                self.value()?;
                self.expect(Kind::ParenClose)?;
                Some(Form::Value)
            }
            Kind::This | Kind::Super => {
                self.step();
                let is_whole = self.kind_at(self.at - 1) == Kind::This;
                if self.kind() == Kind::ParenOpen {
                    return self.call();
                }
                (is_whole || matches!(self.kind(), Kind::Dot | Kind::Colons)).then_some(Form::Value)
            }
            Kind::New => self.creation(),
            Kind::Switch => {
                self.switch(Use::Value)?;
                Some(Form::Value)
            }
            Kind::Primitive => {
                self.step();
                self.after_dimensions()
            }
            Kind::Void => {
                self.step();
                self.class_literal()
            }
            kind if kind.is_name() => {
                self.step();
                if self.kind() == Kind::ParenOpen { self.call() } else { Some(Form::Path) }
            }
            _ => None,
        }
    }

    fn call(&mut self) -> Option<Form> {
        self.arguments()?;
        Some(Form::Effect)
    }

    pub(super) fn arguments(&mut self) -> Option<()> {
        self.expect(Kind::ParenOpen)?;
        if self.take(Kind::ParenClose) {
            return Some(());
        }
        self.list(Kind::ParenClose, Self::value)
    }

    /// What follows a dot.
    fn selector(&mut self, form: Form) -> Option<Form> {
        self.expect(Kind::Dot)?;
        let is_path = form == Form::Path;
        match self.kind() {
            Kind::New => self.creation(),
            Kind::Less => {
                self.arguments_of_type()?;
                self.name()?;
                self.call()
            }
            Kind::Class | Kind::This if is_path => {
                self.step();
                Some(Form::Value)
            }
            Kind::Super if is_path => {
                self.step();
                if self.kind() == Kind::ParenOpen {
                    return self.call();
                }
                matches!(self.kind(), Kind::Dot | Kind::Colons).then_some(Form::Value)
            }
            _ => {
                self.name()?;
                match self.kind() {
                    Kind::ParenOpen => self.call(),
                    _ => Some(if is_path { Form::Path } else { Form::Place }),
                }
            }
        }
    }

    /// What makes a value of a type of arrays: its class, or a method that makes one.
    fn after_dimensions(&mut self) -> Option<Form> {
        self.dimensions();
        if self.kind() == Kind::Colons { self.reference_to_method() } else { self.class_literal() }
    }

    fn class_literal(&mut self) -> Option<Form> {
        self.expect(Kind::Dot)?;
        self.expect(Kind::Class)?;
        Some(Form::Value)
    }

    /// Whether what looks like a comparison is a type before `::`.
    fn begins_reference(&self) -> bool {
        let Some(mut at) = self.after_arguments(self.at) else { return false };
        while self.kind_at(at) == Kind::BracketOpen && self.kind_at(at + 1) == Kind::BracketClose {
            at += 2;
        }
        self.kind_at(at) == Kind::Colons
    }

    fn reference_to_method(&mut self) -> Option<Form> {
        self.expect(Kind::Colons)?;
        if self.kind() == Kind::Less {
            self.arguments_of_type()?;
        }
        if !self.take(Kind::New) {
            self.name()?;
        }
        Some(Form::Value)
    }
}
