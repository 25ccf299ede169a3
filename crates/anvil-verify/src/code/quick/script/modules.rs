//! What a module takes from others and gives them.

use super::kind::Kind;
use super::reader::Reader;

impl Reader<'_> {
    /// What may stand in a module outside of all blocks.
    pub(super) fn module_item(&mut self) -> Option<()> {
        match self.kind() {
            Kind::Import if !matches!(self.peek().kind, Kind::OpenParen | Kind::Dot) => self.import(),
            Kind::Export => self.export(),
            _ => self.item(),
        }
    }

    fn import(&mut self) -> Option<()> {
        self.next();
        if self.eat(Kind::Text) {
            self.attributes()?;
            return self.semicolon();
        }
        self.phase();
        if self.kind().is_name() {
            self.next();
            if self.dialect.types && self.eat(Kind::Equals) {
                return self.required();
            }
            if !self.eat(Kind::Comma) {
                return self.source();
            }
        }
        if self.eat(Kind::Star) {
            self.expect(Kind::As)?;
            self.name()?;
        } else {
            self.imported_names()?;
        }
        self.source()
    }

    /// `type`, `defer` or `source` before what is imported.
    fn phase(&mut self) {
        let is_phase = match self.kind() {
            Kind::Type => self.dialect.types,
            Kind::Defer | Kind::Source => true,
            _ => false,
        };
        let next = self.peek().kind;
        let is_clause = (next.is_name() && next != Kind::From) || matches!(next, Kind::OpenBrace | Kind::Star);
        if is_phase && is_clause {
            self.next();
        }
    }

    /// What TypeScript's `import a =` is followed by: `require("b")`, or a path of names.
    fn required(&mut self) -> Option<()> {
        if self.is(Kind::Require) && self.peek().kind == Kind::OpenParen {
            self.next();
            self.next();
            self.expect(Kind::Text)?;
            self.expect(Kind::CloseParen)?;
            return self.semicolon();
        }
        self.path()?;
        self.semicolon()
    }

    /// Names with dots between them.
    pub(super) fn path(&mut self) -> Option<()> {
        self.name()?;
        while self.eat(Kind::Dot) {
            self.word()?;
        }
        Some(())
    }

    /// `from`, and the module.
    fn source(&mut self) -> Option<()> {
        self.expect(Kind::From)?;
        self.expect(Kind::Text)?;
        self.attributes()?;
        self.semicolon()
    }

    fn attributes(&mut self) -> Option<()> {
        let is_there = self.is(Kind::With) || self.is(Kind::Assert) && !self.on_new_line();
        if !is_there {
            return Some(());
        }
        self.next();
        self.object()?.value()
    }

    fn imported_names(&mut self) -> Option<()> {
        self.expect(Kind::OpenBrace)?;
        while !self.is(Kind::CloseBrace) {
            self.word_type();
            let is_name = self.kind().is_name();
            self.name_of_module()?;
            if self.eat(Kind::As) {
                self.name()?;
            } else if !is_name {
                return None;
            }
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CloseBrace)
    }

    /// The `type` before one name of several.
    fn word_type(&mut self) {
        let next = self.peek().kind;
        if self.dialect.types && self.is(Kind::Type) && next != Kind::As && (next.is_word() || next == Kind::Text) {
            self.next();
        }
    }

    /// A name as the other module has it.
    fn name_of_module(&mut self) -> Option<()> {
        if self.eat(Kind::Text) { Some(()) } else { self.word() }
    }

    fn export(&mut self) -> Option<()> {
        self.next();
        if self.dialect.types {
            match self.kind() {
                Kind::Equals => {
                    self.next();
                    self.value()?;
                    return self.semicolon();
                }
                Kind::As => {
                    self.next();
                    self.expect(Kind::Namespace)?;
                    self.name()?;
                    return self.semicolon();
                }
                Kind::Import => return self.import(),
                Kind::Type if matches!(self.peek().kind, Kind::OpenBrace | Kind::Star) => self.next(),
                _ => {}
            }
        }
        match self.kind() {
            Kind::Default => self.export_default(),
            Kind::OpenBrace => self.export_names(),
            Kind::Star => {
                self.next();
                if self.eat(Kind::As) {
                    self.name_of_module()?;
                }
                self.source()
            }
            _ => self.declaration()?.then_some(()),
        }
    }

    fn export_default(&mut self) -> Option<()> {
        self.next();
        match self.kind() {
            Kind::Function => self.default_function(),
            Kind::Class | Kind::At => self.class(),
            Kind::Async if self.is_before_on_line(|kind| kind == Kind::Function) => {
                self.next();
                self.default_function()
            }
            Kind::Abstract if self.dialect.types && self.is_before_on_line(|kind| kind == Kind::Class) => self.class(),
            Kind::Interface if self.dialect.types && self.is_before_on_line(Kind::is_name) => self.interface(),
            _ => {
                self.value()?;
                self.semicolon()
            }
        }
    }

    fn export_names(&mut self) -> Option<()> {
        self.next();
        // Only of another module's may a name be no name here.
        let mut must_have_source = false;
        while !self.is(Kind::CloseBrace) {
            self.word_type();
            must_have_source |= !self.kind().is_name();
            self.name_of_module()?;
            if self.eat(Kind::As) {
                self.name_of_module()?;
            }
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CloseBrace)?;
        if must_have_source || self.is(Kind::From) { self.source() } else { self.semicolon() }
    }
}
