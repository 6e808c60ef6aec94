//! Who sent a request: the peer of its connection, or whom a trusted proxy names.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use super::ApiError;
use super::arrival::Arrival;

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    /// The client's address, as far as it can be known.
    pub(super) address: IpAddr,
    /// Whether a trusted proxy passed the request on, so that its headers can be believed.
    pub(super) is_proxied: bool,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(Arrival::from_request_parts(parts, state).await?.client)
    }
}

impl Client {
    /// Each proxy adds, at the end, whom it got the request from. So the first address from the end
    /// that isn't a trusted proxy's is the client's; what stands before it, anyone could have
    /// written.
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: &IpAddr| is_trusted(address, trusted);
        if !is_trusted(&peer) {
            return Self { address: peer, is_proxied: false };
        }
        let lines = headers.get_all(FORWARDED_FOR).into_iter().rev();
        let named = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut address = peer;
        for text in named {
            // Behind something unreadable, nothing can be believed.
            let Some(before) = parse(text) else { break };
            address = before;
            if !is_trusted(&before) {
                break;
            }
        }
        Self { address, is_proxied: true }
    }
}

/// Whether an address is a trusted proxy's.
pub(super) fn is_trusted(address: &IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// An address, as some proxies write it also with a port, and IPv6 in brackets.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let address: IpAddr = text.parse().ok().or_else(with_port).or_else(bracketed)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, lines: &[&'static str]) -> (String, bool) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let client = Client::of(peer.parse().unwrap(), &headers, &trusted);
        (client.address.to_string(), client.is_proxied)
    }

    #[test]
    fn a_stranger_is_whom_the_connection_says() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), ("192.0.2.1".to_owned(), false));
        assert_eq!(client("192.0.2.1", &[]), ("192.0.2.1".to_owned(), false));
    }

    #[test]
    fn the_last_stranger_is_the_client() {
        for (lines, address) in [
            (&["198.51.100.7"][..], "198.51.100.7"),
            (&["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            (&["203.0.113.9", "198.51.100.7, 10.2.3.4"], "198.51.100.7"),
            (&["[2001:db8::7]:4711"], "2001:db8::7"),
            (&["198.51.100.7:80"], "198.51.100.7"),
            (&["::ffff:198.51.100.7"], "198.51.100.7"),
            (&["198.51.100.7, unknown"], "10.0.0.1"),
            (&["unknown, 10.9.9.9"], "10.9.9.9"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", lines), (address.to_owned(), true), "{lines:?}");
        }
        assert_eq!(client("::1", &["198.51.100.7"]).0, "198.51.100.7");
    }
}
