//! Types of TypeScript.

use super::kind::Kind;
use super::lexer::Lexer;
use super::reader::{Around, Reader};

impl Reader<'_> {
    /// A type.
    pub(super) fn type_(&mut self) -> Option<()> {
        self.deeper(Self::conditional_type)
    }

    /// A type, or what a function that tests says of its parameter.
    pub(super) fn return_type(&mut self) -> Option<()> {
        let is_subject = |kind: Kind| kind.is_name() || kind == Kind::This;
        if self.is(Kind::Asserts)
            && self.is_before_on_line(|kind| kind.is_name() && kind != Kind::Is || kind == Kind::This)
        {
            self.next();
            self.next();
            return if self.eat(Kind::Is) { self.type_() } else { Some(()) };
        }
        if is_subject(self.kind()) && self.is_before_on_line(|kind| kind == Kind::Is) {
            self.next();
            self.next();
        }
        self.type_()
    }

    /// `a extends b ? c : d`, with all that follow each other.
    fn conditional_type(&mut self) -> Option<()> {
        loop {
            if self.begins_function_type()? {
                return self.function_type();
            }
            self.union_type()?;
            if self.around.bound || self.on_new_line() || !self.eat(Kind::Extends) {
                return Some(());
            }
            self.within(Around { bound: true, ..self.around }, Self::type_)?;
            self.expect(Kind::Question)?;
            self.apart(Self::type_)?;
            self.expect(Kind::Colon)?;
        }
    }

    fn begins_function_type(&mut self) -> Option<bool> {
        match self.kind() {
            Kind::Less | Kind::New => Some(true),
            Kind::Abstract => Some(self.peek().kind == Kind::New),
            Kind::OpenParen => self.begins_parameters(),
            _ => Some(false),
        }
    }

    /// Whether a parenthesis is that of parameters (TypeScript's `isUnambiguouslyStartOfFunctionType`).
    fn begins_parameters(&mut self) -> Option<bool> {
        let mut ahead = self.lexer;
        ahead.next();
        match ahead.token.kind {
            Kind::CloseParen | Kind::Dots => return Some(true),
            Kind::OpenBrace | Kind::OpenBracket => {
                let is_whole = skip_brackets(&mut ahead);
                self.takes_back(ahead.token.end)?;
                is_whole?;
            }
            kind if kind.is_name() || kind == Kind::This => ahead.next(),
            _ => return Some(false),
        }
        Some(match ahead.token.kind {
            Kind::Colon | Kind::Comma | Kind::Question | Kind::Equals => true,
            Kind::CloseParen => {
                ahead.next();
                ahead.token.kind == Kind::Arrow
            }
            _ => false,
        })
    }

    fn function_type(&mut self) -> Option<()> {
        self.eat(Kind::Abstract);
        self.eat(Kind::New);
        if self.is(Kind::Less) {
            self.type_parameters()?;
        }
        self.parameters()?;
        self.expect(Kind::Arrow)?;
        self.apart(Self::return_type)
    }

    /// Types with `|` and `&` between them.
    fn union_type(&mut self) -> Option<()> {
        if self.is(Kind::Pipe) || self.is(Kind::Ampersand) {
            self.next();
            if self.begins_function_type()? {
                return self.deeper(Self::function_type);
            }
        }
        loop {
            self.member_type()?;
            if !(self.eat(Kind::Pipe) || self.eat(Kind::Ampersand)) {
                return Some(());
            }
        }
    }

    /// A type with its prefixes and brackets.
    fn member_type(&mut self) -> Option<()> {
        loop {
            match self.kind() {
                Kind::Keyof | Kind::Unique | Kind::Readonly => self.next(),
                Kind::Infer if self.peek().kind.is_name() => return self.inferred_type(),
                _ => break,
            }
        }
        self.first_type()?;
        while self.is(Kind::OpenBracket) && !self.on_new_line() {
            self.next();
            if !self.is(Kind::CloseBracket) {
                self.apart(Self::type_)?;
            }
            self.expect(Kind::CloseBracket)?;
        }
        Some(())
    }

    fn inferred_type(&mut self) -> Option<()> {
        self.next();
        self.next();
        if !self.is(Kind::Extends) {
            return Some(());
        }
        self.next();
        self.within(Around { bound: true, ..self.around }, Self::type_)?;
        // Here the bound would be the test of a conditional type.
        if self.is(Kind::Question) && !self.around.bound { None } else { Some(()) }
    }

    fn first_type(&mut self) -> Option<()> {
        match self.kind() {
            Kind::OpenParen => {
                self.next();
                self.apart(Self::type_)?;
                self.expect(Kind::CloseParen)
            }
            Kind::OpenBracket => self.tuple(),
            Kind::OpenBrace => self.type_of_object(),
            Kind::Backtick => self.template(Self::type_),
            Kind::Minus => {
                self.next();
                self.expect(Kind::Number)
            }
            Kind::Text | Kind::Number | Kind::True | Kind::False | Kind::Null | Kind::Void | Kind::This => {
                self.next();
                Some(())
            }
            Kind::Typeof => {
                self.next();
                match self.kind() {
                    Kind::Import => self.imported_type(),
                    Kind::This => {
                        self.next();
                        self.rest_of_named_type()
                    }
                    _ => self.named_type(),
                }
            }
            Kind::Import => self.imported_type(),
            _ => self.named_type(),
        }
    }

    /// A name or a path of them, and type arguments.
    fn named_type(&mut self) -> Option<()> {
        self.name()?;
        self.rest_of_named_type()
    }

    fn rest_of_named_type(&mut self) -> Option<()> {
        while self.eat(Kind::Dot) {
            if !self.eat(Kind::Private) {
                self.word()?;
            }
        }
        if self.is(Kind::Less) && !self.on_new_line() { self.type_arguments() } else { Some(()) }
    }

    /// `import("a").b`.
    fn imported_type(&mut self) -> Option<()> {
        self.next();
        self.expect(Kind::OpenParen)?;
        self.apart(|reader| {
            reader.type_()?;
            if reader.eat(Kind::Comma) && !reader.is(Kind::CloseParen) {
                reader.object()?.value()?;
                reader.eat(Kind::Comma);
            }
            Some(())
        })?;
        self.expect(Kind::CloseParen)?;
        self.rest_of_named_type()
    }

    /// Named types with commas between them, as classes and interfaces have them.
    pub(super) fn named_types(&mut self) -> Option<()> {
        loop {
            self.named_type()?;
            if !self.eat(Kind::Comma) {
                return Some(());
            }
        }
    }

    pub(super) fn type_arguments(&mut self) -> Option<()> {
        self.expect(Kind::Less)?;
        self.apart(|reader| {
            loop {
                reader.type_()?;
                if !reader.eat(Kind::Comma) {
                    return Some(());
                }
            }
        })?;
        self.expect(Kind::Greater)
    }

    pub(super) fn type_parameters(&mut self) -> Option<()> {
        self.expect(Kind::Less)?;
        self.apart(|reader| {
            loop {
                while matches!(reader.kind(), Kind::Const | Kind::In)
                    || reader.is(Kind::Out) && (reader.peek().kind.is_name() || reader.peek().kind == Kind::In)
                {
                    reader.next();
                }
                reader.name()?;
                if reader.eat(Kind::Extends) {
                    reader.type_()?;
                }
                if reader.eat(Kind::Equals) {
                    reader.type_()?;
                }
                if !reader.eat(Kind::Comma) || reader.is(Kind::Greater) {
                    return Some(());
                }
            }
        })?;
        self.expect(Kind::Greater)
    }

    fn tuple(&mut self) -> Option<()> {
        self.next();
        self.apart(|reader| {
            while !reader.is(Kind::CloseBracket) {
                reader.eat(Kind::Dots);
                reader.label_of_member();
                reader.type_()?;
                reader.eat(Kind::Question);
                if !reader.eat(Kind::Comma) {
                    break;
                }
            }
            Some(())
        })?;
        self.expect(Kind::CloseBracket)
    }

    /// The name of a tuple's member, if it has one.
    fn label_of_member(&mut self) {
        let mut ahead = self.lexer;
        ahead.next();
        if ahead.token.kind == Kind::Question {
            ahead.next();
        }
        if self.kind().is_word() && ahead.token.kind == Kind::Colon {
            self.lexer = ahead;
            self.next();
        }
    }
}

/// Goes over what stands in brackets, and them.
fn skip_brackets(lexer: &mut Lexer) -> Option<()> {
    let mut open = 0_usize;
    loop {
        match lexer.token.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen => open += 1,
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen => open -= 1,
            Kind::End | Kind::Wrong | Kind::Backtick => return None,
            _ => {}
        }
        lexer.next();
        if open == 0 {
            return Some(());
        }
    }
}
