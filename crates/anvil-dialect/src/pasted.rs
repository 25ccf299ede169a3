//! Lines that nobody writes by hand: of diffs, of stack traces, of logs.

/// How far a diff has come.
#[derive(Debug, Default)]
pub(crate) struct Diff {
    /// How many lines of the old and of the new file the hunk still has.
    hunk: (u32, u32),
    /// Whether the last line was of a diff's heading.
    is_heading: bool,
    /// Whether it is between the marks of a patch.
    is_patch: bool,
}

impl Diff {
    /// Whether the line is of a diff; `next` is the line after it.
    pub(crate) fn takes(&mut self, line: &str, next: &str) -> bool {
        if self.is_patch || line.starts_with("*** Begin Patch") {
            self.is_patch = !line.starts_with("*** End Patch");
            return true;
        }
        if self.hunk != (0, 0) {
            if self.is_in_hunk(line) {
                return true;
            }
            self.hunk = (0, 0);
        }
        if let Some(hunk) = hunk(line) {
            self.hunk = hunk;
            self.is_heading = false;
            return true;
        }
        let begins = line.starts_with("diff --git ") || (line.starts_with("--- ") && next.starts_with("+++ "));
        self.is_heading = begins || (self.is_heading && is_heading(line));
        self.is_heading
    }

    fn is_in_hunk(&mut self, line: &str) -> bool {
        let (old, new) = &mut self.hunk;
        match line.bytes().next() {
            // An editor that strips trailing spaces leaves nothing of an empty line of the context.
            None | Some(b' ') => (*old, *new) = (old.saturating_sub(1), new.saturating_sub(1)),
            Some(b'-') => *old = old.saturating_sub(1),
            Some(b'+') => *new = new.saturating_sub(1),
            Some(b'\\') => {}
            Some(_) => return false,
        }
        true
    }
}

/// How many lines a hunk has of both files, if the line is the head of one (`@@ -1,7 +1,9 @@`).
fn hunk(line: &str) -> Option<(u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let count = |range: &str| match range.split_once(',') {
        Some((_, count)) => count.parse().ok(),
        None => range.parse::<u32>().ok().map(|_| 1),
    };
    Some((count(old)?, count(new)?))
}

/// Whether the line may stand between a diff's first line and its first hunk.
fn is_heading(line: &str) -> bool {
    const HEADINGS: [&str; 11] = [
        "+++ ",
        "--- ",
        "index ",
        "new file mode ",
        "deleted file mode ",
        "old mode ",
        "new mode ",
        "similarity index ",
        "rename from ",
        "rename to ",
        "Binary files ",
    ];
    HEADINGS.iter().any(|heading| line.starts_with(heading))
}

/// How far a stack trace has come.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    was_frame: bool,
    /// Whether there has been a frame, or a line that only a trace begins with.
    pub(crate) has_frames: bool,
}

impl Trace {
    /// Whether the line is of a stack trace; `next` is the line after it.
    pub(crate) fn takes(&mut self, line: &str, next: &str) -> bool {
        let is_own = is_frame(line) || is_trace_heading(line);
        self.has_frames |= is_own;
        // A frame's line of source, the marks below it, and the error itself before or after the frames.
        let belongs = self.was_frame && (line.starts_with("    ") || is_error_name(line));
        let announces = is_error_name(line) && (is_frame(next) || is_trace_heading(next));
        self.was_frame = is_own || belongs;
        self.was_frame || announces
    }
}

fn is_trace_heading(line: &str) -> bool {
    const HEADINGS: [&str; 6] = [
        "Traceback (most recent call last)",
        "stack backtrace:",
        "Caused by:",
        "Exception in thread ",
        "goroutine ",
        "panic: ",
    ];
    let line = line.trim_start();
    let is_heading = HEADINGS.iter().any(|heading| line.starts_with(heading));
    is_heading && (!line.starts_with("goroutine ") || line.ends_with("]:"))
        || (line.starts_with("thread '") && line.contains("panicked at"))
}

/// Whether the line is a frame, as Python, JavaScript, Java, C#, Go, Rust and Ruby print them.
fn is_frame(line: &str) -> bool {
    let text = line.trim();
    let is_indented = line.starts_with([' ', '\t']);
    if let Some(place) = text.strip_prefix("at ") {
        let unknown = ["(Native Method)", "(Unknown Source)", "<anonymous>)"];
        return is_indented && (ends_in_line_number(place) || unknown.iter().any(|end| place.ends_with(end)));
    }
    if text.starts_with("File \"") {
        return text.contains("\", line ");
    }
    if let Some(place) = text.strip_prefix("from ") {
        return place.contains(":in ");
    }
    if let Some(rest) = text.strip_prefix("... ") {
        return rest.ends_with(" more");
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let is_numbered = (1..5).contains(&digits) && text[digits..].starts_with(": ") && text.contains("::");
    is_numbered || (is_indented && text.contains(".go:") && text.contains(" +0x"))
}

/// Whether the text ends in `:12`, `:12:3` or `:line 12`, a bracket after it or not.
fn ends_in_line_number(text: &str) -> bool {
    let text = text.strip_suffix(')').unwrap_or(text);
    let before = text.trim_end_matches(|character: char| character.is_ascii_digit());
    before.len() < text.len() && (before.ends_with(':') || before.ends_with(":line "))
}

/// Whether the line begins with the name of an error (`ValueError: …`, `java.io.IOException`).
fn is_error_name(line: &str) -> bool {
    let end = line.find(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | '.' | '$')));
    let (name, rest) = line.split_at(end.unwrap_or(line.len()));
    let is_name = ["Error", "Exception", "Warning", "Interrupt", "Exit"].iter().any(|kind| name.ends_with(kind));
    is_name && (rest.is_empty() || rest.starts_with(':'))
}

/// Whether the line is one of a log, of a compiler's or of a test's report.
pub(crate) fn is_log(line: &str) -> bool {
    let text = line.trim_start();
    if text.is_empty() {
        return false;
    }
    let open = text.strip_prefix(['[', '(']).unwrap_or(text);
    begins_with_time(open.as_bytes())
        || begins_with_level(text)
        || is_report(text)
        || begins_with_place(text)
        || is_gutter(line)
}

/// Whether the text begins with a date and a time, with a time to the second, or as a system's log does (`Jan  2 03:04:05`).
fn begins_with_time(text: &[u8]) -> bool {
    let is_date = has_shape(text, b"0000-00-00") || has_shape(text, b"0000/00/00");
    if is_date {
        return matches!(text.get(10), Some(b'T' | b' ' | b'_')) && has_shape(&text[11..], b"00:00");
    }
    let is_month = text.len() > 7 && text[0].is_ascii_uppercase() && text[..3].is_ascii() && text[3] == b' ';
    has_shape(text, b"00:00:00") || (is_month && has_shape(&text[7..], b"00:00:00"))
}

/// Whether the text begins as `shape` does, in which `0` stands for any digit.
fn has_shape(text: &[u8], shape: &[u8]) -> bool {
    let is_alike = |(own, wanted): (&u8, &u8)| if *wanted == b'0' { own.is_ascii_digit() } else { own == wanted };
    text.len() >= shape.len() && text.iter().zip(shape).all(is_alike)
}

/// Whether the text begins with a level as a log's columns have it: in brackets, before a colon, or with a column after it.
fn begins_with_level(text: &str) -> bool {
    const LEVELS: [&str; 9] = ["TRACE", "DEBUG", "INFO", "NOTICE", "WARNING", "WARN", "ERROR", "FATAL", "CRITICAL"];
    let bare = text.strip_prefix('[');
    let Some(level) = LEVELS.iter().find(|level| bare.unwrap_or(text).starts_with(**level)) else { return false };
    let rest = &bare.unwrap_or(text)[level.len()..];
    let is_column =
        |rest: &str| rest.starts_with([' ', '\t', '[', '(', '|']) || rest.starts_with(|c: char| c.is_ascii_digit());
    match rest.bytes().next() {
        Some(b']') => bare.is_some(),
        Some(b':' | b'\t' | b'|') => true,
        Some(b' ') => bare.is_some() || is_column(&rest[1..]),
        _ => false,
    }
}

/// Whether the text is of the report of a compiler, a package manager or a runner of tests.
fn is_report(text: &str) -> bool {
    const BEGINNINGS: [&str; 12] = [
        "error: ",
        "error[",
        "error TS",
        "warning: ",
        "warning[",
        "npm ERR!",
        "npm error",
        "--> ",
        "$ ",
        "E   ",
        "=== ",
        "--- FAIL",
    ];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
        || (text.starts_with("====") && text.trim_end().ends_with("===="))
        || (text.starts_with("test ") && text.contains(" ... "))
        || ((text.starts_with("FAILED ") || text.starts_with("PASSED ")) && text.contains("::"))
}

/// Whether the text begins with a place in a file (`src/a.py:12:5: …`), as compilers and searches print it.
fn begins_with_place(text: &str) -> bool {
    let Some((path, rest)) = text.split_once(':') else { return false };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let is_path = path.contains(['.', '/']) && !path.contains(' ');
    is_path && digits > 0 && rest[digits..].starts_with(':')
}

/// Whether the line has its number, or nothing, and a bar in front of it, as in a compiler's excerpts.
fn is_gutter(line: &str) -> bool {
    let text = line.trim_start();
    let number = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &text[number..];
    (number > 0 || text.len() < line.len()) && rest.trim_start().starts_with('|') && !rest.starts_with("||")
}
