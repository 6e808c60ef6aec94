//! What is known of a request beside what it says itself: whence it came, and, once the router has
//! found that, its route.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::extract::{FromRequestParts, MatchedPath, Request};
use axum::http::request::Parts;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};

use super::ApiError;
use super::client::Client;
use crate::service::ServiceError;

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
pub(super) struct Arrival {
    pub(super) client: Client,
    pub(super) peer: Arc<Peer>,
    /// Whether the address ended with a slash, as the client wrote it.
    pub(super) has_final_slash: bool,
    route: Arc<OnceLock<MatchedPath>>,
}

impl Arrival {
    /// Puts it into the request's extensions.
    pub(super) fn note(peer: &Arc<Peer>, request: &mut Request, trusted_proxies: &[IpNet]) -> Self {
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
    pub(super) fn route(&self) -> &str {
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
pub(super) struct NoteLayer;

impl<S> Layer<S> for NoteLayer {
    type Service = Note<S>;

    fn layer(&self, inner: S) -> Note<S> {
        Note(inner)
    }
}

/// What [`NoteLayer`] puts around a route.
#[derive(Clone, Debug)]
pub(super) struct Note<S>(S);

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

#[cfg(test)]
mod tests {
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
}
