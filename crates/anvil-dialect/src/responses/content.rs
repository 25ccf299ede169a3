//! What the items of a Responses request hold.

use crate::conversation::{Document, Media, Part};
use crate::node::Node;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::Warnings;

/// Reads a content or an output: a string, or parts.
pub(super) fn parts<'a>(
    content: &Node<'a>,
    path: &str,
    warnings: &mut Warnings,
) -> Result<Vec<Part<'a>>, Untranslatable> {
    if let Some(text) = content.text() {
        return Ok(vec![Part::Text(text)]);
    }
    let list = content.list().ok_or_else(|| Untranslatable::not(path, "a string or a list of content parts"))?;
    list.iter().enumerate().map(|(index, part)| read_part(part, &format!("{path}.{index}"), warnings)).collect()
}

fn read_part<'a>(part: &Node<'a>, path: &str, warnings: &mut Warnings) -> Result<Part<'a>, Untranslatable> {
    let required =
        |name: &str| part.get_text(name).ok_or_else(|| Untranslatable::not(format!("{path}.{name}"), "a string"));
    Ok(match part.kind().as_str() {
        "input_text" | "output_text" | "text" => Part::Text(required("text")?),
        "refusal" => Part::Text(required("refusal")?),
        "input_image" => {
            if part.get("detail").is_some_and(|detail| detail.raw() != "\"auto\"") {
                warnings.dropped(format!("{path}.detail"));
            }
            let media = part.get_text("image_url").and_then(Media::from_url);
            let unknown = || Untranslatable::new(path, "an image that is neither here nor behind a URL");
            Part::Image(media.ok_or_else(unknown)?)
        }
        "input_file" => {
            let unknown = || Untranslatable::new(path, "a file that is neither here nor behind a URL");
            Part::Document(document(part).ok_or_else(unknown)?)
        }
        "input_audio" => return Err(Untranslatable::new(path, "sound")),
        _ => return Err(Untranslatable::new(path, "a content part that only its own dialect knows")),
    })
}

/// A file that is here or behind a URL; a `file_id` names one that lies at the vendor.
fn document<'a>(part: &Node<'a>) -> Option<Document<'a>> {
    let name = part.get_text("filename");
    let media = match (part.get_text("file_data"), part.get_text("file_url")) {
        (Some(data), _) if data.strip_prefix("data:").is_some() => Media::from_url(data)?,
        // Bare base64, which says of itself no more than its name does.
        (Some(data), _) => {
            let is_pdf = name.as_ref().is_none_or(|name| name.decoded().to_ascii_lowercase().ends_with(".pdf"));
            let media_type = Text::plain(Media::PDF);
            is_pdf.then_some(Media::Inline { media_type, data })?
        }
        (None, url) => Media::Remote(url?),
    };
    Some(Document { media, name })
}

/// What the model thought: its own words where they are there, else their summary.
pub(super) fn reasoning<'a>(item: &Node<'a>) -> Option<Text<'a>> {
    let texts = |name: &str| -> Vec<Text<'a>> {
        let list = item.get(name).and_then(Node::list).unwrap_or_default();
        list.iter().filter_map(|part| part.get_text("text")).filter(|text| !text.is_empty()).collect()
    };
    let (content, summary) = (texts("content"), texts("summary"));
    match if content.is_empty() { summary } else { content }.as_slice() {
        [] => None,
        [text] => Some(text.clone()),
        texts => Some(Text::join(texts, Text::PARAGRAPH)),
    }
}
