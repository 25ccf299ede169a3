//! Names, macros, types and literals.

use super::frame::{Frame, Heads, Last, Mode, Place, Tag};
use super::reading::Reading;
use super::token::{Kind, Token};

impl Reading {
    pub(super) fn name(&mut self, token: Token) -> bool {
        let is_cpp = self.is_cpp;
        let frame = self.top();
        if frame.last == Last::Text && token.capital {
            // `"%" PRIu64`
            frame.last = Last::Macro;
            return true;
        }
        if !may_follow(frame, token, is_cpp) {
            return false;
        }
        frame.is_cast &= frame.last == Last::Cast;
        let is_first = frame.last == Last::Start;
        match frame.last {
            Last::Call if !frame.is_loose() => {
                frame.begin(Last::Start);
                frame.names = 0;
            }
            Last::Cast => frame.has_value = true,
            Last::Comma if !is_cpp && frame.mode == Mode::Declaration && frame.has_statements() => {
                frame.names = frame.names.saturating_add(1);
            }
            Last::Type | Last::Qualifier | Last::Storage | Last::Start | Last::Star => {
                frame.names = frame.names.saturating_add(1);
            }
            Last::Name if !frame.is_loose() => frame.names = frame.names.saturating_add(1),
            Last::Tag => (frame.has_type, frame.names) = (true, 0),
            Last::MacroCall | Last::Macro if frame.mode != Mode::Expression => frame.names = 1,
            _ => {}
        }
        if frame.mode == Mode::Start {
            frame.mode = Mode::Declaration;
            frame.is_on_line = token.fresh;
            frame.is_within_line = is_first && !token.fresh;
            frame.names = frame.names.max(1);
        }
        frame.has_capital = token.capital;
        frame.last = Last::Name;
        true
    }

    pub(super) fn a_macro(&mut self, token: Token) -> bool {
        let frame = self.top();
        frame.is_split = token.fresh && frame.is_declared();
        frame.is_quiet = token.quiet;
        frame.before = frame.last;
        frame.is_after_declarator = frame.last == Last::Name && frame.is_typed() && frame.names == 1;
        frame.has_macro = true;
        if frame.mode == Mode::Start && frame.has_statements() && frame.heads.innermost() != Heads::IF {
            // It may be the head of a condition.
            frame.heads.push(Heads::IF);
        }
        frame.declare();
        frame.last = Last::Macro;
        true
    }

    pub(super) fn type_word(&mut self, token: Token) -> bool {
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let kind = token.kind;
        if !is_cpp && frame.place == Place::Enum && frame.mode != Mode::Expression && !frame.has_macro {
            return false;
        }
        let is_free = frame.is_loose() || frame.angles > 0;
        if !is_free && !may_have_type(frame, token, is_cpp) {
            return false;
        }
        let is_anew = matches!(frame.last, Last::Macro | Last::MacroCall | Last::Call) && kind != Kind::Qualifier;
        if is_anew && !frame.is_lambda && frame.has_statements() {
            frame.begin(Last::Start);
        }
        frame.declare();
        match kind {
            Kind::Type => (frame.has_type, frame.names, frame.last) = (true, 0, Last::Type),
            Kind::Qualifier => {
                let keeps = matches!(frame.last, Last::Apply | Last::Call | Last::Name | Last::Cast | Last::Group)
                    || (frame.last == Last::Star && !is_cpp);
                frame.last = if keeps { frame.last } else { Last::Qualifier };
            }
            Kind::Storage if frame.is_lambda && matches!(frame.last, Last::Call | Last::Index) => {}
            Kind::Storage => frame.last = Last::Storage,
            _ => {
                if frame.angles == 0 && frame.tag != Tag::Enum {
                    frame.tag = if kind == Kind::Enum { Tag::Enum } else { Tag::Class };
                }
                frame.last = Last::Tag;
            }
        }
        true
    }

    /// The words after which anything may stand.
    pub(super) fn lead(&mut self, kind: Kind) {
        let frame = self.top();
        let is_start = frame.mode == Mode::Start || frame.last == Last::Start;
        frame.declare();
        frame.last = match kind {
            Kind::Access => Last::Access,
            Kind::Apply => Last::Apply,
            _ => Last::Lead,
        };
        match kind {
            Kind::Namespace => (frame.tag, frame.mode) = (Tag::Space, Mode::Declaration),
            Kind::Using => (frame.is_alias, frame.mode) = (true, Mode::Declaration),
            Kind::Template => frame.is_template = is_start,
            _ => {}
        }
        frame.has_macro |= matches!(kind, Kind::Using | Kind::Template | Kind::Lead);
    }

    pub(super) fn literal(&mut self, kind: Kind) -> bool {
        use Last as L;
        let frame = self.top();
        let is_number = kind == Kind::Number;
        let is_right = match frame.last {
            L::Text | L::Storage => !is_number,
            L::Dot | L::Scope | L::Arrow | L::Type | L::Qualifier | L::Tag | L::Body | L::Apply | L::Access => false,
            L::Macro => !is_number || !matches!(frame.place, Place::Enum | Place::List),
            L::MacroCall | L::Cast | L::Close => true,
            _ => !frame.has_operand() && frame.last != L::Number,
        };
        if !is_right && !frame.is_loose() {
            return false;
        }
        if frame.last == L::Storage {
            // `extern "C"`
            frame.tag = Tag::Space;
            frame.last = L::Lead;
            return true;
        }
        if frame.angles == 0 {
            frame.evaluate();
        }
        frame.last = if is_number { L::Number } else { L::Text };
        true
    }
}

/// Whether a name may stand after what there is.
fn may_follow(frame: &Frame, token: Token, is_cpp: bool) -> bool {
    let is_free = frame.angles > 0;
    if frame.is_loose() {
        return true;
    }
    match frame.last {
        Last::Number | Last::Text | Last::Index | Last::Group | Last::Value => frame.is_lambda || is_free,
        Last::Name if frame.mode == Mode::Expression => is_free,
        Last::Name => {
            let most = match frame.place {
                _ if frame.has_type => 1,
                Place::Body => 2,
                Place::Class if !is_cpp => 2,
                _ => 3,
            };
            // A macro may take declarations, a line each.
            let is_argument = frame.mode == Mode::Declaration
                && frame.place == Place::Arguments
                && !frame.has_type
                && !frame.is_on_line;
            let is_next = !is_cpp
                && token.fresh
                && frame.place == Place::Class
                && frame.is_declared()
                && frame.names > u8::from(!frame.has_type);
            (frame.names < most || frame.has_macro) && !is_argument && !is_next
        }
        Last::Call => {
            let is_value = frame.mode == Mode::Expression && !frame.is_lambda && !is_free;
            let is_statement = frame.place == Place::Body && !frame.has_type && frame.names < 2 && !frame.has_macro;
            let is_list = matches!(
                frame.place,
                Place::Enum | Place::List | Place::Arguments | Place::Condition | Place::For | Place::Index
            );
            let is_next = frame.is_prototype && (token.fresh || frame.place == Place::Body) && !is_cpp;
            !(is_value || is_statement || is_next || (is_list && !is_free))
        }
        Last::Macro => !frame.is_split,
        _ => true,
    }
}

/// Whether a word of a type may stand after what there is.
fn may_have_type(frame: &Frame, token: Token, is_cpp: bool) -> bool {
    use Last as L;
    let is_qualifier = token.kind == Kind::Qualifier;
    let is_named = frame.has_type || frame.names > 1;
    match frame.last {
        L::Number | L::Text | L::Index | L::Group => is_cpp && (frame.has_macro || frame.is_lambda),
        L::Call if is_cpp && (frame.has_macro || frame.is_lambda) => true,
        L::Value => is_qualifier,
        L::Dot => false,
        L::Operator => is_cpp,
        // `struct static`
        L::Tag => is_cpp && token.kind == Kind::Struct,
        L::Star if !is_qualifier => is_cpp,
        L::Name | L::Call if frame.mode == Mode::Expression => false,
        L::Name if is_qualifier => is_cpp || !frame.bars_qualifier(token.fresh),
        L::Name => {
            !((is_named && !frame.has_macro)
                || (frame.place == Place::Body && frame.names > 1)
                || (token.fresh && frame.is_declared()))
        }
        L::Call if is_qualifier && is_cpp => true,
        L::Call if !is_cpp && frame.place == Place::Parameters && frame.is_typed() => false,
        L::Call if is_qualifier => true,
        L::Call => !(frame.is_prototype || frame.place == Place::Body || (token.kind == Kind::Storage && is_named)),
        L::Cast => is_cpp || token.kind != Kind::Type || frame.mode != Mode::Expression,
        L::Qualifier => is_qualifier || frame.has_macro || frame.names <= u8::from(!frame.has_type),
        L::Body => is_qualifier || (token.kind == Kind::Storage && (is_cpp || !token.fresh)),
        // `char *MACRO int`
        L::Macro if !is_cpp && frame.before == L::Star && token.fresh && frame.place == Place::Class => false,
        L::Macro if !is_cpp && frame.before == L::Star && frame.place == Place::Parameters => is_qualifier,
        // A macro after a function's brackets may be its body.
        L::Macro if !is_cpp && token.fresh && token.kind == Kind::Storage && frame.before != L::Call => {
            !(frame.has_type && frame.has_statements())
        }
        _ => true,
    }
}
