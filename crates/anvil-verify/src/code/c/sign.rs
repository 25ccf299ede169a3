//! Signs that are no brackets.

use super::frame::{Last, Mode, Place, Tag};
use super::reading::Reading;
use super::token::Kind;

impl Reading {
    pub(super) fn sign(&mut self, kind: Kind) -> bool {
        match kind {
            Kind::Less if self.is_cpp => self.open_angle(),
            Kind::Greater | Kind::ShiftRight if self.top().angles > 0 => {
                self.close_angle(kind);
                true
            }
            Kind::Assign | Kind::Binary | Kind::Question | Kind::ShiftRight | Kind::Greater | Kind::Less => {
                self.binary(kind)
            }
            Kind::Sign => self.plus(),
            Kind::Not => self.not(),
            Kind::Star | Kind::And | Kind::AndAnd => self.star(kind),
            Kind::Step => self.increment(),
            Kind::Dot | Kind::Arrow => self.member(kind),
            Kind::Scope => {
                let frame = self.top();
                frame.declare();
                frame.names = frame.names.saturating_sub(1);
                std::mem::replace(&mut frame.last, Last::Scope) != Last::Number
            }
            Kind::Ellipsis => {
                let is_cpp = self.is_cpp;
                let frame = self.top();
                let is_right = is_cpp || !frame.begins() || !matches!(frame.place, Place::Body | Place::Top);
                frame.last = Last::Ellipsis;
                is_right
            }
            _ => false,
        }
    }

    fn open_angle(&mut self) -> bool {
        let frame = self.top();
        frame.is_template &= frame.last == Last::Lead || frame.angles > 0;
        frame.angles = frame.angles.saturating_add(1);
        let is_right = !frame.wants() && frame.last != Last::Star;
        frame.last = Last::Open;
        is_right
    }

    fn close_angle(&mut self, kind: Kind) {
        let frame = self.top();
        frame.angles -= if kind == Kind::ShiftRight { frame.angles.min(2) } else { 1 };
        if frame.angles == 0 && frame.is_template {
            // What is the template's begins.
            frame.begin(Last::Start);
            frame.has_macro = true;
            frame.has_value = false;
        } else {
            frame.last = Last::Close;
        }
    }

    /// An operator that stands between operands.
    fn binary(&mut self, kind: Kind) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let assigns = kind == Kind::Assign;
        if assigns && frame.is_cast && frame.last == L::Name && frame.mode == Mode::Declaration {
            return false;
        }
        if assigns && frame.place == Place::Enum && frame.mode == Mode::Expression {
            return false;
        }
        let is_argument = frame.is_loose() || matches!(frame.place, Place::Arguments | Place::Parameters);
        if frame.begins()
            && ((is_argument && kind != Kind::Question) || (is_cpp && assigns && frame.place == Place::Index))
        {
            frame.last = L::Alone;
            return true;
        }
        let is_right = match frame.last {
            L::Name if frame.has_declarator() => assigns,
            L::Type | L::Star | L::Qualifier | L::Lead | L::Tag => {
                (assigns && (is_cpp || frame.place == Place::Parameters)) || frame.angles > 0
            }
            L::Apply => assigns && is_cpp,
            L::Start
            | L::Comma
            | L::Alone
            | L::Return
            | L::Due
            | L::Default
            | L::Access
            | L::Storage
            | L::Open
            | L::Body => false,
            _ => !frame.wants(),
        };
        if !is_right && !frame.is_loose() {
            return false;
        }
        frame.questions = frame.questions.saturating_add(u8::from(kind == Kind::Question));
        if frame.angles == 0 && !frame.is_alias {
            frame.evaluate();
        }
        frame.names = 0;
        frame.last = L::Operator;
        true
    }

    /// `+` and `-`.
    fn plus(&mut self) -> bool {
        use Last as L;
        let frame = self.top();
        let is_wrong = frame.has_declarator()
            || matches!(frame.last, L::Type | L::Qualifier | L::Tag | L::Dot | L::Scope | L::Storage);
        if is_wrong && !frame.is_loose() {
            return false;
        }
        let begins = frame.begins();
        if frame.angles == 0 {
            frame.mode = Mode::Expression;
            frame.has_value |= !begins;
        }
        let is_argument = matches!(frame.place, Place::Arguments | Place::Parameters | Place::Macro);
        frame.last = if begins && is_argument { L::Alone } else { L::Operator };
        true
    }

    /// `!` and `~`.
    fn not(&mut self) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_wrong = match frame.last {
            L::Name | L::Number | L::Text | L::Call | L::Index | L::Group | L::Value | L::Type | L::Tag => true,
            L::Qualifier | L::Storage => !is_cpp,
            _ => false,
        };
        if is_wrong && !frame.is_loose() && frame.angles == 0 {
            return false;
        }
        if is_cpp {
            // It may begin the name of a destructor.
            frame.declare();
        } else {
            frame.mode = Mode::Expression;
        }
        frame.last = L::Operator;
        true
    }

    /// `*`, `&` and `&&`.
    fn star(&mut self, kind: Kind) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_and = kind == Kind::AndAnd && !is_cpp;
        let has_operand = frame.has_operand() || frame.last == L::Number;
        if frame.bars_star(kind, is_cpp) {
            return false;
        }
        let begins = frame.begins();
        frame.has_type |= begins && frame.place == Place::Parameters;
        frame.has_bare_first |= frame.last == L::Start && kind == Kind::Star;
        if !is_cpp && frame.last == L::Start && frame.place == Place::Body {
            // No declaration begins so.
            frame.evaluate();
            frame.last = L::Operator;
            return true;
        }
        frame.has_bare_pointer |= frame.last == L::Comma && frame.place == Place::Parameters && kind == Kind::Star;
        if is_and {
            let is_right = has_operand || begins || frame.wants() || frame.is_loose();
            frame.evaluate();
            frame.last = L::Operator;
            return is_right;
        }
        let is_value = has_operand && frame.mode == Mode::Expression && frame.angles == 0;
        if is_value || frame.last == L::Operator {
            frame.last = L::Operator;
        } else if frame.wants() {
            frame.last = L::Star;
        } else {
            frame.declare();
            frame.has_type |= matches!(frame.last, L::Name | L::Macro | L::MacroCall | L::Close)
                || (!is_cpp && frame.last == L::Qualifier);
            // A macro before it is the type's, and says nothing of what comes after.
            frame.has_macro &= is_cpp;
            frame.names = 0;
            if frame.angles == 0 && frame.tag != Tag::Space {
                frame.tag = Tag::None;
            }
            frame.last = L::Star;
        }
        true
    }

    /// `++` and `--`.
    fn increment(&mut self) -> bool {
        use Last as L;
        let frame = self.top();
        frame.last = match frame.last {
            L::Name | L::Call | L::Index | L::Group | L::Close | L::MacroCall => L::Index,
            L::Cast | L::Macro => frame.last,
            L::Number | L::Text | L::Type | L::Qualifier | L::Tag | L::Storage | L::Dot | L::Scope
                if !frame.is_loose() =>
            {
                return false;
            }
            _ => L::Operator,
        };
        frame.evaluate();
        true
    }

    /// `.` and `->`.
    fn member(&mut self, kind: Kind) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_arrow = kind == Kind::Arrow;
        let designates = !is_arrow
            && match frame.place {
                Place::List => frame.begins(),
                // A member is named to a macro.
                Place::Arguments => frame.last == L::Comma,
                _ => false,
            };
        // The type that a function returns.
        let returns =
            is_cpp && is_arrow && matches!(frame.last, L::Qualifier | L::Apply | L::Start | L::Star | L::Storage);
        let is_right = frame.is_loose() || designates || returns || (frame.has_operand() && !frame.has_declarator());
        if is_right && is_arrow && is_cpp {
            frame.last = L::Arrow;
        } else if is_right {
            frame.evaluate();
            frame.last = L::Dot;
        }
        is_right
    }

    pub(super) fn comma(&mut self) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_call = matches!(frame.place, Place::Arguments | Place::Parameters);
        let is_right = match frame.last {
            L::Comma | L::Start | L::Storage => is_call,
            L::Operator | L::Dot | L::Scope | L::Arrow | L::Return | L::Due | L::Default | L::Access | L::Tag => false,
            L::Star => !frame.has_value && frame.place != Place::Body,
            L::Type => !matches!(frame.place, Place::Body | Place::List),
            // A member without its type.
            L::Name if !is_cpp && frame.place == Place::Class && frame.mode == Mode::Declaration => {
                frame.has_type || frame.has_macro || frame.names > 1
            }
            _ => true,
        };
        if !is_right && !frame.is_loose() && frame.angles == 0 {
            return false;
        }
        match frame.place {
            _ if frame.angles > 0 => frame.last = L::Comma,
            Place::Parameters | Place::Arguments | Place::Macro | Place::Attribute | Place::List | Place::Enum => {
                let (questions, tag) = (frame.questions, frame.tag);
                frame.begin(L::Comma);
                frame.has_comma = true;
                (frame.questions, frame.tag, frame.has_value) = (questions, tag, false);
            }
            Place::Group => (frame.has_value, frame.last) = (true, L::Comma),
            _ => {
                // What is declared has a type.
                frame.has_type |= !is_cpp && frame.mode == Mode::Declaration && frame.names > 1;
                (frame.names, frame.last) = (0, L::Comma);
            }
        }
        true
    }

    pub(super) fn colon(&mut self) -> bool {
        use Last as L;
        let frame = self.top();
        if frame.questions > 0 {
            // `a ?: b` is one of gcc's.
            let is_right = !matches!(frame.last, L::Dot | L::Scope | L::Comma);
            frame.questions -= 1;
            frame.last = L::Operator;
            return is_right;
        }
        if frame.is_loose() {
            frame.last = L::Operator;
            return true;
        }
        if frame.is_case {
            let is_right = !frame.wants();
            frame.begin(L::Start);
            return is_right;
        }
        self.label()
    }

    /// The `:` after a label, before what a class derives from, what a constructor builds, or how wide a field is.
    fn label(&mut self) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_label = frame.mode == Mode::Declaration && !frame.has_type && frame.names <= 1 && frame.tag == Tag::None;
        match (frame.place, frame.last) {
            (Place::Top | Place::Body, L::Default) | (_, L::Access) => frame.begin(L::Start),
            (Place::Top | Place::Body | Place::Class, L::Name | L::Macro) if is_label => frame.begin(L::Start),
            _ if matches!(frame.tag, Tag::Class | Tag::Enum) => (frame.has_macro, frame.last) = (true, L::Lead),
            (Place::Top | Place::Class, L::Call | L::Qualifier | L::Apply | L::MacroCall | L::Cast) if is_cpp => {
                frame.is_constructor = true;
                frame.mode = Mode::Declaration;
                frame.last = L::Lead;
            }
            (
                Place::Top | Place::Class,
                L::Comma | L::Name | L::Type | L::Macro | L::MacroCall | L::Qualifier | L::Close,
            ) => (frame.mode, frame.last) = (Mode::Expression, L::Operator),
            (Place::For, _) if is_cpp => {
                frame.begin(L::Operator);
                (frame.semicolons, frame.mode) = (2, Mode::Expression);
            }
            (Place::List, L::Name) if frame.mode == Mode::Declaration => frame.last = L::Operator,
            (Place::Group | Place::Parameters | Place::Arguments, _) if frame.has_macro => frame.last = L::Operator,
            _ => return false,
        }
        true
    }
}
