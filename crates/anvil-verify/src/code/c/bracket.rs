//! Round and square brackets.

use super::frame::{Frame, Head, Heads, Last, Mode, Place, Tag};
use super::reading::Reading;
use super::token::{Bracket, Token};

impl Reading {
    pub(super) fn open_square(&mut self, token: Token) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_attribute = token.doubled && !matches!(frame.last, L::Operator | L::Index | L::Return);
        if is_attribute || frame.is_loose() {
            self.push(Place::Attribute, Bracket::Square, token.at);
            return true;
        }
        let begins = frame.begins() || frame.last == L::Due;
        let is_lambda = is_cpp
            && (begins || frame.wants() || matches!(frame.last, L::Return | L::Alone | L::Lead | L::Cast | L::Open));
        let designates = begins && frame.place == Place::List;
        let is_wrong = matches!(frame.last, L::Number | L::Dot | L::Scope | L::Storage | L::Tag);
        let is_unowned = begins || matches!(frame.last, L::Operator | L::Return);
        if is_wrong || (is_unowned && !is_lambda && !designates) {
            return false;
        }
        frame.is_lambda |= is_lambda;
        self.push(Place::Index, Bracket::Square, token.at);
        true
    }

    pub(super) fn close_square(&mut self) -> bool {
        let Some(inner) = self.pop(Bracket::Square) else { return false };
        if !may_close(&inner) {
            return false;
        }
        let frame = self.top();
        if inner.place != Place::Attribute {
            let is_number = inner.last == Last::Number && inner.names == 0;
            let is_value = frame.mode == Mode::Expression || (inner.has_value && !is_number);
            frame.has_value |= is_value && !frame.is_lambda;
            frame.last = Last::Index;
        } else if frame.place == Place::Attribute {
            frame.last = Last::Macro;
        }
        true
    }

    pub(super) fn open_round(&mut self, at: usize) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let is_wrong = match frame.last {
            L::Number | L::Text | L::Jump | L::Default | L::Dot | L::Tag => true,
            L::Value => !is_cpp,
            _ => false,
        };
        if is_wrong && !frame.is_loose() {
            return false;
        }
        if !is_cpp && frame.place == Place::Class && frame.last == L::Start {
            return false;
        }
        frame.has_bare_first |= frame.place == Place::Parameters && frame.last == L::Start;
        let place = if frame.is_loose() { Place::Macro } else { round(frame, is_cpp) };
        let is_declared = frame.last == L::Name && frame.tag != Tag::Space;
        if is_declared && matches!(frame.place, Place::Top | Place::Class | Place::Body) {
            // What `struct` began is the type of a function.
            frame.tag = Tag::None;
        }
        self.push(place, Bracket::Round, at);
        true
    }

    pub(super) fn close_round(&mut self, is_fresh: bool) -> bool {
        let is_cpp = self.is_cpp;
        let Some(inner) = self.pop(Bracket::Round) else { return false };
        let frame = self.top();
        let is_empty = inner.last == Last::Start;
        let is_right = match inner.place {
            Place::Arguments | Place::Parameters => !is_empty || inner.semicolons == 0 || is_fresh,
            Place::Condition => !is_empty,
            Place::Group => !is_empty || frame.last == Last::Cast || (is_cpp && (frame.has_macro || frame.angles > 0)),
            Place::For => inner.semicolons == 2 || (!is_empty && inner.has_macro),
            _ => true,
        };
        let is_statement = frame.place == Place::Body && frame.is_declared() && frame.names > 1;
        // `a = b(1)` without its `=`: a function is declared with types.
        let is_value = !is_cpp && inner.has_value && is_statement;
        if !is_right || is_value || frame.lacks_type(&inner, is_cpp) || !may_close(&inner) {
            return false;
        }
        match inner.place {
            Place::Condition | Place::For => close_head(frame, is_cpp),
            Place::Macro => {
                let is_macro = matches!(frame.last, Last::Apply | Last::Macro | Last::Lead);
                frame.last = if is_macro { Last::MacroCall } else { Last::Call };
            }
            Place::Group => close_group(frame, &inner),
            Place::Parameters if frame.last == Last::Macro => frame.last = Last::MacroCall,
            _ => close_call(frame, &inner),
        }
        true
    }
}

/// What the round brackets are for that stand after what there is.
fn round(frame: &Frame, is_cpp: bool) -> Place {
    use Last as L;
    let is_type = is_cpp && (frame.angles > 0 || frame.is_alias || (frame.is_lambda && frame.last == L::Index));
    let is_statement = frame.place == Place::Body
        && frame.mode == Mode::Declaration
        && frame.names <= 1
        && !frame.has_type
        && frame.last == L::Name;
    match frame.last {
        L::Macro if !is_cpp && frame.is_quiet && matches!(frame.before, L::Type | L::Star) => Place::Parameters,
        L::Head if frame.head == Head::For => Place::For,
        L::Head => Place::Condition,
        L::Macro | L::Apply | L::Lead | L::Scope | L::Arrow => Place::Macro,
        L::Star if frame.angles > 0 => Place::Parameters,
        L::Cast if frame.mode == Mode::Expression || !(frame.has_statements() || frame.has_type) => Place::Group,
        L::Name | L::Call | L::Cast | L::Group | L::Index | L::Close | L::Value | L::MacroCall | L::Type => {
            if !is_type && (frame.mode == Mode::Expression || is_statement) {
                Place::Arguments
            } else {
                Place::Parameters
            }
        }
        _ => Place::Group,
    }
}

/// Whether round or square brackets may close after what stands in them.
fn may_close(inner: &Frame) -> bool {
    if inner.is_loose() {
        return true;
    }
    let is_right = match inner.last {
        Last::Storage | Last::Tag | Last::Comma => false,
        Last::Star => !inner.has_value,
        Last::Cast => !(inner.place == Place::Group && inner.is_type_cast),
        _ => !inner.wants(),
    };
    is_right && inner.questions == 0
}

/// The brackets of `if` and its like have closed.
fn close_head(frame: &mut Frame, is_cpp: bool) {
    if frame.head == Head::While && frame.heads.innermost() == Heads::DO {
        frame.heads.pop();
        frame.begin(Last::Done);
    } else {
        // A macro in the place of the brackets may take what they are the head of.
        let is_macro = frame.has_macro && !is_cpp;
        frame.heads.push(if frame.head == Head::If { Heads::IF } else { Heads::OTHER });
        frame.begin(if is_macro { Last::MacroCall } else { Last::Due });
    }
}

/// Brackets after no name have closed.
fn close_group(frame: &mut Frame, inner: &Frame) {
    let is_cast = !inner.has_value && inner.mode != Mode::Expression;
    let is_name = !inner.has_type && inner.names == 1 && inner.last == Last::Name;
    if frame.mode == Mode::Start {
        frame.is_cast = is_cast && is_name && frame.has_statements();
    }
    frame.declare();
    frame.has_value |= !is_cast;
    frame.is_pointer |= inner.has_bare_first && inner.last == Last::Name;
    frame.is_type_cast = is_cast && matches!(inner.last, Last::Star | Last::Type) && !inner.has_macro;
    frame.last = if is_cast { Last::Cast } else { Last::Group };
}

/// The brackets after a name have closed.
fn close_call(frame: &mut Frame, inner: &Frame) {
    let is_named = frame.last == Last::Name;
    let is_arguments = inner.place == Place::Arguments;
    // A function in brackets is no type; `f(*)` is one.
    frame.has_value |= is_arguments || (frame.place == Place::Group && is_named && inner.last != Last::Star);
    let has_types = inner.has_type || (inner.names > 1 && inner.last == Last::Name);
    frame.has_call = true;
    frame.is_prototype =
        !is_arguments && has_types && (frame.is_pointer || (is_named && (frame.has_type || frame.names > 1)));
    // A macro that makes a type: `Array(char *) names;`, `Array(Name) names;`
    let is_type = frame.has_capital && inner.mode == Mode::Declaration && inner.names == 1;
    frame.has_macro |= !frame.is_prototype && (inner.last == Last::Star || inner.has_type || is_type);
    // `Trace((stderr, "%d", a))`
    let is_doubled =
        is_arguments && matches!(inner.last, Last::Group | Last::Cast) && inner.names == 0 && !inner.has_comma;
    frame.is_pointer |= !is_arguments && inner.has_bare_first && inner.last == Last::Name && inner.names == 1;
    frame.last = if is_doubled && frame.mode == Mode::Declaration { Last::MacroCall } else { Last::Call };
}
