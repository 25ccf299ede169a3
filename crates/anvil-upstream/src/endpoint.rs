//! One address of a tier: where it is, what is said to it in every request, and its idle connections.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::{Authority, Scheme, Uri};
use rustls::pki_types::ServerName;
use thiserror::Error;

use crate::link::Link;

/// The most idle connections kept to one endpoint.
const IDLE_LINKS: usize = 1_024;
/// How long a connection may be idle and still be used again. Engines close idle connections after 5 s (uvicorn) to 75 s.
const IDLE_SECONDS: Duration = Duration::from_secs(55);

/// How long each phase of an attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands, TLS included.
    pub connect: Duration,
    /// From the request being sent until the first byte of a stream's body. A whole answer, whose first byte comes when the
    /// model is done, is bound by `total` alone.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub idle: Duration,
    /// The whole attempt.
    pub total: Duration,
}

/// What an endpoint is made from.
#[derive(Debug, Clone)]
pub struct EndpointSettings {
    /// `http` or `https`, host, port and a path that ends in the API's version, such as `http://127.0.0.1:30000/v1`.
    pub base_url: String,
    /// Headers of every request, such as the credential; they replace what the engine sets itself.
    pub headers: Vec<(String, String)>,
    /// An HTTP proxy to reach the endpoint through, such as `http://127.0.0.1:3128`. None is taken from the environment.
    pub proxy: Option<String>,
    /// How long each phase may take.
    pub timeouts: Timeouts,
}

/// Why settings are not an endpoint. Displays without the settings' values, which may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadEndpoint {
    /// The URL cannot be used.
    #[error("the base URL {0}")]
    Url(&'static str),
    /// The proxy's URL cannot be used.
    #[error("the proxy's URL {0}")]
    Proxy(&'static str),
    /// A header's name or value cannot be sent.
    #[error("the header {0:?} cannot be sent: its name or its value has characters that HTTP does not allow")]
    Header(String),
    /// TLS cannot be set up on this machine.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// A host and a port.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As in the `Host` header.
    pub(crate) authority: Authority,
    /// The host as an address, when it is one: then no resolver is asked.
    pub(crate) address: Option<IpAddr>,
}

/// One address of a tier.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) place: Place,
    pub(crate) proxy: Option<Place>,
    pub(crate) tls: Option<Tls>,
    pub(crate) timeouts: Timeouts,
    pub(crate) headers: HeaderMap,
    base_path: String,
    idle: Mutex<Vec<(Link, Instant)>>,
}

/// What a TLS handshake needs.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<rustls::ClientConfig>,
    pub(crate) name: ServerName<'static>,
}

impl Endpoint {
    /// Makes an endpoint; opens no connection.
    ///
    /// # Errors
    /// [`BadEndpoint`] when the settings cannot be used.
    pub fn new(settings: &EndpointSettings) -> Result<Self, BadEndpoint> {
        let uri: Uri = settings.base_url.parse().map_err(|_| BadEndpoint::Url("is not a URL"))?;
        let place = Place::new(&uri).map_err(BadEndpoint::Url)?;
        let tls = if uri.scheme() == Some(&Scheme::HTTPS) { Some(Tls::new(&place.host)?) } else { None };
        let proxy = settings.proxy.as_deref().map(proxy_place).transpose()?;
        let mut headers = HeaderMap::with_capacity(settings.headers.len());
        for (name, value) in &settings.headers {
            let bad = || BadEndpoint::Header(name.clone());
            let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value);
        }
        let base_path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { place, proxy, tls, timeouts: settings.timeouts, headers, base_path, idle: Mutex::default() })
    }

    /// The request target for `path` below the base URL, or for `../path` beside the API's version.
    pub(crate) fn target(&self, path: &str) -> String {
        match path.strip_prefix("..") {
            None => format!("{}{path}", self.base_path),
            Some(path) => {
                let root = self.base_path.rsplit_once('/').map_or("", |(root, _version)| root);
                format!("{root}{path}")
            }
        }
    }

    /// An idle connection, the one used last first; too old ones are closed on the way.
    pub(crate) fn idle_link(&self) -> Option<Link> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (link, since) = idle.pop()?;
        if since.elapsed() < IDLE_SECONDS {
            return Some(link);
        }
        // The list is in order of time: all that are left are older.
        idle.clear();
        None
    }

    /// Keeps a connection for the next request.
    pub(crate) fn keep(&self, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The ones used last go first, so those at the front may never come to be asked for again: close them here.
        let too_old = idle.partition_point(|(_, since)| since.elapsed() >= IDLE_SECONDS);
        drop(idle.drain(..too_old));
        if idle.len() < IDLE_LINKS {
            idle.push((link, Instant::now()));
        }
    }

    /// Closes every idle connection.
    pub fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Place {
    fn new(uri: &Uri) -> Result<Self, &'static str> {
        let default_port = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err("must begin with http:// or https://"),
        };
        let authority = uri.authority().ok_or("names no host")?.clone();
        if authority.as_str().contains('@') {
            return Err("must not hold a credential");
        }
        if uri.query().is_some() {
            return Err("must not have a query");
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err("names no host");
        }
        let port = authority.port_u16().unwrap_or(default_port);
        Ok(Self { address: host.parse().ok(), host, port, authority })
    }
}

impl Tls {
    fn new(host: &str) -> Result<Self, BadEndpoint> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| BadEndpoint::Url("names a host that TLS cannot verify"))?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(BadEndpoint::Tls("this machine has no root certificates (install ca-certificates)".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| BadEndpoint::Tls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config), name })
    }
}

fn proxy_place(url: &str) -> Result<Place, BadEndpoint> {
    let uri: Uri = url.parse().map_err(|_| BadEndpoint::Proxy("is not a URL"))?;
    if uri.scheme() != Some(&Scheme::HTTP) {
        return Err(BadEndpoint::Proxy("must begin with http://"));
    }
    Place::new(&uri).map_err(BadEndpoint::Proxy)
}
