//! What is known of a request beside what it says itself: whence it came, and, once the router has
//! found that, its route.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use crate::http::error::ApiError;
use crate::service::ServiceError;

const FORWARDED_FOR: &str = "X-Forwarded-For";
/// What stands for the route of a request that has none.
const NO_ROUTE: &str = "none";

/// The other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Aborts the connection.
    pub closer: CancellationToken,
    /// Whether the connection is one of those that are kept for a health check.
    pub is_reserved: bool,
}

impl Default for Peer {
    /// Nobody's, for a request that came on no connection.
    fn default() -> Self {
        Self {
            address: ([0, 0, 0, 0], 0).into(),
            closer: CancellationToken::new(),
            is_reserved: false,
        }
    }
}

/// What is known of a request. In the extensions of every one; all in one, since each of them takes
/// an allocation.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) client: Client,
    pub(crate) peer: Arc<Peer>,
    /// Whether the address ended with a slash, as the client wrote it.
    pub(crate) has_final_slash: bool,
    route: Arc<OnceLock<MatchedPath>>,
}

impl Arrival {
    /// Puts it into the request's extensions.
    pub(crate) fn note(peer: &Arc<Peer>, request: &mut Request, trusted_proxies: &[IpNet]) -> Self {
        let address = peer.address.ip().to_canonical();
        let arrival = Self {
            client: Client::of(address, request.headers(), trusted_proxies),
            peer: Arc::clone(peer),
            has_final_slash: request.uri().path().ends_with('/'),
            route: Arc::default(),
        };
        request.extensions_mut().insert(arrival.clone());
        arrival
    }

    /// The template of the request's route, the same with the prefix and without; `none` where there
    /// is no route.
    pub(crate) fn route(&self) -> &str {
        self.route.get().map_or(NO_ROUTE, |matched| template(matched.as_str()))
    }
}

impl<S: Sync> FromRequestParts<S> for Arrival {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let unnoted = || ServiceError::Internal("nothing has noted the request".into());
        parts.extensions.get().cloned().ok_or_else(|| unnoted().into())
    }
}

fn template(matched: &str) -> &str {
    matched.strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(matched)
}

/// Notes the route of each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoteLayer;

impl<S> Layer<S> for NoteLayer {
    type Service = Note<S>;

    fn layer(&self, inner: S) -> Note<S> {
        Note(inner)
    }
}

/// What [`NoteLayer`] puts around a route.
#[derive(Clone, Debug)]
pub(crate) struct Note<S>(S);

impl<S: Service<Request>> Service<Request> for Note<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> S::Future {
        let extensions = request.extensions();
        if let (Some(arrival), Some(matched)) = (extensions.get::<Arrival>(), extensions.get()) {
            arrival.route.get_or_init(|| MatchedPath::clone(matched));
        }
        self.0.call(request)
    }
}

/// Who sent a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    /// The client's address, as far as it can be known.
    pub(crate) address: IpAddr,
    /// Whether a trusted proxy passed the request on, so that its headers can be believed.
    pub(crate) is_proxied: bool,
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
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
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
pub(crate) fn is_trusted(address: &IpAddr, trusted: &[IpNet]) -> bool {
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
