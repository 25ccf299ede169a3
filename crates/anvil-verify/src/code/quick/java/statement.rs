//! Statements of Java (chapter 14).

use super::super::tokens::Kind;
use super::Parser;
use super::expression::Form;
use super::switch::Use;

/// How words begin that stand for statements where a form of the language is shown.
const PLACEHOLDERS: [&[u8]; 6] = [b"statement", b"code", b"block", b"body", b"instruction", b"expression"];

impl Parser<'_> {
    pub(super) fn block(&mut self) -> Option<()> {
        self.expect(Kind::BraceOpen)?;
        self.statements()?;
        self.expect(Kind::BraceClose)
    }

    /// Statements and declarations, up to a closing brace, the next label of a switch or the end of a piece.
    pub(super) fn statements(&mut self) -> Option<()> {
        while !matches!(self.kind(), Kind::BraceClose | Kind::Case | Kind::Default | Kind::End) {
            self.statement_of_block()?;
        }
        Some(())
    }

    pub(super) fn statement_of_block(&mut self) -> Option<()> {
        match self.kind() {
            Kind::Final | Kind::At | Kind::Abstract | Kind::Strictfp => {
                let modifiers = self.modifiers()?;
                if self.begins_declaration() {
                    let is_right = modifiers.are_among(&[Kind::Final, Kind::Abstract, Kind::Strictfp]);
                    return is_right.then(|| self.deeper(Self::type_declaration))?;
                }
                modifiers.are_among(&[Kind::Final]).then(|| self.variables())?
            }
            _ if self.begins_declaration() => self.deeper(Self::type_declaration),
            _ if self.begins_variables() => self.variables(),
            _ => self.statement(),
        }
    }

    /// Whether a type and a name follow.
    fn begins_variables(&self) -> bool {
        match self.kind() {
            Kind::Primitive => {}
            Kind::YieldWord => return false,
            kind if kind.is_name() => match self.ahead(1) {
                Kind::Dot | Kind::Less | Kind::BracketOpen => {}
                next => return next.is_variable(),
            },
            _ => return false,
        }
        self.after_type(self.at).is_some_and(|after| self.kind_at(after).is_variable())
    }

    /// Local variables and the semicolon after them.
    fn variables(&mut self) -> Option<()> {
        self.declared()?;
        self.expect(Kind::Semicolon)
    }

    /// Local variables.
    fn declared(&mut self) -> Option<()> {
        if self.kind() == Kind::VarWord && self.ahead(1).is_variable() {
            self.at += 2;
            self.expect(Kind::Assign)?;
            return self.value();
        }
        self.type_()?;
        if self.take(Kind::Unnamed) {
            self.expect(Kind::Assign)?;
            return self.initializer();
        }
        self.row(Self::declarator)
    }

    /// The name of a variable that need not have one.
    pub(super) fn variable(&mut self) -> Option<()> {
        if self.take(Kind::Unnamed) { Some(()) } else { self.name() }
    }

    /// A variable and its value.
    pub(super) fn declarator(&mut self) -> Option<()> {
        self.name()?;
        self.dimensions();
        if self.take(Kind::Assign) { self.initializer() } else { Some(()) }
    }

    pub(super) fn parenthesis(&mut self) -> Option<()> {
        self.expect(Kind::ParenOpen)?;
        self.value()?;
        self.expect(Kind::ParenClose)
    }

    pub(super) fn statement(&mut self) -> Option<()> {
        self.deeper(|it| {
            while it.kind().is_name() && it.ahead(1) == Kind::Colon {
                it.at += 2;
            }
            match it.kind() {
                Kind::BraceOpen => it.block(),
                Kind::Semicolon => it.expect(Kind::Semicolon),
                Kind::If => it.if_(),
                Kind::For => it.for_(),
                Kind::Switch => it.switch(Use::Statement),
                Kind::Try => it.try_(),
                Kind::While | Kind::Synchronized => {
                    let is_loop = it.kind() == Kind::While;
                    it.step();
                    it.parenthesis()?;
                    if is_loop { it.statement() } else { it.block() }
                }
                kind => {
                    it.sentence(kind)?;
                    it.expect(Kind::Semicolon)
                }
            }
        })
    }

    /// A statement that ends with a semicolon, without it.
    fn sentence(&mut self, kind: Kind) -> Option<()> {
        match kind {
            Kind::Return => {
                self.step();
                if self.kind() == Kind::Semicolon { Some(()) } else { self.value() }
            }
            Kind::Throw => {
                self.step();
                self.value()
            }
            Kind::Break | Kind::Continue => {
                self.step();
                if self.kind() == Kind::Semicolon { Some(()) } else { self.name() }
            }
            Kind::Assert => {
                self.step();
                self.value()?;
                if self.take(Kind::Colon) { self.value() } else { Some(()) }
            }
            Kind::Do => {
                self.step();
                self.statement()?;
                self.expect(Kind::While)?;
                self.parenthesis()
            }
            Kind::YieldWord if self.yields() => {
                self.step();
                self.value()
            }
            _ => self.effect(),
        }
    }

    /// Whether `yield` is no name here.
    fn yields(&self) -> bool {
        let next = self.ahead(1);
        next.is_name()
            || next.is_literal()
            || matches!(
                next,
                Kind::ParenOpen
                    | Kind::New
                    | Kind::This
                    | Kind::Super
                    | Kind::Switch
                    | Kind::Not
                    | Kind::Tilde
                    | Kind::Minus
            )
    }

    /// An expression that may stand by itself (14.8).
    fn effect(&mut self) -> Option<()> {
        let start = self.at;
        let form = self.expression()?;
        if form == Form::Effect {
            return Some(());
        }
        let is_placeholder =
            self.at == start + 1 && PLACEHOLDERS.iter().any(|word| self.text_from(start).starts_with(word));
        let is_yield = self.kind_at(start) == Kind::YieldWord;
        let is_sure = self.state.is_program && self.kind() == Kind::Semicolon && !is_placeholder && !is_yield;
        if is_sure { self.fail(start) } else { None }
    }

    fn if_(&mut self) -> Option<()> {
        loop {
            self.expect(Kind::If)?;
            self.parenthesis()?;
            self.statement()?;
            if !self.take(Kind::Else) {
                return Some(());
            }
            if self.kind() != Kind::If {
                return self.statement();
            }
        }
    }

    fn for_(&mut self) -> Option<()> {
        self.step();
        self.expect(Kind::ParenOpen)?;
        if self.begins_walk() {
            self.only_final()?;
            self.type_of_variable()?;
            self.variable()?;
            self.expect(Kind::Colon)?;
            self.value()?;
        } else {
            self.clauses()?;
        }
        self.expect(Kind::ParenClose)?;
        self.statement()
    }

    /// The type of a variable, or `var`.
    pub(super) fn type_of_variable(&mut self) -> Option<()> {
        let is_inferred = self.kind() == Kind::VarWord && self.ahead(1).is_variable();
        if is_inferred { self.name() } else { self.type_() }
    }

    /// Whether a loop goes over what something holds.
    fn begins_walk(&self) -> bool {
        let mut at = self.at;
        while self.kind_at(at) == Kind::Final {
            at += 1;
        }
        let after = self.after_type(at);
        after.is_some_and(|at| self.kind_at(at).is_variable() && self.kind_at(at + 1) == Kind::Colon)
    }

    /// What a loop begins with, its condition and its step.
    fn clauses(&mut self) -> Option<()> {
        if self.kind() == Kind::Final || self.begins_variables() {
            self.take(Kind::Final);
            self.declared()?;
        } else if self.kind() != Kind::Semicolon {
            self.row(Self::effect)?;
        }
        self.expect(Kind::Semicolon)?;
        if self.kind() != Kind::Semicolon {
            self.value()?;
        }
        self.expect(Kind::Semicolon)?;
        if self.kind() == Kind::ParenClose { Some(()) } else { self.row(Self::effect) }
    }

    fn try_(&mut self) -> Option<()> {
        self.step();
        let mut is_whole = self.take(Kind::ParenOpen);
        if is_whole {
            self.resources()?;
        }
        self.block()?;
        while self.take(Kind::Catch) {
            self.expect(Kind::ParenOpen)?;
            self.only_final()?;
            self.reference()?;
            while self.take(Kind::Or) {
                self.reference()?;
            }
            self.variable()?;
            self.expect(Kind::ParenClose)?;
            self.block()?;
            is_whole = true;
        }
        if self.take(Kind::Finally) {
            return self.block();
        }
        is_whole.then_some(())
    }

    /// No modifier but `final`, and annotations.
    pub(super) fn only_final(&mut self) -> Option<()> {
        self.modifiers()?.are_among(&[Kind::Final]).then_some(())
    }

    /// What a `try` closes, up to the parenthesis.
    fn resources(&mut self) -> Option<()> {
        loop {
            if matches!(self.kind(), Kind::Final | Kind::At) || self.begins_variables() {
                self.only_final()?;
                self.type_of_variable()?;
                self.variable()?;
                self.expect(Kind::Assign)?;
                self.value()?;
            } else if !self.expression()?.is_place() {
                return None;
            }
            let is_last = !self.take(Kind::Semicolon);
            if is_last || self.kind() == Kind::ParenClose {
                return self.expect(Kind::ParenClose);
            }
        }
    }
}
