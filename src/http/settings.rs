//! What the operator decides about HTTP.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

/// What the operator decides about HTTP.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether the demo's page is served.
    pub demo_page: bool,
    /// Whether the frames of the live stream have an `event:` line where the request doesn't say.
    pub named_events: bool,
    /// The origin under which browsers reach the server, where the operator has said so.
    pub public_origin: Option<Origin>,
    /// The name of the session's cookie.
    pub session_cookie: CookieName,
    /// Further origins whose pages may use the API from a browser, with the session cookie.
    pub allowed_origins: Vec<Origin>,
    /// The unknown fields of an account that are returned to its owner, by their names.
    pub account_fields: Vec<String>,
    /// The proxies whose word about the client is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may read the details of `/health`, and `/metrics`.
    pub monitoring: Monitoring,
    /// How long things may take, and how large they may be.
    pub limits: Limits,
}

/// How long things may take, and how large they may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes that a request's body may have.
    pub max_body_bytes: usize,
    /// How many connections may be open at once.
    pub max_connections: usize,
    /// How many of them one client's address may have open; 0 for half of them. An IPv6 address counts
    /// by its /64.
    pub max_connections_per_address: usize,
    /// How many further connections there may be from this machine, which get an answer to
    /// `GET /health` and nothing else.
    pub health_connections: usize,
    /// How long a client may take for the head of a request, from the connection's beginning or
    /// the last answer on.
    pub head_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a client may take none of its answer.
    pub write_timeout: Duration,
    /// How many bytes of its answer a client must take in a second, on average, once it has let the
    /// server wait for the write time-out. Event streams are exempt; 0 for any rate.
    pub min_transfer_rate: u64,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// How long the server's end may take, all in all.
    pub shutdown_timeout: Duration,
}

impl Limits {
    /// How many connections one client's address may have open.
    pub(crate) fn connections_per_address(&self) -> usize {
        match self.max_connections_per_address {
            0 => self.max_connections.div_ceil(2),
            most => most,
        }
    }
}

/// Who may read the details of `/health`, and `/metrics`.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// Anyone may; else an administrator, and whoever has the token.
    pub is_open: bool,
    /// What a monitoring program presents as its Bearer token.
    pub token: Option<Secret>,
}

/// The scheme, the host and the port of a page's address, in the form in which browsers send it:
/// small letters, and no port where it is the scheme's usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads an address; none where it isn't an `http` or `https` one, or has more than an origin.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: axum::http::Uri = text.parse().ok()?;
        let scheme = uri.scheme_str()?;
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = uri.authority()?;
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !is_bare
            || !is_host(authority.host())
            || authority.as_str().contains('@')
            || text.contains('#')
        {
            return None;
        }
        let host = authority.host().to_ascii_lowercase();
        let has_port = authority.as_str().len() > authority.host().len();
        let port =
            if has_port { Some(authority.port_u16().filter(|port| *port > 0)?) } else { None };
        let port = port.filter(|port| *port != usual);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(Self(format!("{scheme}://{host}{port}")))
    }

    /// As a browser's `Origin` header has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// Whether the connection to it is encrypted.
    pub fn is_secure(&self) -> bool {
        self.scheme() == "https"
    }
}

/// The name of the session's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieName(Arc<str>);

impl CookieName {
    /// The name if the operator sets no other.
    pub const DEFAULT: &str = "session";

    const MAX_BYTES: usize = 64;
    /// Browsers store a cookie with such a name, in upper or lower case, only if it is `Secure`. What
    /// else they require of it is true of every session cookie: `HttpOnly`, `Path=/` and no `Domain`.
    const SECURE_PREFIXES: [&str; 4] = ["__secure-", "__host-", "__http-", "__host-http-"];

    /// Reads a name. `is_secure` says whether the cookie will be `Secure`. The error is the rule that
    /// it breaks, to stand behind the setting's name.
    pub fn parse(text: &str, is_secure: bool) -> Result<Self, &'static str> {
        // The characters of a token in RFC 9110: RFC 6265 allows these and no others.
        let is_of_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !(1..=Self::MAX_BYTES).contains(&text.len()) || !text.bytes().all(is_of_token) {
            return Err("must be 1 to 64 letters, digits and characters of !#$%&'*+-.^_`|~");
        }
        let lower = text.to_ascii_lowercase();
        if !is_secure && Self::SECURE_PREFIXES.iter().any(|prefix| lower.starts_with(prefix)) {
            return Err("must not begin with __Host-, __Secure- or __Http-, unless public_url \
                        begins with https: browsers refuse such a cookie over http");
        }
        Ok(Self(text.into()))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether it can be the host in an address: a name of letters, digits, `-`, `.` and `_`, an IPv4
/// address, or an IPv6 one in brackets.
pub(crate) fn is_host(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.strip_suffix(']').is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_name)
}

/// A text that must not be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_the_form_that_browsers_send() {
        for (text, origin) in [
            ("https://Goldstar.Example.org/", Some("https://goldstar.example.org")),
            ("https://goldstar.example.org:443", Some("https://goldstar.example.org")),
            ("http://127.0.0.1:5173", Some("http://127.0.0.1:5173")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("https://goldstar.example.org/app", None),
            ("https://goldstar.example.org/?a", None),
            ("https://goldstar.example.org/#a", None),
            ("https://a@goldstar.example.org", None),
            ("https://goldstar.example.org:port", None),
            ("goldstar.example.org", None),
            ("http://my_host-1.example", Some("http://my_host-1.example")),
            ("http://:80", None),
            ("http://goldstar.example.org:0", None),
            ("http://goldstar.example.org:", None),
            ("http://[::g]", None),
            ("http://[::1", None),
            ("http://what!.example.org", None),
            ("ftp://goldstar.example.org", None),
            ("null", None),
            ("", None),
        ] {
            let parsed = Origin::parse(text);
            assert_eq!(parsed.as_ref().map(Origin::as_str), origin, "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Secret::new("abc".to_owned())), "Secret(..)");
    }
}
