//! What stands in the user's messages: files that a harness pasted, and what it tells of the place.

/// The words before the files that Aider lets the model edit (0.86.2).
const ADDED: &str = "*added these files to the chat*";

/// The fences that Aider chooses from, so that no line of a file begins with it.
pub(crate) const FENCES: [(&str, &str); 7] = [
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
        let Some((content, tail)) = until(after, fence).filter(|(_, tail)| goes_on(tail)) else {
            return Some(Vec::new());
        };
        files.push((path, content));
        rest = tail;
    }
    Some(files)
}

/// Whether what follows a file is an empty line, as Aider writes one before the next, or the end. Anything else says that the
/// fence was one of the file's own: where all of them stand in the files, Aider takes the first all the same.
fn goes_on(tail: &str) -> bool {
    tail.trim().is_empty() || tail.starts_with('\n')
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

/// The file after Cline's edit.
pub(super) fn final_content(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<final_file_content path=\"")?;
    let (_, rest) = rest.split_once("\">\n")?;
    rest.rsplit_once("\n</final_file_content>").map(|(content, _)| content)
}
