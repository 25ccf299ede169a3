//! What a message is made of.

use std::borrow::Cow;

use crate::node::Node;
use crate::text::Text;

/// A piece of a message.
#[derive(Debug, Clone)]
pub(crate) enum Part<'a> {
    Text(Text<'a>),
    Image(Media<'a>),
    Document(Document<'a>),
    /// What the model thought, in plain text. A vendor's signature of it is never kept.
    Reasoning(Text<'a>),
    Call(Call<'a>),
    Result(CallResult<'a>),
}

impl<'a> Part<'a> {
    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&Text<'a>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Where an image's or a document's bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Media<'a> {
    /// Base64, here.
    Inline { media_type: Text<'a>, data: Text<'a> },
    /// Behind a URL.
    Remote(Text<'a>),
}

impl<'a> Media<'a> {
    /// The type of a document that every dialect takes.
    pub(crate) const PDF: &'static str = "application/pdf";

    /// What a URL stands for: a `data:` URL (RFC 2397) holds the bytes itself. `None` where those are not base64.
    pub(crate) fn from_url(url: Text<'a>) -> Option<Self> {
        let Some(_) = url.strip_prefix("data:") else { return Some(Self::Remote(url)) };
        // A slash may be spelt `\/`.
        let url = if url.escaped().contains('\\') { Text::quote(&url.decoded()) } else { url };
        let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
        let (media_type, encoding) = head.escaped().rsplit_once(';')?;
        let media_type = media_type.split(';').next().unwrap_or_default();
        if encoding != "base64" || media_type.is_empty() {
            return None;
        }
        Some(Self::Inline { media_type: Text::quote(media_type), data })
    }

    /// The URL that stands for it.
    pub(crate) fn url(&self) -> Text<'_> {
        match self {
            Self::Inline { media_type, data } => {
                let (before, between) = (Text::plain("data:"), Text::plain(";base64,"));
                Text::join([&before, media_type, &between, data], "")
            }
            Self::Remote(url) => url.clone(),
        }
    }
}

/// A file that the model reads whole.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    pub(crate) media: Media<'a>,
    pub(crate) name: Option<Text<'a>>,
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) id: Text<'a>,
    pub(crate) name: Text<'a>,
    pub(crate) arguments: Arguments<'a>,
}

/// A call's arguments: an object in one dialect, the text of one in the other.
#[derive(Debug, Clone)]
pub(crate) enum Arguments<'a> {
    /// JSON, of an object.
    Object(Cow<'a, str>),
    /// Text that should be JSON.
    Text(Text<'a>),
}

impl Arguments<'_> {
    /// The arguments as text.
    pub(crate) fn to_text(&self) -> Text<'_> {
        match self {
            Self::Object(json) => Text::quote(json),
            Self::Text(text) => text.clone(),
        }
    }

    /// The arguments as the JSON of an object; `None` where they are none. No text at all is an empty object.
    pub(crate) fn to_object(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Object(json) => Some(Cow::Borrowed(json)),
            Self::Text(text) if text.is_blank() => Some(Cow::Borrowed("{}")),
            Self::Text(text) => {
                let json = text.decoded();
                let is_object = Node::read(&json, 0).is_ok_and(|node| node.is_object());
                is_object.then_some(json)
            }
        }
    }
}

/// What a tool gave back.
#[derive(Debug, Clone)]
pub(crate) struct CallResult<'a> {
    pub(crate) id: Text<'a>,
    /// Texts, images and documents only.
    pub(crate) content: Vec<Part<'a>>,
    pub(crate) is_error: bool,
}

impl CallResult<'_> {
    /// `text`, which is of the result, with a word before it that the tool failed, where it did and the text does not say so
    /// yet. Only Messages has a mark for that.
    pub(crate) fn marked<'t>(&self, text: Text<'t>) -> Text<'t> {
        let says_so = text.escaped().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error"));
        if self.is_error && !says_so { Text::join([&Text::plain("Error: "), &text], "") } else { text }
    }
}
