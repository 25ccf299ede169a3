//! Switches and patterns of Java (14.11, 14.30, 15.28).

use super::super::tokens::Kind;
use super::Parser;
use super::expression::Form;

/// What a switch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Statement,
    Value,
}

impl Parser<'_> {
    pub(super) fn switch(&mut self, used: Use) -> Option<()> {
        self.expect(Kind::Switch)?;
        self.parenthesis()?;
        self.expect(Kind::BraceOpen)?;
        self.deeper(|it| it.cases(used))?;
        self.expect(Kind::BraceClose)
    }

    /// Labels, and what stands behind each.
    pub(super) fn cases(&mut self, used: Use) -> Option<()> {
        let mut sign = None;
        while matches!(self.kind(), Kind::Case | Kind::Default) {
            self.label()?;
            let here = self.kind();
            // All labels have the same sign.
            if *sign.get_or_insert(here) != here {
                return None;
            }
            self.step();
            match here {
                Kind::Arrow => self.rule(used)?,
                Kind::Colon => self.statements()?,
                _ => return None,
            }
        }
        Some(())
    }

    /// What follows an arrow.
    fn rule(&mut self, used: Use) -> Option<()> {
        match self.kind() {
            Kind::BraceOpen => self.block(),
            Kind::Throw => self.statement(),
            _ => {
                let form = self.expression()?;
                self.expect(Kind::Semicolon)?;
                (used == Use::Value || form == Form::Effect).then_some(())
            }
        }
    }

    fn label(&mut self) -> Option<()> {
        if self.take(Kind::Default) {
            return Some(());
        }
        self.expect(Kind::Case)?;
        self.row(|it| {
            if it.take(Kind::Default) {
                return Some(());
            }
            let after = it.after_type(it.at).map(|at| it.kind_at(at));
            let is_pattern =
                it.kind() == Kind::Final || after.is_some_and(|kind| kind.is_variable() || kind == Kind::ParenOpen);
            if is_pattern { it.pattern() } else { it.conditional().map(|_| ()) }
        })?;
        if self.take(Kind::WhenWord) { self.conditional().map(|_| ()) } else { Some(()) }
    }

    /// A type and a name, or a record and patterns of its parts.
    pub(super) fn pattern(&mut self) -> Option<()> {
        self.take(Kind::Final);
        if self.kind() == Kind::VarWord && self.ahead(1).is_variable() {
            self.at += 2;
            return Some(());
        }
        self.type_()?;
        if self.kind() == Kind::ParenOpen { self.record_pattern() } else { self.variable() }
    }

    /// The parts of a record.
    pub(super) fn record_pattern(&mut self) -> Option<()> {
        self.expect(Kind::ParenOpen)?;
        if self.take(Kind::ParenClose) {
            return Some(());
        }
        self.deeper(|it| it.list(Kind::ParenClose, |it| if it.take(Kind::Unnamed) { Some(()) } else { it.pattern() }))
    }
}
