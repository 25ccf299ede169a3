//! A request that goes on from a stored answer, or refers to stored items, as one that holds them all.

use bytes::Bytes;

use super::items;
use crate::compose;
use crate::invalid::Invalid;
use crate::node::Node;
use crate::request::Request;

/// What is stored under an id, as JSON.
type Stored<'s> = &'s dyn Fn(&str) -> Option<String>;

/// The same request without its `previous_response_id`: its input is `history`, which is a list of items without its brackets,
/// and then its own, in which `stored` stands for each item that is there by reference.
pub(crate) fn resumed(request: &Request, history: &str, stored: Stored<'_>) -> Result<Request, Invalid> {
    let own = own_items(request, Some(stored))?;
    let comma = if history.trim().is_empty() || own.is_empty() { "" } else { "," };
    let input = format!("[{history}{comma}{own}]");
    let mut body = Vec::with_capacity(request.size() + input.len());
    compose::object(&mut body, |body| {
        let mut has_input = false;
        for (name, raw) in request.members() {
            match name {
                "previous_response_id" => {}
                "input" => {
                    has_input = true;
                    body.raw("input", &input);
                }
                _ => body.named(name, raw),
            }
        }
        if !has_input {
            body.raw("input", &input);
        }
    });
    Request::decode(request.dialect(), Bytes::from(body))
}

/// The request's own items, as a list without its brackets.
pub(crate) fn input_items(request: &Request) -> String {
    own_items(request, None).unwrap_or_default()
}

/// The items of the input; where `stored` is there, what it has in place of each reference.
fn own_items(request: &Request, stored: Option<Stored<'_>>) -> Result<String, Invalid> {
    let Some((_, raw)) = request.members().find(|(name, _)| *name == "input") else { return Ok(String::new()) };
    if raw.starts_with('"') {
        return Ok(format!("{{\"type\":\"message\",\"role\":\"user\",\"content\":{raw}}}"));
    }
    let list = raw.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or_default().trim();
    let Some(stored) = stored.filter(|_| !request.facts().item_references.is_empty()) else {
        return Ok(list.to_owned());
    };
    let node = Node::read(raw, 2)?;
    let mut items = String::with_capacity(list.len() * 2);
    for (index, item) in node.list().unwrap_or_default().iter().enumerate() {
        if index > 0 {
            items.push(',');
        }
        match items::reference(item) {
            None => items.push_str(item.raw()),
            Some(id) => {
                let unknown = || Invalid::wrong(format!("input.{index}.id"), "the id of an item that is stored here");
                items.push_str(&stored(&id).ok_or_else(unknown)?);
            }
        }
    }
    Ok(items)
}
