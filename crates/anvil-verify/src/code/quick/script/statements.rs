//! Statements, and the declarations that stand among them.

use super::kind::Kind;
use super::reader::{Around, Reader};
use super::shape::Shape;

impl Reader<'_> {
    /// The whole text.
    pub(super) fn program(&mut self) -> Option<()> {
        while !self.is(Kind::End) {
            self.module_item()?;
        }
        Some(())
    }

    /// A declaration or a statement.
    pub(super) fn item(&mut self) -> Option<()> {
        if self.deeper(Self::declaration)? { Some(()) } else { self.statement() }
    }

    /// A declaration of a name, if one begins here.
    pub(super) fn declaration(&mut self) -> Option<bool> {
        match self.kind() {
            Kind::Var | Kind::Let => {
                self.next();
                self.declarations()?;
            }
            Kind::Const if self.dialect.types && self.peek().kind == Kind::Enum => {
                self.next();
                self.enumeration()?;
            }
            Kind::Const => {
                self.next();
                self.constants()?;
            }
            Kind::Function => self.declared_function()?,
            Kind::Class | Kind::At => self.declared_class()?,
            Kind::Async if self.is_before_on_line(|kind| kind == Kind::Function) => {
                self.next();
                self.declared_function()?;
            }
            Kind::Using if self.is_before_on_line(|kind| kind.is_name() && kind != Kind::Of) => {
                self.next();
                self.constants()?;
            }
            Kind::Await if self.peek().kind == Kind::Using => {
                self.next();
                self.next();
                self.constants()?;
            }
            _ => return if self.dialect.types { self.declaration_of_types() } else { Some(false) },
        }
        Some(true)
    }

    /// Whether the next token is on this line and of a kind.
    pub(super) fn is_before_on_line(&self, is: fn(Kind) -> bool) -> bool {
        let next = self.peek();
        !next.on_new_line && is(next.kind)
    }

    /// Names of `var` and `let` with their values.
    fn declarations(&mut self) -> Option<()> {
        loop {
            let is_pattern = !self.kind().is_name();
            self.declared_name()?;
            self.value_of_name(is_pattern)?;
            if !self.eat(Kind::Comma) {
                return self.semicolon();
            }
        }
    }

    /// Names of `const` with their values, which only what TypeScript declares elsewhere may lack.
    fn constants(&mut self) -> Option<()> {
        loop {
            self.declared_name()?;
            self.value_of_name(!self.dialect.types)?;
            if !self.eat(Kind::Comma) {
                return self.semicolon();
            }
        }
    }

    /// A name that is declared, or a pattern of them, and its type.
    pub(super) fn declared_name(&mut self) -> Option<()> {
        self.binding()?;
        if self.dialect.types && self.is(Kind::Bang) && !self.on_new_line() {
            self.next();
        }
        self.annotation()
    }

    fn value_of_name(&mut self, must_be: bool) -> Option<()> {
        if must_be && !self.is(Kind::Equals) { None } else { self.initializer() }
    }

    pub(super) fn block(&mut self) -> Option<()> {
        self.expect(Kind::OpenBrace)?;
        while !self.is(Kind::CloseBrace) {
            self.item()?;
        }
        self.next();
        Some(())
    }

    pub(super) fn statement(&mut self) -> Option<()> {
        self.deeper(Self::statement_of_kind)
    }

    fn statement_of_kind(&mut self) -> Option<()> {
        match self.kind() {
            Kind::OpenBrace => self.block(),
            Kind::Semicolon => {
                self.next();
                Some(())
            }
            Kind::If => self.conditional(),
            Kind::For => self.for_loop(),
            Kind::While => self.while_loop(),
            Kind::Do => self.do_loop(),
            Kind::Switch => self.switch(),
            Kind::Try => self.try_(),
            Kind::With => {
                self.next();
                self.condition()?;
                self.statement()
            }
            Kind::Var => {
                self.next();
                self.declarations()
            }
            Kind::Return => {
                self.next();
                let is_bare =
                    self.on_new_line() || matches!(self.kind(), Kind::Semicolon | Kind::CloseBrace | Kind::End);
                if !is_bare {
                    self.expression()?;
                }
                self.semicolon()
            }
            Kind::Throw => {
                self.next();
                if self.on_new_line() {
                    return None;
                }
                self.expression()?;
                self.semicolon()
            }
            Kind::Break | Kind::Continue => {
                self.next();
                if self.kind().is_name() && !self.on_new_line() {
                    self.next();
                }
                self.semicolon()
            }
            Kind::Debugger => {
                self.next();
                self.semicolon()
            }
            Kind::Function | Kind::Class | Kind::At => None,
            _ => self.expression_or_label(),
        }
    }

    fn expression_or_label(&mut self) -> Option<()> {
        let shape = self.expression()?;
        if shape.is(Shape::NAME) && self.eat(Kind::Colon) {
            return self.item();
        }
        self.semicolon()
    }

    /// An expression in parentheses, as `if` and `while` have it.
    pub(super) fn condition(&mut self) -> Option<()> {
        self.expect(Kind::OpenParen)?;
        self.apart(Self::expression)?;
        self.expect(Kind::CloseParen)
    }

    /// `if`, with all that follow each other by `else`.
    fn conditional(&mut self) -> Option<()> {
        loop {
            self.next();
            self.condition()?;
            self.branch()?;
            if !self.eat(Kind::Else) {
                return Some(());
            }
            if !self.is(Kind::If) {
                return self.branch();
            }
        }
    }

    /// A branch of an `if`, where functions may be declared too (ECMA-262, annex B).
    fn branch(&mut self) -> Option<()> {
        if self.is(Kind::Function) { self.deeper(Self::function) } else { self.statement() }
    }

    fn switch(&mut self) -> Option<()> {
        self.next();
        self.condition()?;
        self.expect(Kind::OpenBrace)?;
        while !self.eat(Kind::CloseBrace) {
            if self.eat(Kind::Case) {
                self.within(Around { colon: true, ..Around::default() }, Self::expression)?;
            } else {
                self.expect(Kind::Default)?;
            }
            self.expect(Kind::Colon)?;
            while !matches!(self.kind(), Kind::Case | Kind::Default | Kind::CloseBrace) {
                self.item()?;
            }
        }
        Some(())
    }

    fn try_(&mut self) -> Option<()> {
        self.next();
        self.block()?;
        let is_caught = self.eat(Kind::Catch);
        if is_caught {
            if self.eat(Kind::OpenParen) {
                self.binding()?;
                self.annotation()?;
                self.expect(Kind::CloseParen)?;
            }
            self.block()?;
        }
        if self.eat(Kind::Finally) {
            return self.block();
        }
        is_caught.then_some(())
    }
}
