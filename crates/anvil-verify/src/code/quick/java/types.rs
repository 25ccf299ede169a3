//! Types, annotations and modifiers of Java (chapters 4, 8.4 and 9.7).

use super::super::tokens::Kind;
use super::Parser;

/// How many tokens of a type are looked at to tell what follows it.
const FAR: usize = 256;

/// What may stand between the arguments of a type and in them, beside names.
const AMONG_ARGUMENTS: [Kind; 9] = [
    Kind::Primitive,
    Kind::Dot,
    Kind::Comma,
    Kind::Question,
    Kind::Extends,
    Kind::Super,
    Kind::And,
    Kind::BracketOpen,
    Kind::BracketClose,
];

/// The modifiers that a declaration has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Modifiers(u16);

impl Modifiers {
    const SEALED: u16 = 1 << 12;

    fn bit(kind: Kind) -> u16 {
        match kind {
            Kind::Access => 1,
            Kind::Static => 1 << 1,
            Kind::Abstract => 1 << 2,
            Kind::Final => 1 << 3,
            Kind::Native => 1 << 4,
            Kind::Transient => 1 << 5,
            Kind::Volatile => 1 << 6,
            Kind::Strictfp => 1 << 7,
            Kind::Synchronized => 1 << 8,
            Kind::Default => 1 << 9,
            _ => 0,
        }
    }

    /// With one more; `None` where it has it already.
    fn and(self, bit: u16) -> Option<Self> {
        (self.0 & bit == 0).then_some(Self(self.0 | bit))
    }

    pub(super) fn has(self, kind: Kind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// Whether all of them are among `kinds`.
    pub(super) fn are_among(self, kinds: &[Kind]) -> bool {
        self.0 & !kinds.iter().fold(0, |bits, &kind| bits | Self::bit(kind)) == 0
    }
}

impl Parser<'_> {
    pub(super) fn modifiers(&mut self) -> Option<Modifiers> {
        let mut found = Modifiers::default();
        loop {
            let kind = self.kind();
            match kind {
                Kind::At if self.ahead(1) != Kind::Interface => self.annotation()?,
                Kind::SealedWord if self.goes_on_as_class(1) => {
                    self.step();
                    found = found.and(Modifiers::SEALED)?;
                }
                Kind::NonWord if self.ahead(1) == Kind::Minus && self.ahead(2) == Kind::SealedWord => {
                    if !(self.is_tight(self.at + 1) && self.goes_on_as_class(3)) {
                        return None;
                    }
                    self.at += 3;
                    found = found.and(Modifiers::SEALED)?;
                }
                _ if Modifiers::bit(kind) != 0 => {
                    self.step();
                    found = found.and(Modifiers::bit(kind))?;
                }
                _ => return Some(found),
            }
        }
    }

    pub(super) fn goes_on_as_class(&self, by: usize) -> bool {
        use Kind as K;
        matches!(self.ahead(by), K::Class | K::Interface | K::Abstract | K::Access | K::Static | K::Strictfp)
    }

    pub(super) fn annotations(&mut self) -> Option<()> {
        while self.kind() == Kind::At {
            self.annotation()?;
        }
        Some(())
    }

    fn annotation(&mut self) -> Option<()> {
        self.expect(Kind::At)?;
        self.path()?;
        if self.kind() != Kind::ParenOpen {
            return Some(());
        }
        self.step();
        if self.take(Kind::ParenClose) {
            return Some(());
        }
        if !(self.kind().is_name() && self.ahead(1) == Kind::Assign) {
            self.element()?;
            return self.expect(Kind::ParenClose);
        }
        self.list(Kind::ParenClose, |it| {
            it.name()?;
            it.expect(Kind::Assign)?;
            it.element()
        })
    }

    /// What an annotation says of one of its elements.
    pub(super) fn element(&mut self) -> Option<()> {
        self.deeper(|it| match it.kind() {
            Kind::At => it.annotation(),
            Kind::BraceOpen => {
                it.step();
                it.members(Self::element)
            }
            _ => it.conditional().map(|_| ()),
        })
    }

    /// What stands in braces with commas between, and may end with one.
    pub(super) fn members(&mut self, each: fn(&mut Self) -> Option<()>) -> Option<()> {
        while !self.take(Kind::BraceClose) {
            each(self)?;
            if !self.take(Kind::Comma) {
                return self.expect(Kind::BraceClose);
            }
        }
        Some(())
    }

    /// One or more of what `each` reads, with commas between them, up to `end`.
    pub(super) fn list(&mut self, end: Kind, each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.row(each)?;
        self.expect(end)
    }

    /// One or more of what `each` reads, with commas between them.
    pub(super) fn row(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        each(self)?;
        while self.take(Kind::Comma) {
            each(self)?;
        }
        Some(())
    }

    /// Names with dots between them.
    pub(super) fn path(&mut self) -> Option<()> {
        self.name()?;
        while self.kind() == Kind::Dot && self.ahead(1).is_name() {
            self.at += 2;
        }
        Some(())
    }

    pub(super) fn type_(&mut self) -> Option<()> {
        self.deeper(|it| {
            it.annotations()?;
            if !it.take(Kind::Primitive) {
                it.class_type()?;
            }
            it.dimensions();
            Some(())
        })
    }

    /// A type that is no primitive one.
    pub(super) fn reference(&mut self) -> Option<()> {
        let is_primitive = self.kind() == Kind::Primitive;
        self.type_()?;
        (!is_primitive || self.kind_at(self.at - 1) == Kind::BracketClose).then_some(())
    }

    /// The name of a class or an interface, with arguments.
    fn class_type(&mut self) -> Option<()> {
        loop {
            // A package may be called by a word of Java that no type may be.
            let is_right = self.kind().is_type_name() || self.kind().is_name() && self.ahead(1) == Kind::Dot;
            if !is_right {
                return None;
            }
            self.step();
            if self.kind() == Kind::Less {
                self.arguments_of_type()?;
            }
            if !(self.kind() == Kind::Dot && self.ahead(1).is_name()) {
                return Some(());
            }
            self.step();
        }
    }

    /// Empty brackets; whether there are any.
    pub(super) fn dimensions(&mut self) -> bool {
        let start = self.at;
        while self.kind() == Kind::BracketOpen && self.ahead(1) == Kind::BracketClose {
            self.at += 2;
        }
        self.at > start
    }

    pub(super) fn arguments_of_type(&mut self) -> Option<()> {
        self.expect(Kind::Less)?;
        self.list(Kind::Greater, |it| {
            if !it.take(Kind::Question) {
                return it.reference();
            }
            if it.take(Kind::Extends) || it.take(Kind::Super) { it.reference() } else { Some(()) }
        })
    }

    pub(super) fn type_parameters(&mut self) -> Option<()> {
        if !self.take(Kind::Less) {
            return Some(());
        }
        self.list(Kind::Greater, |it| {
            it.annotations()?;
            it.expect(Kind::Ident)?;
            if it.take(Kind::Extends) { it.bounds() } else { Some(()) }
        })
    }

    /// Types with `&` between them.
    pub(super) fn bounds(&mut self) -> Option<()> {
        self.reference()?;
        while self.take(Kind::And) {
            self.reference()?;
        }
        Some(())
    }

    /// The place after the type that begins at `at`, if one does; not a proof that it is written rightly.
    pub(super) fn after_type(&self, mut at: usize) -> Option<usize> {
        if self.kind_at(at) == Kind::Primitive {
            at += 1;
        } else {
            loop {
                if !self.kind_at(at).is_name() {
                    return None;
                }
                at += 1;
                if self.kind_at(at) == Kind::Less {
                    at = self.after_arguments(at)?;
                }
                if self.kind_at(at) != Kind::Dot {
                    break;
                }
                at += 1;
            }
        }
        while self.kind_at(at) == Kind::BracketOpen && self.kind_at(at + 1) == Kind::BracketClose {
            at += 2;
        }
        Some(at)
    }

    /// The place after the arguments of a type that begin at `at`, if they are that.
    pub(super) fn after_arguments(&self, at: usize) -> Option<usize> {
        let mut open = 0_usize;
        for here in at..at + FAR {
            match self.kind_at(here) {
                Kind::Less => open += 1,
                Kind::Greater if open == 1 => return Some(here + 1),
                Kind::Greater => open -= 1,
                kind if kind.is_name() || AMONG_ARGUMENTS.contains(&kind) => {}
                _ => return None,
            }
        }
        None
    }
}
