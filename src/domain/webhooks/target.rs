//! The URL of a webhook.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use url::{Host, Url};

use super::address::{AllowedHosts, is_denied, literal, without_dot};
use crate::domain::Invalid;

/// Where a webhook is sent to: an absolute URL with a host and without a user name, a password and a fragment.
#[derive(Clone, PartialEq, Eq)]
pub struct Target(Arc<Url>);

impl Target {
    /// The maximum length of a URL, in bytes.
    pub const MAX_BYTES: usize = 2000;

    /// Parses a URL of a request. The parser knows every notation of an address, such as `0x7f.1`.
    ///
    /// Fails if webhooks may not be sent there by its text. A name may still have a denied address.
    pub fn parse(text: &str, allowed: &AllowedHosts) -> Result<Self, Invalid> {
        let invalid = |rule: &str| Invalid::new("url", rule);
        if text.len() > Self::MAX_BYTES {
            return Err(invalid("must have at most 2000 bytes"));
        }
        let url = Url::parse(text).map_err(|_| invalid("must be an absolute URL"))?;
        if !["http", "https"].contains(&url.scheme()) {
            return Err(invalid("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("must not contain a user name or a password"));
        }
        if url.fragment().is_some() {
            return Err(invalid("must not contain a fragment"));
        }
        let host = url.host().ok_or_else(|| invalid("must be an absolute URL"))?;
        if !allowed.is_exception(&host) {
            if is_local(&host) {
                return Err(invalid("must not name an address of a private network"));
            }
            if url.scheme() != "https" {
                return Err(invalid("must begin with https://"));
            }
        }
        Ok(Self(Arc::new(url)))
    }

    /// The URL of a stored row. `None` if it cannot be one.
    pub fn from_stored(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_http = ["http", "https"].contains(&url.scheme());
        (is_http && url.has_host()).then(|| Self(Arc::new(url)))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host: a name, or an address.
    pub fn host(&self) -> Host<&str> {
        self.0.host().unwrap_or(Host::Domain(""))
    }

    /// The address, if the host is one. A resolver does not see it.
    pub fn address(&self) -> Option<IpAddr> {
        literal(&self.host())
    }

    /// The port, which depends on the scheme if the URL names none.
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// The host and the port, as in the header `Host`.
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The path and the query.
    pub fn path(&self) -> String {
        let path = self.0.path();
        self.0.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    /// Whether the operator permits it now. The settings may have changed since it was created.
    pub fn is_permitted(&self, allowed: &AllowedHosts) -> bool {
        Self::parse(self.as_str(), allowed).is_ok()
    }
}

/// A path can contain a secret of the receiver.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Target(..)")
    }
}

/// Whether a host is a denied address, or a name that always means this machine.
fn is_local(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = without_dot(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        _ => literal(host).is_some_and(is_denied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(entries: &[&str]) -> AllowedHosts {
        let mut allowed = AllowedHosts::default();
        assert!(entries.iter().all(|entry| allowed.add(entry)));
        allowed
    }

    #[test]
    fn urls_of_the_public_internet_are_accepted() {
        for (text, authority, path) in [
            ("https://example.org", "example.org", "/"),
            ("https://EXAMPLE.org:8443/a/b?c=d", "example.org:8443", "/a/b?c=d"),
            ("https://1.1.1.1/", "1.1.1.1", "/"),
            ("https://[2606:4700::1111]:444/", "[2606:4700::1111]:444", "/"),
            ("https://bücher.example/ä", "xn--bcher-kva.example", "/%C3%A4"),
        ] {
            let target = Target::parse(text, &AllowedHosts::default()).unwrap();
            assert_eq!((target.authority().as_str(), target.path().as_str()), (authority, path));
        }
    }

    #[test]
    fn a_denied_address_is_refused_in_every_notation() {
        for host in [
            "127.0.0.1",
            "127.1",
            "0x7f.0.0.1",
            "0x7f000001",
            "0177.0.0.1",
            "2130706433",
            "017700000001",
            "127.0.0.1.",
            "１２７.0.0.1",
            "%31%32%37.0.0.1",
            "127。0。0。1",
            "0",
            "192.168.0.1",
            "0xc0.0xa8.1",
            "169.254.169.254",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[fe80::1]",
            "[fd00::1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
        ] {
            for scheme in ["https", "http"] {
                let text = format!("{scheme}://{host}/hook");
                let refused = Target::parse(&text, &AllowedHosts::default());
                assert_eq!(refused.map_err(|it| it.field), Err("url"), "{text}");
            }
        }
    }

    #[test]
    fn other_urls_are_refused() {
        let long = format!("https://example.org/{}", "x".repeat(2000));
        for text in [
            "",
            "example.org",
            "/hook",
            "ftp://example.org/",
            "file:///etc/passwd",
            "data:text/plain,x",
            "https://",
            "https://user@example.org/",
            "https://user:password@example.org/",
            "https://:password@example.org/",
            "https://example.org/#x",
            "https://[fe80::1%25eth0]/",
            "https://[example.org]/",
            "http://example.org/",
            &long,
        ] {
            assert!(Target::parse(text, &AllowedHosts::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_operator_permits_plain_http_to_exceptions_only() {
        let allowed = allowed(&["192.168.1.0/24", "home.local", "localhost"]);
        for text in [
            "http://192.168.1.5:8123/api/webhook/x",
            "http://0xc0.0xa8.0x1.5/",
            "http://home.local/",
            "http://HOME.local./",
            "http://localhost/",
            "https://192.168.1.5/",
        ] {
            assert!(Target::parse(text, &allowed).is_ok(), "{text}");
        }
        for text in ["http://192.168.2.5/", "https://192.168.2.5/", "http://other.local/"] {
            assert!(Target::parse(text, &allowed).is_err(), "{text}");
        }
        let target = Target::parse("http://home.local/", &allowed).unwrap();
        assert!(target.is_permitted(&allowed));
        assert!(!target.is_permitted(&AllowedHosts::default()));
    }

    #[test]
    fn debug_output_does_not_contain_the_url() {
        let target = Target::from_stored("https://example.org/secret").unwrap();
        assert_eq!(format!("{target:?}"), "Target(..)");
    }
}
