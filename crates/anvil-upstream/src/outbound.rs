//! What is sent to a tier.

use std::borrow::Cow;

use anvil_relay::Form;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request};

use crate::endpoint::Endpoint;

/// Headers that frame the message or name its connection: the engine's to say, whoever else says them.
const ENGINES_OWN: [HeaderName; 8] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::UPGRADE,
    header::TE,
    header::EXPECT,
    header::ACCEPT_ENCODING,
];

/// What is sent to a tier.
#[derive(Debug)]
pub struct Outbound {
    /// `POST` if there is a body, else `GET`.
    pub body: Option<Bytes>,
    /// Below the endpoint's base URL, such as `/chat/completions`; `../tokenize` lies beside the API's version.
    pub path: Cow<'static, str>,
    /// Headers of this request alone, in lower case; ones that cannot be sent, or frame the message, are left out.
    pub headers: Vec<(Bytes, Bytes)>,
}

impl Outbound {
    /// The request as `endpoint` gets it, for an answer of that form.
    pub(crate) fn request(&self, endpoint: &Endpoint, form: Form) -> Request<Full<Bytes>> {
        let body = self.body.clone();
        let mut request = Request::new(Full::new(body.clone().unwrap_or_default()));
        *request.method_mut() = if body.is_some() { Method::POST } else { Method::GET };
        // The target was put together from a parsed URL and one of our own paths; it cannot fail to parse.
        *request.uri_mut() = endpoint.target(&self.path).parse().unwrap_or_default();
        let headers = request.headers_mut();
        headers.reserve(8 + self.headers.len() + endpoint.headers.len());
        if let Ok(host) = HeaderValue::from_str(endpoint.place.authority.as_str()) {
            headers.insert(header::HOST, host);
        }
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let accept = if form == Form::Stream { "text/event-stream" } else { "application/json" };
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers
            .insert(header::USER_AGENT, HeaderValue::from_static(concat!("anvil-serving/", env!("CARGO_PKG_VERSION"))));
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
                && !ENGINES_OWN.contains(&name)
            {
                headers.append(name, value);
            }
        }
        for (name, value) in &endpoint.headers {
            headers.insert(name, value.clone());
        }
        request
    }
}
