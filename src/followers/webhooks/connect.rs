//! Connects to the host of a URL, at an address that was checked.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::Resolve;
use crate::domain::webhooks::{AllowedHosts, SendError, Target, without_dot};
use crate::tls::client_config;

/// The number of addresses of a name that are tried.
const ADDRESSES: usize = 4;
/// The time for each of them: one that does not answer, such as by IPv6, leaves time for the others.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connects to the host of a URL.
///
/// Resolves its name once, and connects to one of the addresses of that answer: a resolver that changes its answer leads
/// nowhere else. Fails if one of them is denied, because a name of the Internet has no such address.
pub(super) async fn connect(
    resolver: &dyn Resolve,
    target: &Target,
    allowed: &AllowedHosts,
) -> Result<TcpStream, SendError> {
    if !target.is_permitted(allowed) {
        return Err(SendError::Forbidden);
    }
    let host = target.host();
    let addresses = match (target.address(), &host) {
        (None, Host::Domain(name)) => {
            resolver.resolve(name).await.map_err(|_| SendError::Unresolved)?
        }
        (address, _) => address.into_iter().collect(),
    };
    if addresses.is_empty() {
        return Err(SendError::Unresolved);
    }
    if !addresses.iter().all(|address| allowed.permits(&host, *address)) {
        return Err(SendError::Forbidden);
    }
    for address in addresses.into_iter().take(ADDRESSES) {
        let connecting = TcpStream::connect((address, target.port()));
        if let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, connecting).await {
            return Ok(stream);
        }
    }
    Err(SendError::Unreachable)
}

/// TLS for all connections. `None` if it cannot be used.
pub(super) async fn tls() -> Option<Arc<ClientConfig>> {
    tokio::task::spawn_blocking(client_config).await.ok()?.ok().map(Arc::new)
}

pub(super) async fn encrypt(
    config: &Arc<ClientConfig>,
    target: &Target,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, SendError> {
    let name = match target.host() {
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
        Host::Domain(name) => {
            let name = without_dot(name).to_owned();
            ServerName::try_from(name).map_err(|_| SendError::Tls)?
        }
    };
    let connector = TlsConnector::from(Arc::clone(config));
    connector.connect(name, stream).await.map_err(|_| SendError::Tls)
}
