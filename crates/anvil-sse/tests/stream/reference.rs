//! A decoder written from WHATWG HTML, section 9.2.5 and 9.2.6, step by step, with no thought for speed and no code in
//! common with the crate's. It reads the whole stream at once and as text, as the standard does.

/// As the crate's frames, but with data as the standard has it: decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Event { name: String, data: String, id: Option<String>, retry: Option<u64> },
    Comment(String),
}

#[derive(Default)]
struct Buffers {
    data: String,
    event_type: String,
    id: Option<String>,
    retry: Option<u64>,
}

pub(crate) fn decode(stream: &[u8]) -> Vec<Said> {
    // "Streams must be decoded using the UTF-8 decode algorithm", which "strips one leading BOM, if any".
    let text = String::from_utf8_lossy(stream);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut said = Vec::new();
    let mut buffers = Buffers::default();
    for line in lines(text) {
        if line.is_empty() {
            dispatch(std::mem::take(&mut buffers), &mut said);
        } else if let Some(comment) = line.strip_prefix(':') {
            said.push(Said::Comment(comment.strip_prefix(' ').unwrap_or(comment).to_owned()));
        } else if let Some((field, value)) = line.split_once(':') {
            process_field(&mut buffers, field, value.strip_prefix(' ').unwrap_or(value));
        } else {
            process_field(&mut buffers, &line, "");
        }
    }
    said
}

/// "Lines must be separated by either a CRLF pair, a single LF, or a single CR." What follows the last is no line.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                if characters.peek() == Some(&'\n') {
                    characters.next();
                }
                lines.push(std::mem::take(&mut line));
            }
            '\n' => lines.push(std::mem::take(&mut line)),
            _ => line.push(character),
        }
    }
    lines
}

fn process_field(buffers: &mut Buffers, field: &str, value: &str) {
    match field {
        "event" => value.clone_into(&mut buffers.event_type),
        "data" => {
            buffers.data.push_str(value);
            buffers.data.push('\n');
        }
        "id" if !value.contains('\0') => buffers.id = Some(value.to_owned()),
        "retry" if !value.is_empty() && value.chars().all(|digit| digit.is_ascii_digit()) => {
            buffers.retry = Some(value.parse().unwrap_or(u64::MAX));
        }
        _ => {}
    }
}

fn dispatch(mut buffers: Buffers, said: &mut Vec<Said>) {
    if buffers.data.is_empty() {
        return;
    }
    if buffers.data.ends_with('\n') {
        buffers.data.pop();
    }
    said.push(Said::Event { name: buffers.event_type, data: buffers.data, id: buffers.id, retry: buffers.retry });
}
