//! What the type of an object says of its members.

use super::kind::Kind;
use super::reader::Reader;

impl Reader<'_> {
    /// The type of an object: its members, or one rule for all of them.
    pub(super) fn type_of_object(&mut self) -> Option<()> {
        if self.begins_mapping() { self.apart(Self::mapping) } else { self.members_of_type() }
    }

    pub(super) fn members_of_type(&mut self) -> Option<()> {
        self.expect(Kind::OpenBrace)?;
        self.apart(|reader| {
            while !reader.is(Kind::CloseBrace) {
                reader.member_of_type()?;
                let ends = reader.eat(Kind::Semicolon)
                    || reader.eat(Kind::Comma)
                    || reader.on_new_line()
                    || reader.is(Kind::CloseBrace);
                if !ends {
                    return None;
                }
            }
            Some(())
        })?;
        self.expect(Kind::CloseBrace)
    }

    fn member_of_type(&mut self) -> Option<()> {
        if matches!(self.kind(), Kind::OpenParen | Kind::Less) {
            return self.signature();
        }
        if matches!(self.kind(), Kind::New | Kind::Readonly | Kind::Get | Kind::Set) {
            let next = self.peek();
            if self.is(Kind::New) && matches!(next.kind, Kind::OpenParen | Kind::Less) {
                self.next();
                return self.signature();
            }
            if next.kind.begins_key() && !next.on_new_line && !self.is(Kind::New) {
                self.next();
            }
        }
        if self.begins_index() {
            return self.index_signature();
        }
        self.key()?;
        self.eat(Kind::Question);
        if matches!(self.kind(), Kind::OpenParen | Kind::Less) { self.signature() } else { self.annotation() }
    }

    /// Whether a bracket is that of an index signature, and of no name that is calculated.
    pub(super) fn begins_index(&self) -> bool {
        let mut ahead = self.lexer;
        if ahead.token.kind != Kind::OpenBracket {
            return false;
        }
        ahead.next();
        let is_name = ahead.token.kind.is_name();
        ahead.next();
        is_name && ahead.token.kind == Kind::Colon
    }

    /// `[key: string]: number`.
    pub(super) fn index_signature(&mut self) -> Option<()> {
        self.next();
        self.name()?;
        self.annotation()?;
        self.expect(Kind::CloseBracket)?;
        self.annotation()
    }

    /// Whether a brace is that of a mapped type.
    fn begins_mapping(&self) -> bool {
        let mut ahead = self.lexer;
        ahead.next();
        if matches!(ahead.token.kind, Kind::Plus | Kind::Minus) {
            ahead.next();
        }
        if ahead.token.kind == Kind::Readonly {
            ahead.next();
        }
        let is_bracket = ahead.token.kind == Kind::OpenBracket;
        ahead.next();
        let is_name = ahead.token.kind.is_name();
        ahead.next();
        is_bracket && is_name && ahead.token.kind == Kind::In
    }

    /// `{ readonly [K in keyof T as U]?: V }`.
    fn mapping(&mut self) -> Option<()> {
        self.next();
        if self.eat(Kind::Plus) || self.eat(Kind::Minus) {
            self.expect(Kind::Readonly)?;
        } else {
            self.eat(Kind::Readonly);
        }
        self.expect(Kind::OpenBracket)?;
        self.name()?;
        self.expect(Kind::In)?;
        self.type_()?;
        if self.eat(Kind::As) {
            self.type_()?;
        }
        self.expect(Kind::CloseBracket)?;
        if self.eat(Kind::Plus) || self.eat(Kind::Minus) {
            self.expect(Kind::Question)?;
        } else {
            self.eat(Kind::Question);
        }
        self.annotation()?;
        if !self.eat(Kind::Semicolon) {
            self.eat(Kind::Comma);
        }
        self.expect(Kind::CloseBrace)
    }
}
