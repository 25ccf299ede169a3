//! Statements of Go ("Statements").

use super::super::tokens::Kind;
use super::Parser;
use super::expression::Form;

/// A statement without a word at its beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Simple {
    /// A call, or something taken from a channel.
    Effect,
    /// Another value, which is none by itself.
    Value,
    /// `a.(type)`, or a name for it.
    Guard,
    /// Names for values.
    Define,
    /// Names for what one channel gives, or places for it.
    DefineReceived,
    Assign,
    Send,
    /// `a++`, and `a += b`.
    Change,
    /// Places, and the word `range` to come.
    Range,
}

impl Simple {
    fn is_statement(self) -> bool {
        !matches!(self, Simple::Value | Simple::Guard | Simple::Range)
    }

    fn is_value(self) -> bool {
        matches!(self, Simple::Value | Simple::Effect)
    }
}

impl Parser<'_> {
    /// Statements in braces.
    pub(super) fn block(&mut self) -> Option<()> {
        self.expect(Kind::BraceOpen)?;
        self.in_brackets(Self::statements)?;
        self.expect(Kind::BraceClose)
    }

    fn statements(&mut self) -> Option<()> {
        while !matches!(self.kind(), Kind::BraceClose | Kind::Case | Kind::Default | Kind::End) {
            self.statement()?;
            self.end_line()?;
        }
        Some(())
    }

    pub(super) fn statement(&mut self) -> Option<()> {
        self.deeper(|it| {
            while it.kind() == Kind::Ident && it.ahead(1) == Kind::Colon {
                it.at += 2;
            }
            match it.kind() {
                Kind::Const | Kind::Var | Kind::Type => it.declaration(),
                Kind::BraceOpen => it.block(),
                Kind::If => it.conditional(),
                Kind::For => it.loop_(),
                Kind::Switch => it.switch(),
                Kind::Select => it.select(),
                Kind::Go | Kind::Defer => {
                    it.step();
                    (it.expression()? == Form::Call).then_some(())
                }
                Kind::Return => {
                    it.step();
                    if it.is_end() { Some(()) } else { it.values() }
                }
                Kind::Break | Kind::Continue => {
                    it.step();
                    it.take(Kind::Ident);
                    Some(())
                }
                Kind::Goto => {
                    it.step();
                    it.expect(Kind::Ident)
                }
                Kind::Fallthrough => {
                    it.step();
                    Some(())
                }
                // Nothing, after a label or between two semicolons.
                Kind::Semicolon | Kind::BraceClose => Some(()),
                _ => it.simple()?.is_statement().then_some(()),
            }
        })
    }

    fn simple(&mut self) -> Option<Simple> {
        let first = self.expression()?;
        let (mut count, mut are_names, mut are_places) = (1, first == Form::Name, first.is_place());
        while self.take(Kind::Comma) {
            let form = self.expression()?;
            (count, are_names, are_places) =
                (count + 1, are_names && form == Form::Name, are_places && form.is_place());
        }
        let kind = self.kind();
        match kind {
            Kind::Define if are_names => self.assigned(count, Simple::Define),
            Kind::Assign if are_places => self.assigned(count, Simple::Assign),
            _ if count > 1 => None,
            Kind::AssignWith if are_places => {
                self.step();
                self.value()?;
                Some(Simple::Change)
            }
            Kind::Step if are_places => {
                self.step();
                Some(Simple::Change)
            }
            Kind::Receive if first.is_value() => {
                self.step();
                self.value()?;
                Some(Simple::Send)
            }
            _ if first.is_effect() => Some(Simple::Effect),
            _ if first == Form::Guard => Some(Simple::Guard),
            _ => first.is_value().then_some(Simple::Value),
        }
    }

    /// What is assigned to `count` places.
    fn assigned(&mut self, count: usize, simple: Simple) -> Option<Simple> {
        self.step();
        if self.kind() == Kind::Range {
            return (count <= 2).then_some(Simple::Range);
        }
        match self.expression()? {
            Form::Guard => (count == 1 && simple == Simple::Define).then_some(Simple::Guard),
            Form::Receive if count <= 2 && self.kind() != Kind::Comma => Some(Simple::DefineReceived),
            form if form.is_value() => {
                if self.take(Kind::Comma) {
                    self.values()?;
                }
                Some(simple)
            }
            _ => None,
        }
    }

    fn conditional(&mut self) -> Option<()> {
        loop {
            self.step();
            self.in_header(|it| {
                let first = if it.kind() == Kind::Semicolon { Simple::Effect } else { it.simple()? };
                let is_over = first.is_value() && it.kind() == Kind::BraceOpen;
                if is_over {
                    return Some(());
                }
                it.expect(Kind::Semicolon)?;
                (first.is_statement() && it.simple()?.is_value()).then_some(())
            })?;
            self.block()?;
            if !self.take(Kind::Else) {
                return Some(());
            }
            if self.kind() != Kind::If {
                return self.block();
            }
        }
    }

    fn loop_(&mut self) -> Option<()> {
        self.step();
        self.in_header(|it| match it.kind() {
            Kind::BraceOpen => Some(()),
            Kind::Range => it.range(),
            Kind::Semicolon => it.clauses(),
            _ => match it.simple()? {
                Simple::Range => it.range(),
                simple if simple.is_value() && it.kind() == Kind::BraceOpen => Some(()),
                simple if simple.is_statement() => it.clauses(),
                _ => None,
            },
        })?;
        self.block()
    }

    fn range(&mut self) -> Option<()> {
        self.expect(Kind::Range)?;
        self.value()
    }

    /// The condition and the step of a loop.
    fn clauses(&mut self) -> Option<()> {
        self.expect(Kind::Semicolon)?;
        if self.kind() != Kind::Semicolon && !self.simple()?.is_value() {
            return None;
        }
        self.expect(Kind::Semicolon)?;
        if self.kind() == Kind::BraceOpen {
            return Some(());
        }
        let step = self.simple()?;
        matches!(step, Simple::Effect | Simple::Assign | Simple::Send | Simple::Change).then_some(())
    }

    fn switch(&mut self) -> Option<()> {
        self.step();
        let over = self.in_header(Self::subject)?;
        self.expect(Kind::BraceOpen)?;
        self.cases(if over == Simple::Guard { Self::types } else { Self::values })?;
        self.expect(Kind::BraceClose)
    }

    /// Cases with `labels`, and what stands behind each.
    pub(super) fn cases(&mut self, labels: fn(&mut Self) -> Option<()>) -> Option<()> {
        while matches!(self.kind(), Kind::Case | Kind::Default) {
            if !self.take(Kind::Default) {
                self.expect(Kind::Case)?;
                self.in_brackets(labels)?;
            }
            self.expect(Kind::Colon)?;
            self.in_brackets(Self::statements)?;
        }
        Some(())
    }

    /// Values or types.
    pub(super) fn values_or_types(&mut self) -> Option<()> {
        let mut form = self.expression()?;
        while form != Form::Guard && self.take(Kind::Comma) {
            form = self.expression()?;
        }
        (form != Form::Guard).then_some(())
    }

    /// What a switch goes by.
    fn subject(&mut self) -> Option<Simple> {
        if self.kind() == Kind::BraceOpen {
            return Some(Simple::Value);
        }
        let mut simple = if self.kind() == Kind::Semicolon { Simple::Effect } else { self.simple()? };
        if self.take(Kind::Semicolon) {
            if !simple.is_statement() {
                return None;
            }
            if self.kind() == Kind::BraceOpen {
                return Some(Simple::Value);
            }
            simple = self.simple()?;
        }
        (simple.is_value() || simple == Simple::Guard).then_some(simple)
    }

    fn types(&mut self) -> Option<()> {
        self.type_()?;
        while self.take(Kind::Comma) {
            self.type_()?;
        }
        Some(())
    }

    fn select(&mut self) -> Option<()> {
        self.step();
        self.expect(Kind::BraceOpen)?;
        self.cases(Self::communication)?;
        self.expect(Kind::BraceClose)
    }

    /// What is sent to a channel, or taken from one.
    fn communication(&mut self) -> Option<()> {
        let is_receive = self.kind() == Kind::Receive;
        match self.simple()? {
            Simple::Send | Simple::DefineReceived => Some(()),
            Simple::Effect => is_receive.then_some(()),
            _ => None,
        }
    }
}
