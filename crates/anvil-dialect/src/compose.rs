//! Writing JSON member by member.

use crate::json::push_string;
use crate::text::Text;

/// An object that is being written. Names are this crate's own and need no escapes.
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    has_members: bool,
}

/// Writes an object whose members `write` adds.
pub(crate) fn object(out: &mut Vec<u8>, write: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    let mut object = Object { out, has_members: false };
    write(&mut object);
    out.push(b'}');
}

/// Writes a list of what `write` makes of each item.
pub(crate) fn list<T>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

impl Object<'_> {
    /// A member whose value `write` writes; exactly one value.
    pub(crate) fn with(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if std::mem::replace(&mut self.has_members, true) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        write(self.out);
    }

    pub(crate) fn object(&mut self, name: &str, write: impl FnOnce(&mut Object<'_>)) {
        self.with(name, |out| object(out, write));
    }

    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Vec<u8>, T),
    ) {
        self.with(name, |out| list(out, items, write));
    }

    /// A member whose value is JSON already.
    pub(crate) fn raw(&mut self, name: &str, json: &str) {
        self.with(name, |out| out.extend_from_slice(json.as_bytes()));
    }

    /// Members that are JSON already: `"name":value` each, with a comma after it.
    pub(crate) fn members(&mut self, json: &str) {
        let Some(json) = json.strip_suffix(',') else { return };
        if std::mem::replace(&mut self.has_members, true) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(json.as_bytes());
    }

    /// A member of the caller's, with its value as it was spelt.
    pub(crate) fn named(&mut self, name: &str, json: &str) {
        if std::mem::replace(&mut self.has_members, true) {
            self.out.push(b',');
        }
        push_string(self.out, name);
        self.out.push(b':');
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(crate) fn text(&mut self, name: &str, text: &Text<'_>) {
        self.with(name, |out| text.push(out));
    }

    pub(crate) fn string(&mut self, name: &str, text: &str) {
        self.with(name, |out| push_string(out, text));
    }

    pub(crate) fn number(&mut self, name: &str, number: u64) {
        self.with(name, |out| push_number(out, number));
    }

    pub(crate) fn boolean(&mut self, name: &str, boolean: bool) {
        self.raw(name, if boolean { "true" } else { "false" });
    }
}

/// Writes a number. Several stand in every event, and with `write!` such a member takes two and a half times the
/// instructions.
fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}
