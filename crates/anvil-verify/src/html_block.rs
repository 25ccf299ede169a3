//! Where a block of raw HTML begins and ends (CommonMark 0.31, section 4.6).

use memchr::memmem;

/// The tags of the first kind: what is between them is taken as it is.
const RAW: [&str; 4] = ["script", "pre", "style", "textarea"];

/// The tags of the sixth kind, sorted.
const BLOCK: [&str; 62] = [
    "address",
    "article",
    "aside",
    "base",
    "basefont",
    "blockquote",
    "body",
    "caption",
    "center",
    "col",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "frame",
    "frameset",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "iframe",
    "legend",
    "li",
    "link",
    "main",
    "menu",
    "menuitem",
    "nav",
    "noframes",
    "ol",
    "optgroup",
    "option",
    "p",
    "param",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "track",
    "ul",
];

/// What ends a block of HTML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HtmlEnd {
    /// A line with the end of one of the [`RAW`] tags.
    RawTag,
    /// A line with this in it.
    Mark(&'static str),
    /// A blank line.
    Blank,
}

impl HtmlEnd {
    /// What would end the block of HTML that begins with this line; `None` where none does.
    pub(crate) fn of_block(line: &str, is_in_paragraph: bool) -> Option<Self> {
        let rest = line.strip_prefix('<')?;
        match rest.as_bytes().first()? {
            b'?' => return Some(Self::Mark("?>")),
            b'!' if rest.starts_with("!--") => return Some(Self::Mark("-->")),
            b'!' if rest.starts_with("![CDATA[") => return Some(Self::Mark("]]>")),
            b'!' => return rest.as_bytes().get(1)?.is_ascii_alphabetic().then_some(Self::Mark(">")),
            _ => {}
        }
        let (is_end, inner) = rest.strip_prefix('/').map_or((false, rest), |inner| (true, inner));
        let length = inner.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (name, after) = (inner[..length].to_ascii_lowercase(), &inner[length..]);
        let is_cut = matches!(after.as_bytes().first(), None | Some(b' ' | b'\t' | b'>'));
        if RAW.contains(&name.as_str()) && !is_end && is_cut {
            return Some(Self::RawTag);
        }
        if (is_cut || after.starts_with("/>")) && BLOCK.binary_search(&name.as_str()).is_ok() {
            return Some(Self::Blank);
        }
        // The specification leaves out the raw tags here; the reference implementation and the others do not.
        let is_alone = !is_in_paragraph && is_tag(rest, is_end);
        is_alone.then_some(Self::Blank)
    }

    /// Whether the line, or this part of it, ends the block.
    pub(crate) fn is_in(self, line: &str) -> bool {
        match self {
            Self::Blank => false,
            Self::Mark(mark) => memmem::find(line.as_bytes(), mark.as_bytes()).is_some(),
            Self::RawTag => memmem::find_iter(line.as_bytes(), "</").any(|at| {
                let name = &line[at + 2..];
                RAW.iter().any(|raw| {
                    name.as_bytes().get(..raw.len()).is_some_and(|name| name.eq_ignore_ascii_case(raw.as_bytes()))
                        && name.as_bytes().get(raw.len()) == Some(&b'>')
                })
            }),
        }
    }
}

/// Whether the line is one whole tag, after its `<`, and nothing else.
fn is_tag(rest: &str, is_end: bool) -> bool {
    let after = if is_end { end_tag(&rest[1..]) } else { start_tag(rest) };
    after.is_some_and(|after| after.bytes().all(|byte| matches!(byte, b' ' | b'\t')))
}

fn end_tag(text: &str) -> Option<&str> {
    tag_name(text)?.trim_start_matches([' ', '\t']).strip_prefix('>')
}

fn start_tag(text: &str) -> Option<&str> {
    let mut rest = tag_name(text)?;
    loop {
        let inner = rest.trim_start_matches([' ', '\t']);
        if let Some(after) = inner.strip_prefix("/>").or_else(|| inner.strip_prefix('>')) {
            return Some(after);
        }
        if inner.len() == rest.len() {
            return None;
        }
        rest = attribute(inner)?;
    }
}

fn tag_name(text: &str) -> Option<&str> {
    let name = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    text.as_bytes().first()?.is_ascii_alphabetic().then(|| &text[name..])
}

fn attribute(text: &str) -> Option<&str> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_alphabetic() || matches!(first, b'_' | b':')) {
        return None;
    }
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-');
    let rest = &text[text.bytes().take_while(is_of_name).count()..];
    let Some(value) = rest.trim_start_matches([' ', '\t']).strip_prefix('=') else { return Some(rest) };
    let value = value.trim_start_matches([' ', '\t']);
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split_once(quote).map(|(_, after)| after);
        }
    }
    let is_plain = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'=' | b'<' | b'>' | b'`');
    let length = value.bytes().take_while(is_plain).count();
    (length > 0).then(|| &value[length..])
}
