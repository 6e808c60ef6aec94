//! The settings of HTTP.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;
use utoipa::ToSchema;

/// The settings of HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Whether there are pages.
    pub web: bool,
    /// Whether `/demo` exists.
    pub demo_page: bool,
    /// Whether events in the event stream have an `event:` line by default.
    pub named_events: bool,
    /// The origin under which browsers reach the server, if it is set.
    pub public_origin: Option<Origin>,
    pub session_cookie: CookieName,
    /// Further origins whose pages may use the API from a browser, with the session cookie.
    pub allowed_origins: Vec<Origin>,
    /// The names of the unknown fields of an account that are returned to its owner.
    pub account_fields: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    pub monitoring: Monitoring,
    pub limits: Limits,
    /// All settings of the server, for administrators.
    pub in_effect: Vec<InEffect>,
}

/// A setting of the server, without a secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SettingInEffect)]
pub struct InEffect {
    /// The line of a file that sets this value. A comment if it is a secret.
    pub line: String,
    /// Where it was set: a flag, a variable, a file, or `default`.
    pub origin: String,
}

/// Limits of time, size and number.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The largest body of a request, in bytes.
    pub max_body_bytes: usize,
    /// The highest number of open connections.
    pub max_connections: usize,
    /// The highest number of open connections of one client's address; 0 for half of
    /// `max_connections`. IPv6 addresses of one /64 count as one.
    pub max_connections_per_address: usize,
    /// The number of additional connections from this machine that serve `GET /health` only.
    pub health_connections: usize,
    /// The time limit for the head of a request, from the start of the connection or the last response.
    pub head_timeout: Duration,
    /// The time limit for the body of a request.
    pub body_timeout: Duration,
    /// How long a client may read nothing of its response.
    pub write_timeout: Duration,
    /// The lowest average rate, in bytes per second, at which a client may read its response once the
    /// server has waited for the write timeout. Does not apply to event streams; 0 for no limit.
    pub min_transfer_rate: u64,
    /// The time limit for a request until the start of its response.
    pub request_timeout: Duration,
    /// The time limit for a stop of the server.
    pub shutdown_timeout: Duration,
}

impl Limits {
    /// The highest number of open connections of one client's address.
    pub(crate) fn connections_per_address(&self) -> usize {
        match self.max_connections_per_address {
            0 => self.max_connections.div_ceil(2),
            most => most,
        }
    }
}

/// Who may read `/metrics` and the details of `/health`.
#[derive(Clone, Debug)]
pub struct Monitoring {
    /// Whether anyone may; otherwise an administrator, and a client with the token.
    pub is_open: bool,
    /// The Bearer token of a monitoring program.
    pub token: Option<Secret>,
}

/// The scheme, host and port of a page's address, in the form that browsers send: in lower case, and
/// without the default port of the scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Parses an address. `None` unless it is an `http` or `https` address without a path.
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

    /// As in a browser's `Origin` header.
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
    /// The default name.
    pub const DEFAULT: &str = "session";

    const MAX_BYTES: usize = 64;
    /// Browsers store a cookie with such a prefix, in upper or lower case, only if it is `Secure`. Every
    /// session cookie meets their other requirements: `HttpOnly`, `Path=/` and no `Domain`.
    const SECURE_PREFIXES: [&str; 4] = ["__secure-", "__host-", "__http-", "__host-http-"];

    /// Parses a name. `is_secure` is whether the cookie is `Secure`. The error is the rule that the name
    /// breaks, which completes a sentence that starts with the setting's name.
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

    /// The name of a cookie with the choice of a browser, which this code names.
    pub(crate) fn of_choice(name: &'static str) -> Self {
        Self(name.into())
    }

    /// The name of the cookie with the sessions of a child's device.
    pub(crate) fn of_devices(&self) -> Self {
        Self(format!("{}_device", self.0).into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text is a valid host: a name of at most 253 letters, digits, `-`, `.` and `_` (RFC 1035), an IPv4 address, or
/// an IPv6 address in brackets.
pub(crate) fn is_host(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.strip_suffix(']').is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=253).contains(&text.len()) && text.bytes().all(is_of_name)
}

/// A secret, which is not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

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
        let of_length = |length| Origin::parse(&format!("http://{}", "a".repeat(length)));
        assert!(of_length(253).is_some() && of_length(254).is_none());
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Secret::new("abc".to_owned())), "Secret(..)");
    }
}
