//! The members in which a caller speaks to the router itself. No tier is sent one.

use jiter::Peek;

use crate::invalid::Invalid;
use crate::json::{Reader, Span, read_lenient};

/// The member of the top level, into which OpenAI's SDKs merge an `extra_body`.
pub(crate) const MEMBER: &str = "anvil";
/// The member that every vendor has for a caller's own notes, and its path where it holds dimensions.
pub(crate) const METADATA: &str = "metadata";
const METADATA_PATH: &str = "metadata.anvil";
/// The most bytes of an object.
const LIMIT: usize = 8 * 1024;

/// Dimensions as they were spelt: where, and a JSON object.
pub(crate) type Dimensions = Vec<(&'static str, String)>;

/// Takes the dimensions out of the member `name` of the top level, whose value lies at `value`.
pub(crate) fn read(name: &str, body: &[u8], value: &Span, dimensions: &mut Dimensions) -> Result<(), Invalid> {
    let json = &body[value.clone()];
    match name {
        MEMBER => dimensions.extend(object(MEMBER, json)?.map(|object| (MEMBER, object))),
        METADATA => {
            let own = own_members(json)?;
            if own.values.len() > 1 {
                return Err(Invalid::Duplicate { path: METADATA_PATH.to_owned() });
            }
            for value in own.values {
                dimensions.extend(object(METADATA_PATH, &json[value])?.map(|object| (METADATA_PATH, object)));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The metadata without dimensions, every other byte of it as it was; `None` where it has none.
pub(crate) fn without(metadata: &str) -> Option<String> {
    let own = read_lenient(metadata.as_bytes(), own_members).ok().filter(|own| !own.values.is_empty())?;
    if own.others == 0 {
        return Some("{}".to_owned());
    }
    let mut rest = String::with_capacity(metadata.len());
    let mut from = 0;
    for cut in own.cuts {
        rest.push_str(&metadata[from..cut.start]);
        from = cut.end;
    }
    rest.push_str(&metadata[from..]);
    Some(rest)
}

/// The dimensions in a metadata object.
#[derive(Default)]
struct Own {
    values: Vec<Span>,
    /// What to cut out, the comma before or after it included.
    cuts: Vec<Span>,
    /// How many other members there are.
    others: usize,
}

fn own_members(metadata: &[u8]) -> Result<Own, Invalid> {
    let (mut json, mut own) = (Reader::new(metadata), Own::default());
    if json.peek()? != Peek::Object {
        return Ok(own);
    }
    let mut end = json.start()? + 1;
    json.object(
        |name| name == MEMBER,
        |is_own, json| {
            let value = json.skip()?;
            if is_own {
                own.cuts.push(end..value.end);
                own.values.push(value.clone());
            } else {
                own.others += 1;
                if let (1, Some(cut)) = (own.others, own.cuts.last_mut()) {
                    // Nothing is left in front of this member: the comma after what was cut goes too.
                    cut.end += 1 + metadata[cut.end..].iter().take_while(|byte| **byte != b',').count();
                }
            }
            end = value.end;
            Ok(())
        },
    )?;
    Ok(own)
}

/// The text of the object at `path`, which may be there as a string: values of OpenAI's metadata are.
fn object(path: &'static str, json: &[u8]) -> Result<Option<String>, Invalid> {
    let wrong = || Invalid::wrong(path, "a JSON object of at most 8 KiB, or a string that holds one");
    let mut reader = Reader::new(json);
    let text = match reader.peek()? {
        Peek::Null => return Ok(None),
        Peek::String => reader.string()?.unwrap_or_default(),
        _ => String::from_utf8_lossy(json).into_owned(),
    };
    let mut reader = Reader::new(text.as_bytes());
    let is_object = matches!(reader.peek(), Ok(Peek::Object)) && reader.ignore().is_ok() && reader.finish().is_ok();
    if !is_object || text.len() > LIMIT {
        return Err(wrong());
    }
    each_once(path, &text)?;
    Ok(Some(text))
}

/// What is said twice would hold as it is said last: a limit could be lifted by repeating it.
fn each_once(path: &str, object: &str) -> Result<(), Invalid> {
    let mut names: Vec<String> = Vec::new();
    Reader::new(object.as_bytes()).object(str::to_owned, |name, json| {
        if names.contains(&name) {
            return Err(Invalid::Duplicate { path: format!("{path}.{name}") });
        }
        names.push(name);
        json.ignore()
    })
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn what_is_left_keeps_its_bytes() {
        for (metadata, left) in [
            (r#"{"anvil":{}}"#, "{}"),
            (r#"{ "anvil" : {} }"#, "{}"),
            (r#"{"anvil":{},"anvil":1}"#, "{}"),
            (r#"{"anvil":{},"a":"\u00e9" }"#, r#"{"a":"\u00e9" }"#),
            (r#"{"anvil":{} , "a":1}"#, r#"{ "a":1}"#),
            (r#"{"anvil":{},"anvil":2 , "a":1}"#, r#"{ "a":1}"#),
            (r#"{ "a" : 1 , "anv\u0069l":[","] }"#, r#"{ "a" : 1 }"#),
            (r#"{"a":1,"anvil":{},"b":{"anvil":2}}"#, r#"{"a":1,"b":{"anvil":2}}"#),
        ] {
            assert_eq!(without(metadata).as_deref(), Some(left), "{metadata}");
        }
        for metadata in ["{}", "null", "[]", r#""anvil""#, r#"{"a":{"anvil":1}}"#] {
            assert_eq!(without(metadata), None, "{metadata}");
        }
    }
}
