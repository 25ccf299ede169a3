//! What no list of parameters and no pointer of C has, whatever its types are named.

use super::frame::{Frame, Last, Mode, Place};
use super::token::Kind;

impl Frame {
    /// Whether a parameter of the brackets `inner`, which close after what stands here, has no type: it begins with `*` or `(`.
    pub(super) fn lacks_type(&self, inner: &Self, is_cpp: bool) -> bool {
        let is_among = matches!(self.place, Place::Top | Place::Class);
        if self.last == Last::Type && !is_cpp && self.has_statements() {
            // `int (char a, b c)`: the name is missing.
            return inner.has_comma && self.mode == Mode::Declaration;
        }
        if self.last != Last::Name {
            let is_pointer = self.is_pointer && (self.place == Place::Class || self.is_typed());
            return !is_cpp && is_pointer && (inner.has_bare_first || inner.has_bare_pointer);
        }
        let is_known = self.names > 1 && !is_cpp;
        let is_function = (self.has_type || self.names > 1) && (!self.has_macro || is_known);
        let is_first = !is_cpp && inner.has_bare_first && self.is_typed() && self.names == 1;
        is_among && ((inner.has_bare_pointer && is_function) || is_first)
    }

    /// Whether `*`, `&` or `&&` cannot stand here.
    pub(super) fn bars_star(&self, kind: Kind, is_cpp: bool) -> bool {
        use Last as L;
        match self.last {
            L::Tag => true,
            // The second of two names, the first of which is a type.
            L::Name if matches!(self.place, Place::Body | Place::Class) => self.is_typed() && self.names == 1,
            _ if is_cpp => false,
            L::Name if self.place == Place::Parameters => {
                !(self.has_bare_first || self.has_bare_pointer) && self.is_typed() && self.names == 1
            }
            // `(int a MACRO *b)`, `int f(int a) MACRO *g(int b)`: a comma or a `;` is missing.
            L::Macro => {
                (self.place == Place::Parameters && self.is_after_declarator)
                    || (self.before == L::Call && self.is_prototype)
            }
            // `const *a`
            L::Qualifier => self.names == 0 && !self.has_type && !self.has_macro && !self.is_loose(),
            L::Start => self.place == Place::Class,
            L::Dot => true,
            L::Return => kind == Kind::AndAnd,
            _ => false,
        }
    }

    /// Whether what is declared here is known without a macro: a name after `*` or a keyword.
    pub(super) fn is_typed(&self) -> bool {
        self.mode == Mode::Declaration && self.has_type && !self.has_macro && self.angles == 0 && !self.is_loose()
    }

    /// Whether what the name before declares is known, so that no qualifier stands after it, on the next line or on this.
    pub(super) fn bars_qualifier(&self, is_fresh: bool) -> bool {
        let is_known = self.is_typed() && self.names > 0;
        match self.place {
            Place::Parameters => is_known || (self.names > 1 && !self.has_macro),
            Place::Class | Place::Body => is_known || (is_fresh && self.is_declared() && !self.has_macro),
            _ => false,
        }
    }
}
