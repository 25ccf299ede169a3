//! The names of files, as harnesses write them.

/// A path without `.`, `..` and doubled slashes, below `root` where it is relative and a root is known.
pub(crate) fn normal(path: &str, root: Option<&str>) -> String {
    let path = path.trim();
    let path = path.strip_prefix("file://").unwrap_or(path);
    let mut parts: Vec<&str> = Vec::new();
    if let (false, Some(root)) = (is_absolute(path), root) {
        walk(&mut parts, root);
    }
    walk(&mut parts, path);
    let absolute = path.starts_with('/') || (!is_absolute(path) && root.is_some_and(|root| root.starts_with('/')));
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

fn walk<'a>(parts: &mut Vec<&'a str>, path: &'a str) {
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
}

/// Whether the path says where it begins: a slash, a home, a drive.
pub(crate) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '~', '\\']) || path.as_bytes().get(1) == Some(&b':')
}

/// Whether two normal paths may name one file. They are equal, for which case does not count, as on some systems; or an absolute
/// one ends with the other, which is relative to who knows what, or a link's name (as macOS has `/tmp` for `/private/tmp`).
pub(crate) fn may_be_one(one: &str, other: &str) -> bool {
    let ends = |long: &str, short: &str| {
        let start = long.len().saturating_sub(short.len());
        is_absolute(long)
            && !short.is_empty()
            && long.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(short))
            && (short.starts_with('/') || long.get(..start).is_some_and(|rest| rest.ends_with('/')))
    };
    one.eq_ignore_ascii_case(other) || ends(one, other) || ends(other, one)
}
