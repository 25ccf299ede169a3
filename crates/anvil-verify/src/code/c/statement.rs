//! The words that begin statements, and how statements end.

use super::frame::{Head, Heads, Last, Mode, Place};
use super::reading::Reading;
use super::token::Kind;

impl Reading {
    /// Whether `kind` may begin what follows a statement that has ended.
    pub(super) fn go_on(&mut self, kind: Kind) -> bool {
        let frame = self.top();
        frame.has_ended = false;
        match kind {
            Kind::Else => {
                if !frame.heads.unwind(Heads::IF, Heads::OTHER) {
                    return frame.place == Place::Any;
                }
                frame.heads.pop();
                frame.heads.push(Heads::OTHER);
                frame.last = Last::Due;
                true
            }
            Kind::While if frame.heads.has_do() => frame.heads.unwind(Heads::DO, 0),
            Kind::Catch => true,
            _ => {
                let waits = frame.heads.has_do() && kind != Kind::Macro;
                frame.heads.clear();
                !waits
            }
        }
    }

    pub(super) fn statement(&mut self, kind: Kind) -> bool {
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_after_macro =
            matches!(frame.last, Last::Macro | Last::MacroCall) && (is_cpp || !frame.ends_in_operand());
        if matches!(frame.place, Place::Arguments | Place::Parameters) && frame.begins() {
            // A macro takes a word, or statements.
            frame.place = Place::Macro;
        }
        match kind {
            _ if frame.is_loose() => {
                frame.begin(Last::Macro);
                return true;
            }
            Kind::Else => {
                // One after a statement that ended is known by now.
                if is_after_macro {
                    frame.heads.push(Heads::OTHER);
                    frame.begin(Last::Due);
                }
                return is_after_macro || (frame.last == Last::Due && frame.heads.innermost() == Heads::OTHER);
            }
            Kind::Default if is_cpp && frame.last == Last::Operator => {
                frame.last = Last::Name;
                return true;
            }
            Kind::Try if matches!(frame.last, Last::Call | Last::Apply | Last::MacroCall | Last::Qualifier) => {
                return true;
            }
            _ => {}
        }
        if !matches!(frame.place, Place::Top | Place::Body)
            || !(is_after_macro || matches!(frame.last, Last::Start | Last::Due))
            || (is_after_macro && !self.go_on(kind))
        {
            return false;
        }
        self.begin_statement(kind);
        true
    }

    fn begin_statement(&mut self, kind: Kind) {
        let frame = self.top();
        let last = match kind {
            Kind::If | Kind::For | Kind::Switch | Kind::Catch | Kind::While => Last::Head,
            Kind::Do | Kind::Try => Last::Due,
            Kind::Case | Kind::Goto => Last::Operator,
            Kind::Default => Last::Default,
            Kind::Return => Last::Return,
            _ => Last::Jump,
        };
        frame.begin(last);
        match kind {
            Kind::If => frame.head = Head::If,
            Kind::For => frame.head = Head::For,
            Kind::While => frame.head = Head::While,
            Kind::Switch | Kind::Catch => frame.head = Head::Other,
            Kind::Do => frame.heads.push(Heads::DO),
            Kind::Case | Kind::Goto | Kind::Return => frame.mode = Mode::Expression,
            _ => {}
        }
        frame.is_case = kind == Kind::Case;
    }

    pub(super) fn semicolon(&mut self) -> bool {
        let is_cpp = self.is_cpp;
        let frame = self.top();
        match frame.place {
            Place::For => {
                if frame.wants() || frame.last == Last::Comma {
                    return false;
                }
                let may_be_macro = frame.has_macro;
                frame.begin(Last::Start);
                frame.semicolons = frame.semicolons.saturating_add(1);
                frame.semicolons < 3 || may_be_macro
            }
            Place::Macro | Place::Attribute => {
                frame.begin(Last::Start);
                true
            }
            Place::Condition if is_cpp => {
                frame.begin(Last::Start);
                true
            }
            // A macro may take statements; the last `;` then does not stand before its bracket.
            Place::Arguments | Place::Parameters => {
                frame.begin(Last::Start);
                frame.semicolons = 1;
                true
            }
            Place::Any => {
                frame.end();
                true
            }
            Place::Top | Place::Body | Place::Class => {
                let is_whole = match frame.last {
                    // A member without its type. A macro would begin the line.
                    Last::Name if !is_cpp && frame.place == Place::Class && frame.mode == Mode::Declaration => {
                        !frame.is_within_line || frame.has_type || frame.has_macro || frame.names > 1
                    }
                    Last::Type => is_cpp || frame.has_macro || frame.names > 1,
                    Last::Default | Last::Access | Last::Alone | Last::Open | Last::Comma => false,
                    Last::Star => is_cpp && (frame.has_macro || frame.place != Place::Body),
                    _ => !frame.wants() && frame.questions == 0 && !frame.is_case,
                };
                frame.end();
                is_whole
            }
            _ => false,
        }
    }
}
