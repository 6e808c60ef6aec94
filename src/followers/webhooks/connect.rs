//! Connects to the host of a URL, at an address that was checked.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::Resolve;
use crate::domain::webhooks::{AllowedHosts, SendError, Target};

/// The number of addresses of a name that are tried.
const ADDRESSES: usize = 4;

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
        if let Ok(stream) = TcpStream::connect((address, target.port())).await {
            return Ok(stream);
        }
    }
    Err(SendError::Unreachable)
}

/// TLS that verifies the certificate and its name with the certificates of the system. `None` if TLS cannot be used.
pub(super) async fn tls() -> Option<Arc<ClientConfig>> {
    let load = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().ok()?;
        Some(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
    };
    tokio::task::spawn_blocking(load).await.ok().flatten()
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
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            ServerName::try_from(name).map_err(|_| SendError::Tls)?
        }
    };
    let connector = TlsConnector::from(Arc::clone(config));
    connector.connect(name, stream).await.map_err(|_| SendError::Tls)
}
