//! What stands in the user's messages: files that a harness pasted, and what it tells of the place and of changes.

/// The words before the files that Aider lets the model edit (0.86.2).
const ADDED: &str = "*added these files to the chat*";

/// The fences that Aider chooses from, so that none stands in the file.
const FENCES: [(&str, &str); 7] = [
    ("```", "```"),
    ("````", "````"),
    ("<source>", "</source>"),
    ("<code>", "</code>"),
    ("<pre>", "</pre>"),
    ("<codeblock>", "</codeblock>"),
    ("<sourcecode>", "</sourcecode>"),
];

/// The files of Aider's message, each with its text; `None` where the message is none of those. A message that does not keep
/// the form to its end holds no file.
pub(super) fn aider(text: &str) -> Option<Vec<(&str, &str)>> {
    let (_, mut rest) = text.split_once(ADDED)?;
    let mut files = Vec::new();
    while let Some((path, body)) = next_header(&mut rest) {
        let (fence, after) = body;
        let Some((content, tail)) = until(after, fence) else { return Some(Vec::new()) };
        files.push((path, content));
        rest = tail;
    }
    Some(files)
}

type Opened<'a> = (&'static str, &'a str);

/// Goes on to the next name of a file with a fence below it; yields the name, the closing fence and what follows the opening one.
fn next_header<'a>(rest: &mut &'a str) -> Option<(&'a str, Opened<'a>)> {
    loop {
        let (line, after) = rest.split_once('\n')?;
        let (next, below) = after.split_once('\n').unwrap_or((after, ""));
        let fence = FENCES.iter().find(|(open, _)| *open == next.trim_end());
        if let (Some((_, close)), false) = (fence, line.trim().is_empty()) {
            return Some((line.trim(), (close, below)));
        }
        *rest = after;
    }
}

/// The text up to the line that is nothing but the fence, and what follows that line.
fn until<'a>(text: &'a str, fence: &str) -> Option<(&'a str, &'a str)> {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        let next = end + line.len();
        if line.trim_end() == fence {
            return Some((text.get(..end)?, text.get(next..)?));
        }
        end = next;
    }
    None
}

/// The working directory that Codex tells of.
pub(super) fn root(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<environment_context>")?.1.split_once("<cwd>")?;
    let (root, _) = rest.split_once("</cwd>")?;
    (!root.contains('\n')).then_some(root)
}

/// Whether a harness tells that a file changed under the model's hands.
pub(super) fn tells_of_changes(text: &str) -> bool {
    ["was modified, either by the user or by a linter", "modified since you last", "# Recently Modified Files"]
        .iter()
        .any(|words| text.contains(words))
}

/// Whether the harness wrote the message by itself, in the middle of the work.
pub(super) fn is_of_the_harness(text: &str) -> bool {
    let text = text.trim();
    ["system-reminder", "environment_context"].iter().any(|tag| {
        let inner =
            text.strip_prefix('<').and_then(|rest| rest.strip_prefix(tag)).and_then(|rest| rest.strip_prefix('>'));
        inner.is_some_and(|inner| {
            inner.ends_with('>') && inner.strip_suffix('>').is_some_and(|inner| inner.ends_with(&format!("</{tag}")))
        })
    })
}

/// The file after Cline's edit.
pub(super) fn final_content(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<final_file_content path=\"")?;
    let (_, rest) = rest.split_once("\">\n")?;
    rest.rsplit_once("\n</final_file_content>").map(|(content, _)| content)
}
