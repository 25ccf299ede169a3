//! The names of the objects that are open, to tell when one comes twice.

use std::collections::HashSet;

/// The bytes of names that are kept at once. An object beyond it is read on without looking for duplicates: what was not kept
/// proves nothing.
const MAX_BYTES: usize = 1 << 20;

/// What the open objects of most calls take.
const USUAL_BYTES: usize = 64;

/// So many names are compared one by one; more are hashed. Nearly all objects have fewer.
const FEW: usize = 12;

/// The names of every open object, decoded, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    /// Where in `bytes` each name ends that is kept; the next begins there.
    ends: Vec<usize>,
    /// Where the name begins that is being read.
    start: usize,
    objects: Vec<Object>,
    /// The high half of a surrogate pair whose low half may follow.
    high: Option<u16>,
    /// What the sets of all open objects hold.
    hashed_bytes: usize,
}

#[derive(Debug, Default)]
struct Object {
    first_name: usize,
    first_byte: usize,
    /// Few objects have any: what each of them takes is pushed and popped with every object.
    many: Option<Box<Many>>,
}

/// The names once they are many.
#[derive(Debug, Default)]
struct Many {
    names: HashSet<Box<[u8]>>,
    bytes: usize,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::with_capacity(USUAL_BYTES), ..Self::default() }
    }

    /// An object begins.
    pub(crate) fn open(&mut self) {
        self.objects.push(Object { first_name: self.ends.len(), first_byte: self.start, ..Object::default() });
    }

    /// The innermost object ends.
    pub(crate) fn close(&mut self) {
        if let Some(object) = self.objects.pop() {
            self.ends.truncate(object.first_name);
            self.bytes.truncate(object.first_byte);
            self.start = object.first_byte;
            self.hashed_bytes -= object.many.map_or(0, |many| many.bytes);
        }
    }

    /// Characters of the name that is being read.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        // Nothing stands between the two halves of a pair.
        if bytes.is_empty() {
            return;
        }
        self.settle();
        if self.bytes.len() <= MAX_BYTES {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// A `\uXXXX` of the name that is being read.
    pub(crate) fn push_unit(&mut self, unit: u16) {
        if let (Some(high), 0xDC00..=0xDFFF) = (self.high, unit) {
            self.high = None;
            let point = 0x1_0000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(unit) - 0xDC00);
            self.push_point(point);
            return;
        }
        self.settle();
        match unit {
            0xD800..=0xDBFF => self.high = Some(unit),
            _ => self.push_point(u32::from(unit)),
        }
    }

    /// The name that is being read is whole. Whether the object has it already.
    pub(crate) fn is_duplicate(&mut self) -> bool {
        self.settle();
        let Some(object) = self.objects.last_mut() else { return false };
        if self.bytes.len() > MAX_BYTES {
            self.bytes.truncate(self.start);
            return false;
        }
        let name = self.bytes.get(self.start..).unwrap_or_default();
        let few = self.ends.get(object.first_name..).unwrap_or_default();
        // Most are told apart by their lengths.
        let mut from = object.first_byte;
        for &end in few {
            if self.bytes.get(from..end) == Some(name) {
                return true;
            }
            from = end;
        }
        if few.len() < FEW {
            self.start = self.bytes.len();
            self.ends.push(self.start);
            return false;
        }
        let many = object.many.get_or_insert_default();
        let is_known = many.names.contains(name);
        let cost = name.len() + size_of::<Box<[u8]>>();
        if !is_known && self.hashed_bytes + cost <= MAX_BYTES {
            many.names.insert(name.into());
            many.bytes += cost;
            self.hashed_bytes += cost;
        }
        self.bytes.truncate(self.start);
        is_known
    }

    /// A high half that no low half followed stands alone: it is kept as it is (as WTF-8 writes it), for two different ones are
    /// two different names.
    fn settle(&mut self) {
        if let Some(high) = self.high.take() {
            self.push_point(u32::from(high));
        }
    }

    /// Generalised UTF-8, so that a lone surrogate has bytes too.
    #[expect(clippy::cast_possible_truncation, reason = "each byte takes the bits that it has room for")]
    fn push_point(&mut self, point: u32) {
        if self.bytes.len() > MAX_BYTES {
            return;
        }
        let tail = |shift: u32| 0x80 | ((point >> shift) & 0x3F) as u8;
        match point {
            0..0x80 => self.bytes.push(point as u8),
            0x80..0x800 => self.bytes.extend([0xC0 | (point >> 6) as u8, tail(0)]),
            0x800..0x1_0000 => self.bytes.extend([0xE0 | (point >> 12) as u8, tail(6), tail(0)]),
            _ => self.bytes.extend([0xF0 | (point >> 18) as u8, tail(12), tail(6), tail(0)]),
        }
    }
}
