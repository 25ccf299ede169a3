//! Expressions of Go ("Expressions").

use super::super::tokens::Kind;
use super::Parser;

/// What an expression is, as far as it matters to where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A name.
    Name,
    /// A name of another package, or a field.
    Qualified,
    /// A name with something in brackets: a member of it, or a type with its argument.
    Instance,
    /// A type or a function with its arguments.
    Generic,
    /// What can be assigned to, of another kind.
    Place,
    /// A call.
    Call,
    /// What is taken from a channel.
    Receive,
    /// A type whose values can be written.
    Composite,
    /// Another type.
    Type,
    /// `a.(type)`.
    Guard,
    /// A value of another kind.
    Value,
}

impl Form {
    /// Whether it can be a value.
    pub(super) fn is_value(self) -> bool {
        !matches!(self, Form::Composite | Form::Type | Form::Guard)
    }

    pub(super) fn is_place(self) -> bool {
        matches!(self, Form::Name | Form::Qualified | Form::Instance | Form::Place)
    }

    /// Whether it can stand by itself as a statement.
    pub(super) fn is_effect(self) -> bool {
        matches!(self, Form::Call | Form::Receive)
    }
}

/// What stands in the brackets after a value.
enum Index {
    One,
    Types,
    Slice,
}

/// How strongly an operator binds; 0 for what is none.
fn precedence(kind: Kind) -> u8 {
    match kind {
        Kind::OrOr => 1,
        Kind::AndAnd => 2,
        Kind::Equal | Kind::Compare => 3,
        Kind::Plus | Kind::Minus | Kind::Or | Kind::Xor => 4,
        Kind::Star | Kind::Divide | Kind::Shift | Kind::And | Kind::AndNot => 5,
        _ => 0,
    }
}

impl Parser<'_> {
    /// A value.
    pub(super) fn value(&mut self) -> Option<()> {
        self.expression()?.is_value().then_some(())
    }

    pub(super) fn values(&mut self) -> Option<()> {
        self.value()?;
        while self.take(Kind::Comma) {
            self.value()?;
        }
        Some(())
    }

    /// A value or a type.
    pub(super) fn expression(&mut self) -> Option<Form> {
        self.deeper(|it| it.binary(1))
    }

    fn binary(&mut self, least: u8) -> Option<Form> {
        let mut form = self.unary()?;
        loop {
            let binds = precedence(self.kind());
            if binds < least {
                return Some(form);
            }
            self.step();
            let right = self.binary(binds + 1)?;
            if !(form.is_value() && right.is_value()) {
                return None;
            }
            form = Form::Value;
        }
    }

    fn unary(&mut self) -> Option<Form> {
        let kind = self.kind();
        let is_type = kind == Kind::Receive && self.ahead(1) == Kind::Chan;
        match kind {
            Kind::Plus | Kind::Minus | Kind::Not | Kind::Xor | Kind::And | Kind::Star | Kind::Receive if !is_type => {
                self.step();
                let form = self.deeper(Self::unary)?;
                match kind {
                    Kind::Star if matches!(form, Form::Composite | Form::Type) => Some(Form::Type),
                    Kind::Star => form.is_value().then_some(Form::Place),
                    Kind::Receive => form.is_value().then_some(Form::Receive),
                    _ => form.is_value().then_some(Form::Value),
                }
            }
            _ => self.primary(),
        }
    }

    fn primary(&mut self) -> Option<Form> {
        let mut form = self.operand()?;
        loop {
            form = match self.kind() {
                Kind::Dot => {
                    self.step();
                    match self.selector(form)? {
                        Form::Guard => return Some(Form::Guard),
                        form => form,
                    }
                }
                Kind::BracketOpen if form.is_value() => match (self.index()?, form) {
                    (Index::One, Form::Name | Form::Qualified) => Form::Instance,
                    (Index::One, _) => Form::Place,
                    (Index::Types, Form::Name | Form::Qualified) => Form::Generic,
                    (Index::Types, _) => return None,
                    (Index::Slice, _) => Form::Value,
                },
                Kind::ParenOpen => {
                    self.arguments()?;
                    if form.is_value() { Form::Call } else { Form::Value }
                }
                Kind::BraceOpen if self.may_be_literal(form) => {
                    self.literal()?;
                    Form::Value
                }
                _ => return Some(form),
            }
        }
    }

    /// Whether a brace after this begins a value of it, rather than a block.
    fn may_be_literal(&self, form: Form) -> bool {
        match form {
            Form::Composite => true,
            Form::Name | Form::Qualified | Form::Instance | Form::Generic => !self.state.is_header,
            _ => false,
        }
    }

    /// What follows a dot.
    fn selector(&mut self, form: Form) -> Option<Form> {
        if self.take(Kind::Ident) {
            let named = if form == Form::Name { Form::Qualified } else { Form::Place };
            return form.is_value().then_some(named);
        }
        self.expect(Kind::ParenOpen)?;
        if self.take(Kind::Type) {
            self.expect(Kind::ParenClose)?;
            return form.is_value().then_some(Form::Guard);
        }
        self.type_()?;
        self.expect(Kind::ParenClose)?;
        form.is_value().then_some(Form::Value)
    }

    fn index(&mut self) -> Option<Index> {
        self.step();
        self.in_brackets(|it| {
            if it.take(Kind::Colon) {
                return it.slice();
            }
            let first = it.expression()?;
            match it.kind() {
                Kind::Colon if first.is_value() => {
                    it.step();
                    it.slice()
                }
                Kind::BracketClose => {
                    it.step();
                    match first {
                        Form::Guard => None,
                        Form::Generic | Form::Composite | Form::Type => Some(Index::Types),
                        _ => Some(Index::One),
                    }
                }
                Kind::Comma => {
                    while it.take(Kind::Comma) && it.kind() != Kind::BracketClose {
                        it.type_()?;
                    }
                    it.expect(Kind::BracketClose)?;
                    Some(Index::Types)
                }
                _ => None,
            }
        })
    }

    /// The rest of a slice, after its first colon.
    fn slice(&mut self) -> Option<Index> {
        if !self.take(Kind::BracketClose) {
            self.value()?;
            if self.take(Kind::Colon) {
                self.value()?;
            }
            self.expect(Kind::BracketClose)?;
        }
        Some(Index::Slice)
    }

    fn arguments(&mut self) -> Option<()> {
        self.step();
        self.in_brackets(|it| {
            let mut goes_on = !it.take(Kind::ParenClose);
            while goes_on {
                if it.expression()? == Form::Guard {
                    return None;
                }
                let is_spread = it.take(Kind::Dots);
                goes_on = it.goes_on(Kind::ParenClose)?;
                if is_spread && goes_on {
                    return None;
                }
            }
            Some(())
        })
    }

    /// The inside of a value of several parts, with its braces.
    fn literal(&mut self) -> Option<()> {
        self.expect(Kind::BraceOpen)?;
        self.in_brackets(|it| {
            it.deeper(|it| {
                let mut goes_on = !it.take(Kind::BraceClose);
                while goes_on {
                    it.element()?;
                    if it.take(Kind::Colon) {
                        it.element()?;
                    }
                    goes_on = it.goes_on(Kind::BraceClose)?;
                }
                Some(())
            })
        })
    }

    fn element(&mut self) -> Option<()> {
        if self.kind() == Kind::BraceOpen { self.literal() } else { self.value() }
    }

    fn operand(&mut self) -> Option<Form> {
        match self.kind() {
            Kind::Number | Kind::Text | Kind::Char => {
                self.step();
                Some(Form::Value)
            }
            Kind::Ident => {
                self.step();
                Some(Form::Name)
            }
            Kind::ParenOpen => self.parenthesis(),
            Kind::Func => {
                self.step();
                self.signature()?;
                if self.kind() != Kind::BraceOpen {
                    return Some(Form::Type);
                }
                self.block()?;
                Some(Form::Value)
            }
            Kind::BracketOpen if self.ahead(1) == Kind::Dots => {
                self.at += 2;
                self.expect(Kind::BracketClose)?;
                self.type_()?;
                (self.kind() == Kind::BraceOpen).then_some(Form::Composite)
            }
            Kind::BracketOpen | Kind::Map | Kind::Struct => {
                self.type_()?;
                Some(Form::Composite)
            }
            Kind::Chan | Kind::Receive | Kind::Interface => {
                self.type_()?;
                Some(Form::Type)
            }
            _ => None,
        }
    }

    fn parenthesis(&mut self) -> Option<Form> {
        self.step();
        let form = self.in_brackets(Self::expression)?;
        self.expect(Kind::ParenClose)?;
        match form {
            Form::Guard => None,
            Form::Composite | Form::Type => Some(Form::Type),
            form if form.is_place() => Some(Form::Place),
            _ => Some(Form::Value),
        }
    }
}
