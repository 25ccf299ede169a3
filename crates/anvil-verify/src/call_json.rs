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
#[derive(Debug, Default)]
struct Frame {
    is_object: bool,
    /// Whether a call may stand here.
    may_be_call: bool,
    /// Whether it is the arguments of the object around it.
    is_arguments: bool,
    key: Key,
    has_key: bool,
    has_name: bool,
    has_arguments: bool,
    /// Whether it has what no call has: it defines a tool, or is other data.
    is_other: bool,
    has_call: bool,
}

/// What a key of a call stands for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Key {
    Name,
    Arguments,
    /// Around a call; or the name itself.
    Function,
    /// Around calls.
    Calls,
    /// Beside the name: ids, thoughts.
    Beside,
    #[default]
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
        !self.is_off && self.frames.iter().any(Frame::has_or_is_call)
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
                    frame.has_key = false;
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
        let Some(frame) = self.current() else { return };
        if !frame.is_object {
            return;
        }
        if !frame.has_key {
            (frame.key, frame.has_key) = (Key::of(text), true);
            let defines = frame.is_arguments && matches!(text, b"properties" | b"$schema");
            frame.is_other |= frame.key == Key::Other && !frame.is_arguments;
            if defines {
                let depth = self.frames.len();
                self.frames.get_mut(depth.wrapping_sub(2)).into_iter().for_each(|call| call.is_other = true);
            }
            return;
        }
        match frame.key {
            Key::Name | Key::Function => {
                frame.has_name |= std::str::from_utf8(text).is_ok_and(|name| offered.has(name));
            }
            Key::Arguments => frame.has_arguments |= text.starts_with(b"{"),
            Key::Calls | Key::Beside | Key::Other => {}
        }
    }

    fn open(&mut self, is_object: bool) {
        if self.deeper > 0 || self.frames.len() == DEPTH_LIMIT {
            self.deeper += 1;
            return;
        }
        let (may_be_call, is_arguments) = match self.frames.last_mut() {
            None => (true, false),
            Some(frame) if frame.is_object => {
                let is_arguments = frame.key == Key::Arguments && is_object;
                frame.has_arguments |= is_arguments;
                (frame.may_be_call && matches!(frame.key, Key::Function | Key::Calls), is_arguments)
            }
            Some(frame) => (frame.may_be_call, false),
        };
        self.frames.push(Frame { is_object, may_be_call, is_arguments, ..Frame::default() });
    }

    fn close(&mut self) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        let Some(frame) = self.frames.pop() else {
            self.is_off = true;
            return;
        };
        let has_call = frame.has_or_is_call();
        match self.frames.last_mut() {
            Some(around) => around.has_call |= has_call && frame.may_be_call,
            // A whole value that is no call: this is data.
            None => (self.has_call, self.is_off) = (has_call, !has_call),
        }
    }
}

impl Frame {
    const fn has_or_is_call(&self) -> bool {
        (self.has_call && !self.is_other) || self.is_call()
    }

    const fn is_call(&self) -> bool {
        self.may_be_call && self.is_object && self.has_name && self.has_arguments && !self.is_other
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
