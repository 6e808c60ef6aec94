//! What is known about a request besides its own content: the peer, the client and the matched route.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use crate::http::error::ApiError;
use crate::service::ServiceError;

const FORWARDED_FOR: &str = "X-Forwarded-For";
/// The route of a request that no route matches, in log lines and metrics.
pub(crate) const NO_ROUTE: &str = "none";

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: SocketAddr,
    /// Aborts the connection.
    pub closer: CancellationToken,
    /// Whether the connection is one of those reserved for health checks.
    pub is_reserved: bool,
    /// Whether it is a command of the operator, on the server's machine.
    pub is_operator: bool,
}

impl Peer {
    pub(super) fn client(
        address: SocketAddr,
        closer: CancellationToken,
        is_reserved: bool,
    ) -> Self {
        Self { address, closer, is_reserved, is_operator: false }
    }

    /// A command of the operator. Its address is this machine's.
    pub fn operator() -> Self {
        Self { address: ([127, 0, 0, 1], 0).into(), is_operator: true, ..Self::default() }
    }
}

impl Default for Peer {
    /// For a request without a connection.
    fn default() -> Self {
        Self {
            address: ([0, 0, 0, 0], 0).into(),
            closer: CancellationToken::new(),
            is_reserved: false,
            is_operator: false,
        }
    }
}

/// The context of a request, kept in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    pub(crate) client: Client,
    pub(crate) peer: Arc<Peer>,
    /// Whether the path, as the client sent it, ends with a slash.
    pub(crate) has_final_slash: bool,
    route: Arc<OnceLock<MatchedPath>>,
}

impl RequestContext {
    /// Adds the context to the request's extensions.
    pub(super) fn attach(peer: Arc<Peer>, request: &mut Request, trusted: &[IpNet]) -> Self {
        let address = peer.address.ip().to_canonical();
        let context = Self {
            client: if peer.is_operator {
                Client { address, is_proxied: false }
            } else {
                Client::of(address, request.headers(), trusted)
            },
            peer,
            has_final_slash: request.uri().path().ends_with('/'),
            route: Arc::default(),
        };
        request.extensions_mut().insert(context.clone());
        context
    }

    /// The template of the matched route, without the prefix `/api`; `none` if no route matches.
    pub(crate) fn route(&self) -> &str {
        self.route.get().map_or(NO_ROUTE, |matched| template(matched.as_str()))
    }
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let missing = || ServiceError::Internal("the request has no context".into());
        parts.extensions.get().cloned().ok_or_else(|| missing().into())
    }
}

fn template(matched: &str) -> &str {
    matched.strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(matched)
}

/// Notes which route the router has chosen.
pub(super) fn note_route(request: Request) -> Request {
    let extensions = request.extensions();
    if let (Some(context), Some(matched)) = (extensions.get::<RequestContext>(), extensions.get()) {
        context.route.get_or_init(|| MatchedPath::clone(matched));
    }
    request
}

/// The sender of a request: the peer of the connection, or the client that a trusted proxy names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    pub(crate) address: IpAddr,
    /// Whether a trusted proxy forwarded the request, so that its headers can be trusted.
    pub(crate) is_proxied: bool,
}

impl<S: Sync> FromRequestParts<S> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        Ok(RequestContext::from_request_parts(parts, state).await?.client)
    }
}

impl Client {
    /// Each proxy appends the address of its own peer to `X-Forwarded-For`. So the last address that is
    /// not a trusted proxy's is the client's; anyone could have written those before it.
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: &IpAddr| is_trusted(address, trusted);
        if !is_trusted(&peer) {
            return Self { address: peer, is_proxied: false };
        }
        let lines = headers.get_all(FORWARDED_FOR).into_iter().rev();
        let named = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut address = peer;
        for text in named {
            // The addresses before an invalid one cannot be trusted.
            let Some(before) = parse(text) else { break };
            address = before;
            if !is_trusted(&before) {
                break;
            }
        }
        Self { address, is_proxied: true }
    }
}

pub(super) fn is_trusted(address: &IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// Parses an address. Some proxies add the port, or put an IPv6 address in brackets.
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

    #[test]
    fn a_route_has_one_name_under_both_prefixes() {
        for (matched, name) in [
            ("/children/{id}", "/children/{id}"),
            ("/api/children/{id}", "/children/{id}"),
            ("/apiary", "/apiary"),
            ("/api", "/api"),
        ] {
            assert_eq!(template(matched), name);
        }
    }

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
    fn without_a_trusted_proxy_the_peer_is_the_client() {
        assert_eq!(client("192.0.2.1", &["198.51.100.7"]), ("192.0.2.1".to_owned(), false));
        assert_eq!(client("192.0.2.1", &[]), ("192.0.2.1".to_owned(), false));
    }

    #[test]
    fn the_last_untrusted_address_is_the_client() {
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
