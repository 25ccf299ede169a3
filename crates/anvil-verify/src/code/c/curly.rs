//! Curly brackets.

use super::frame::{Frame, Heads, Last, Mode, Place, Tag};
use super::reading::Reading;
use super::token::Bracket;

impl Reading {
    pub(super) fn open_curly(&mut self, at: usize) -> bool {
        let is_cpp = self.is_cpp;
        let frame = self.top();
        let place = match frame.place {
            _ if frame.is_loose() => Some(Place::Any),
            Place::Enum => None,
            Place::List => in_list(frame, is_cpp),
            _ if frame.is_lambda && !matches!(frame.last, Last::Operator | Last::Start | Last::Comma) => {
                Some(Place::Body)
            }
            Place::Top | Place::Body | Place::Class if is_cpp => among_statements_of_cpp(frame),
            Place::Top | Place::Body | Place::Class => among_statements(frame),
            _ if is_cpp => Some(Place::Any),
            // A statement as a value, which is gcc's.
            _ if frame.last == Last::Start => Some(Place::Body),
            _ if frame.last == Last::Cast => Some(Place::List),
            _ => (frame.has_macro || frame.last == Last::Comma).then_some(Place::Any),
        };
        let Some(place) = place else { return false };
        // A macro before a body may be a condition, of which there may be an `else`.
        let is_macro = frame.last == Last::MacroCall || (frame.last == Last::Call && frame.place == Place::Body);
        if is_macro && place == Place::Body && frame.heads.innermost() != Heads::IF {
            frame.heads.push(Heads::IF);
        }
        self.push(place, Bracket::Curly, at);
        true
    }

    pub(super) fn close_curly(&mut self) -> bool {
        use Last as L;
        let is_cpp = self.is_cpp;
        let Some(inner) = self.pop(Bracket::Curly) else { return false };
        let is_whole = matches!(inner.last, L::Start | L::Macro | L::MacroCall) && (is_cpp || !inner.ends_in_operand());
        let is_right = match inner.place {
            Place::Top | Place::Body => is_whole && !(inner.has_ended && inner.heads.has_do()),
            Place::Class => is_whole,
            Place::List | Place::Enum => {
                !matches!(inner.last, L::Operator | L::Dot | L::Star | L::Scope) && inner.questions == 0
            }
            _ => true,
        };
        let frame = self.top();
        match inner.place {
            Place::Class | Place::Enum => {
                (frame.last, frame.has_type, frame.names, frame.tag) = (L::Body, true, 0, Tag::None);
            }
            Place::List => frame.last = L::Value,
            Place::Body if frame.is_lambda || !frame.has_statements() => {
                (frame.last, frame.is_lambda) = (L::Value, false);
            }
            Place::Top | Place::Body => frame.end(),
            _ => {
                frame.may_end = frame.has_statements()
                    && frame.mode != Mode::Expression
                    && (!frame.is_constructor || (frame.last == L::Macro && frame.before == L::Name))
                    && frame.angles == 0
                    && frame.last != L::Lead;
                frame.last = if frame.is_constructor { L::Value } else { L::Close };
            }
        }
        is_right
    }
}

/// What braces in a list are for.
fn in_list(frame: &Frame, is_cpp: bool) -> Option<Place> {
    use Last as L;
    match frame.last {
        L::Start | L::Comma | L::Operator | L::Cast | L::Macro | L::MacroCall => Some(Place::List),
        _ => is_cpp.then_some(Place::Any),
    }
}

/// What braces are for after `struct`, `enum` or `namespace`.
fn after_tag(frame: &Frame) -> Option<Place> {
    match frame.tag {
        Tag::None => None,
        Tag::Space => Some(Place::Top),
        // `struct tm ToTM(T t) {`: a function, though it is written as macros are.
        _ if frame.last == Last::MacroCall && frame.before == Last::Name => Some(Place::Any),
        _ if frame.names > 0 && !frame.has_macro => Some(Place::Any),
        Tag::Class => Some(Place::Class),
        Tag::Enum => Some(Place::Enum),
    }
}

/// Whether braces cannot stand after what there is, neither in C nor in C++.
fn is_barred(frame: &Frame) -> bool {
    use Last as L;
    match frame.last {
        L::Start => frame.place == Place::Class,
        L::Number | L::Text | L::Group | L::Dot | L::Comma | L::Storage | L::Jump | L::Default => true,
        _ => false,
    }
}

/// What braces are for among the statements and members of C.
fn among_statements(frame: &Frame) -> Option<Place> {
    use Last as L;
    let macros = frame.has_macro.then_some(Place::Any);
    match frame.last {
        L::Due => Some(Place::Body),
        L::Apply => Some(Place::Any),
        L::Operator if frame.mode == Mode::Expression => Some(Place::List),
        L::Star | L::Return => None,
        _ if is_barred(frame) => None,
        L::Start => Some(Place::Body),
        _ if frame.tag != Tag::None => after_tag(frame),
        L::Cast if frame.mode == Mode::Expression => Some(Place::List),
        _ if frame.mode == Mode::Expression => macros,
        // A macro that takes a block.
        L::Name if frame.place == Place::Body && frame.names <= 1 => Some(Place::Body),
        L::Name | L::Type => macros,
        _ => Some(Place::Body),
    }
}

/// What braces are for among the statements and members of C++.
fn among_statements_of_cpp(frame: &Frame) -> Option<Place> {
    use Last as L;
    let is_bare = frame.tag == Tag::None;
    match frame.last {
        L::Due | L::Star => Some(Place::Body),
        L::Apply => Some(Place::Any),
        L::Operator if frame.mode == Mode::Expression => Some(Place::Any),
        L::Name | L::Macro | L::Close | L::Type if frame.is_constructor => Some(Place::Any),
        L::Call | L::MacroCall | L::Value if frame.is_constructor => Some(Place::Body),
        L::Lead | L::Index | L::Close if is_bare => Some(Place::Any),
        // A function, and not a member before its attribute: `int size GUARDED_BY(lock){0};`
        L::MacroCall if frame.before != L::Name && frame.has_type => Some(Place::Body),
        L::Macro if is_bare && !frame.has_call => Some(Place::Any),
        L::MacroCall if is_bare && !frame.has_call && (frame.has_type || frame.names > 0) => Some(Place::Any),
        _ if is_barred(frame) => None,
        L::Return => Some(Place::Any),
        L::Start => Some(Place::Body),
        _ if frame.tag != Tag::None => after_tag(frame),
        _ if frame.mode == Mode::Expression => Some(Place::Any),
        L::Name | L::Type => Some(Place::Any),
        _ => Some(Place::Body),
    }
}
