//! Calls written as JSON: `{"name": "Read", "arguments": {…}}`, in lists, in `tool_calls`, one after another.

use crate::tool_names::{NAME_LIMIT, ToolNames};

/// How deep objects are looked into; what is deeper belongs to the arguments.
const DEPTH_LIMIT: usize = 8;

/// What vLLM's and other parsers leave behind a call whose opening tag they took.
const TAIL: &[u8] = b"</tool_call>";

/// Reads a text that may consist of calls, and nothing else, byte by byte. No more of it is kept than a key or a name.
#[derive(Debug, Default)]
pub(crate) struct CallJson {
    /// Whether the text is something else.
    is_off: bool,
    frames: Vec<Frame>,
    /// How many containers are open below the deepest frame.
    deeper: usize,
    string: Option<Quoted>,
    /// Whether a whole value has been a call.
    has_call: bool,
    /// How much of [`TAIL`] has come.
    tail: usize,
}

/// A string that is being read.
#[derive(Debug, Default)]
struct Quoted {
    text: Vec<u8>,
    is_escaped: bool,
}

/// An object or list that is open.
#[derive(Debug)]
struct Frame {
    kind: Kind,
    /// Whether it may be a call, or hold some: it stands where one may stand and has nothing that no call has.
    may_be_call: bool,
    /// The key whose value comes next.
    key: Option<Key>,
    found: Parts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Object,
    /// The arguments of the object around it.
    Arguments,
}

/// What has been found in an object or list.
#[derive(Debug, Default)]
struct Parts {
    name: bool,
    arguments: bool,
    /// A whole call.
    call: bool,
}

/// What a key of a call stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Name,
    Arguments,
    /// Around a call; or the name itself.
    Function,
    /// Around calls.
    Calls,
    /// Beside the name: ids, thoughts.
    Beside,
    Other,
}

impl Key {
    fn of(key: &[u8]) -> Self {
        match key {
            b"name" | b"tool_name" | b"function_name" | b"tool" | b"action" => Self::Name,
            b"arguments" | b"parameters" | b"args" | b"input" | b"tool_input" | b"tool_arguments" | b"action_input" => {
                Self::Arguments
            }
            b"function" => Self::Function,
            b"tool_calls" | b"tool_call" | b"function_call" | b"calls" => Self::Calls,
            b"id" | b"type" | b"index" | b"call_id" | b"tool_call_id" | b"role" | b"content" | b"thought"
            | b"thoughts" | b"reasoning" => Self::Beside,
            _ => Self::Other,
        }
    }
}

impl CallJson {
    /// Takes the next piece.
    pub(crate) fn feed(&mut self, piece: &str, offered: &ToolNames) {
        for byte in piece.bytes() {
            if self.is_off {
                return;
            }
            self.take(byte, offered);
        }
    }

    /// Whether the text can be no call any more.
    pub(crate) const fn is_off(&self) -> bool {
        self.is_off
    }

    /// Whether all of the text so far is calls; the last one may be cut.
    pub(crate) fn is_call(&self) -> bool {
        !self.is_off && (self.is_begun() || (self.frames.is_empty() && self.has_call))
    }

    /// Whether a call is open that has an offered name and arguments.
    pub(crate) fn is_begun(&self) -> bool {
        !self.is_off && self.frames.iter().any(Frame::has_call)
    }

    fn take(&mut self, byte: u8, offered: &ToolNames) {
        if let Some(string) = &mut self.string {
            if let Some(text) = string.take(byte) {
                self.string = None;
                self.value(&text, offered);
            }
            return;
        }
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {}
            b'"' if !self.frames.is_empty() => self.string = Some(Quoted::default()),
            b'{' | b'[' => self.open(byte == b'{'),
            b'}' | b']' => self.close(),
            b',' => {
                if let Some(frame) = self.current() {
                    frame.key = None;
                }
            }
            _ if !self.frames.is_empty() => {}
            _ if self.has_call && TAIL.get(self.tail) == Some(&byte) => self.tail = (self.tail + 1) % TAIL.len(),
            _ => self.is_off = true,
        }
    }

    /// The frame that the next value belongs to; `None` below the deepest.
    fn current(&mut self) -> Option<&mut Frame> {
        if self.deeper == 0 { self.frames.last_mut() } else { None }
    }

    fn value(&mut self, text: &[u8], offered: &ToolNames) {
        let Some(frame) = self.current().filter(|frame| frame.kind != Kind::List) else { return };
        match frame.key {
            None if frame.kind == Kind::Arguments => {
                frame.key = Some(Key::Other);
                if matches!(text, b"properties" | b"$schema") {
                    self.is_definition();
                }
            }
            None => {
                let key = Key::of(text);
                frame.key = Some(key);
                frame.may_be_call &= key != Key::Other;
            }
            Some(Key::Name | Key::Function) => {
                frame.found.name |= std::str::from_utf8(text).is_ok_and(|name| offered.has(name));
            }
            Some(Key::Arguments) => frame.found.arguments |= text.starts_with(b"{"),
            Some(Key::Calls | Key::Beside | Key::Other) => {}
        }
    }

    /// The arguments are a schema: the object around them defines a tool.
    fn is_definition(&mut self) {
        if let Some(around) = self.frames.iter_mut().rev().nth(1) {
            around.may_be_call = false;
        }
    }

    fn open(&mut self, is_object: bool) {
        if self.deeper > 0 || self.frames.len() == DEPTH_LIMIT {
            self.deeper += 1;
            return;
        }
        let plain = if is_object { Kind::Object } else { Kind::List };
        let (kind, may_be_call) = match self.frames.last_mut() {
            None => (plain, true),
            Some(Frame { kind: Kind::List, may_be_call, .. }) => (plain, *may_be_call),
            Some(Frame { key: Some(Key::Arguments), found, .. }) if is_object => {
                found.arguments = true;
                (Kind::Arguments, false)
            }
            Some(Frame { key, may_be_call, .. }) => {
                (plain, *may_be_call && matches!(key, Some(Key::Function | Key::Calls)))
            }
        };
        self.frames.push(Frame { kind, may_be_call, key: None, found: Parts::default() });
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let has_call = self.frames.pop().is_some_and(|frame| frame.has_call());
        if let Some(around) = self.frames.last_mut() {
            around.found.call |= has_call;
        } else {
            // A whole value that is no call: this is data.
            (self.has_call, self.is_off) = (has_call, !has_call);
        }
    }
}

impl Frame {
    /// Whether it is a call, or holds one.
    const fn has_call(&self) -> bool {
        self.may_be_call && (self.found.call || (self.found.name && self.found.arguments))
    }
}

impl Quoted {
    /// Takes a byte; the text once it is whole, or as much of it as matters.
    fn take(&mut self, byte: u8) -> Option<Vec<u8>> {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => return Some(std::mem::take(&mut self.text)),
            _ => {}
        }
        if self.text.len() <= NAME_LIMIT {
            self.text.push(byte);
        }
        None
    }
}
