//! A tool call that was written into the text instead of being made.
//!
//! Only a call of a tool that was offered is proven, and only where it is not shown as code: behind a marker outside of fences and
//! code spans, or where it is all there is of the answer.

use crate::call_json::CallJson;
use crate::call_marker::{self, Marker, MarkerKind};
use crate::call_python::CallPython;
use crate::code_span::CodeSpan;
use crate::defect::Defect;
use crate::fence::{FenceEvent, Fences, TextKind};
use crate::span::Span;
use crate::tool_names::{ToolNames, name_at_start};

/// What a fence is called that may be nothing but a call.
const CALL_FENCES: [&str; 8] = ["", "json", "tool_call", "tool_calls", "tool_code", "tool", "python", "xml"];

/// Looks for calls in a text that arrives in pieces.
#[derive(Debug, Default)]
pub struct LeakedCall {
    fences: Fences,
    reader: Reader,
}

impl LeakedCall {
    /// For an answer to a request that offered tools of these names. Without any nothing is found.
    pub fn new(offered: &[String]) -> Self {
        Self { reader: Reader { offered: ToolNames::new(offered), ..Reader::default() }, ..Self::default() }
    }

    /// Takes the next piece of the text.
    ///
    /// # Errors
    /// [`Defect::CallAsText`], once the line is complete that proves it.
    pub fn feed(&mut self, piece: &str) -> Result<(), Defect> {
        if self.reader.offered.is_empty() {
            return Ok(());
        }
        let reader = &mut self.reader;
        self.fences.feed(piece, |event| reader.see(&event));
        self.verdict()
    }

    /// When the text is over.
    ///
    /// # Errors
    /// [`Defect::CallAsText`], also where a call is all that there is.
    pub fn end(&mut self) -> Result<(), Defect> {
        let reader = &mut self.reader;
        self.fences.end(|event| reader.see(&event));
        if !self.fences.is_doubtful() {
            reader.found = reader.found.or_else(|| reader.whole.call());
        }
        self.verdict()
    }

    /// Whether no call is half written in the lines that are complete, and these are more than a call.
    pub(crate) fn is_clear(&self) -> bool {
        let Reader { behind, whole, step, .. } = &self.reader;
        self.reader.offered.is_empty()
            || matches!(behind, Behind::Nothing)
                && step.is_none()
                && matches!(whole.shape, Shape::Mixed | Shape::Nothing)
    }

    fn verdict(&self) -> Result<(), Defect> {
        self.reader.found.map_or(Ok(()), |span| Err(Defect::CallAsText { span }))
    }
}

#[derive(Debug, Default)]
struct Reader {
    offered: ToolNames,
    code: CodeSpan,
    behind: Behind,
    whole: Whole,
    /// A step whose arguments have to come on the next line.
    step: Option<Span>,
    found: Option<Span>,
}

/// What comes behind a marker.
#[derive(Debug, Default)]
enum Behind {
    /// No marker is open.
    #[default]
    Nothing,
    /// Nothing but white space yet.
    Space(Span),
    /// A name, and then the line's end.
    Name(Span),
    Json(Span, CallJson),
}

impl Reader {
    fn see(&mut self, event: &FenceEvent<'_>) {
        if self.found.is_some() {
            return;
        }
        self.whole.see(event, &self.offered);
        match event {
            FenceEvent::Text { text, start, kind, is_doubtful: false } => self.line(text, *start, *kind),
            FenceEvent::Opened { .. } => {
                (self.code, self.behind, self.step) = (CodeSpan::default(), Behind::Nothing, None);
            }
            // What may be meant as code proves nothing.
            FenceEvent::Text { .. } | FenceEvent::Content(_) | FenceEvent::Closed(_) => {}
        }
    }

    fn line(&mut self, line: &str, start: usize, kind: TextKind) {
        if kind == TextKind::Blank {
            self.code = CodeSpan::default();
            return;
        }
        if let Some(step) = self.step.take().filter(|_| line.trim_start().starts_with("Action Input:")) {
            self.found = Some(step);
            return;
        }
        self.go_on(line);
        if kind == TextKind::Code || self.found.is_some() {
            return;
        }
        let mut read = 0;
        for marker in call_marker::find(line) {
            self.code.read(&line[read..marker.start]);
            read = marker.end;
            if !(self.code.is_open() || line[..marker.start].ends_with(['"', '\''])) {
                self.marker(line, start, marker);
            }
            if self.found.is_some() {
                return;
            }
        }
        self.code.read(&line[read..]);
    }

    /// Reads what comes behind a marker.
    fn go_on(&mut self, text: &str) {
        let head = text.trim_start();
        match self.behind {
            Behind::Space(span) if head.starts_with(['{', '[']) => {
                self.behind = Behind::Json(span, CallJson::default());
            }
            Behind::Space(span) if !head.is_empty() => self.head(head, span),
            Behind::Name(span) => {
                self.found =
                    ["<arg_key>", "{", "</tool_call>"].iter().any(|next| head.starts_with(next)).then_some(span);
                self.behind = Behind::Nothing;
            }
            Behind::Nothing | Behind::Space(_) | Behind::Json(..) => {}
        }
        if let Behind::Json(span, json) = &mut self.behind {
            json.feed(text, &self.offered);
            self.found = self.found.or(json.is_begun().then_some(*span)).or(json.is_call().then_some(*span));
            if json.is_off() {
                self.behind = Behind::Nothing;
            }
        }
    }

    /// Reads a name with what stands between a name and its arguments.
    fn head(&mut self, text: &str, span: Span) {
        let (name, rest) = name_at_start(text.strip_prefix("call:").unwrap_or(text));
        let is_offered = self.offered.has(name.strip_suffix(".call").unwrap_or(name));
        let goes_on = ["{", "(", "[ARGS]", "<arg_key>", "</tool_call>"].iter().any(|next| rest.starts_with(next));
        self.found = (is_offered && goes_on).then_some(span);
        self.behind = if is_offered && rest.trim_end().is_empty() { Behind::Name(span) } else { Behind::Nothing };
    }

    fn marker(&mut self, line: &str, start: usize, marker: Marker) {
        let (before, rest) = (&line[..marker.start], &line[marker.end..]);
        let span = Span::new(start + marker.start, start + marker.end);
        let (name, behind) = name_at_start(rest);
        let is_offered = self.offered.has(name);
        match marker.kind {
            MarkerKind::Before => {
                self.behind = Behind::Space(span);
                self.go_on(rest);
            }
            MarkerKind::Name if is_offered && behind.starts_with(['>', '"', '\'', '{', ':', '\n', '\r']) => {
                self.found = Some(span);
            }
            MarkerKind::Recipient if is_offered && is_header(before, behind) => self.found = Some(span),
            MarkerKind::Step if is_offered && before.trim().is_empty() && behind.trim().is_empty() => {
                self.step = Some(span);
            }
            MarkerKind::Name | MarkerKind::Recipient | MarkerKind::Step => {}
        }
    }
}

/// Whether what stands around a recipient is a header of harmony, with or without the marks of its tokens.
fn is_header(before: &str, behind: &str) -> bool {
    let before = before.trim_end();
    let begins = before.is_empty()
        || ["commentary", "analysis", "assistant", "final", "|>"].iter().any(|end| before.ends_with(end));
    let behind = behind.trim_start_matches(' ');
    begins && ["<|", "json", "code", "{"].iter().any(|next| behind.starts_with(next))
}

/// Whether the whole answer is a call.
#[derive(Debug, Default)]
struct Whole {
    shape: Shape,
    json: CallJson,
    python: CallPython,
    /// Its first line.
    span: Span,
}

/// What the answer consists of so far.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Shape {
    #[default]
    Nothing,
    Text,
    Fences,
    /// More than a call.
    Mixed,
}

impl Whole {
    fn see(&mut self, event: &FenceEvent<'_>, offered: &ToolNames) {
        match event {
            FenceEvent::Text { kind: TextKind::Blank, .. } | FenceEvent::Closed(_) => {}
            _ if self.shape == Shape::Mixed => {}
            FenceEvent::Text { text, start, .. } if self.shape != Shape::Fences => {
                self.begin(Shape::Text, Span::new(*start, start + text.trim_end().len()));
                self.take(text, offered);
            }
            FenceEvent::Opened { info, span } if self.shape != Shape::Text && CALL_FENCES.contains(info) => {
                self.begin(Shape::Fences, *span);
            }
            FenceEvent::Content(text) => self.take(text, offered),
            FenceEvent::Text { .. } | FenceEvent::Opened { .. } => self.shape = Shape::Mixed,
        }
    }

    fn begin(&mut self, shape: Shape, first_line: Span) {
        if self.shape == Shape::Nothing {
            (self.shape, self.span) = (shape, first_line);
        }
    }

    fn take(&mut self, text: &str, offered: &ToolNames) {
        self.json.feed(text, offered);
        self.python.feed(text, offered);
        if self.json.is_off() && self.python.is_off() {
            self.shape = Shape::Mixed;
        }
    }

    fn call(&self) -> Option<Span> {
        let is_call = self.json.is_call() || self.python.is_call();
        (self.shape != Shape::Mixed && is_call).then_some(self.span)
    }
}
