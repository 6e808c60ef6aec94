//! TLS of the connections that the server opens.

use std::sync::Arc;

use rustls::{ClientConfig, Error, RootCertStore};

/// TLS that verifies the certificate of the other side and its name with the certificates of the system, or with those of the
/// file that `SSL_CERT_FILE` names. Reads files.
pub fn client_config() -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("the system has no certificates: no encrypted connection can be opened");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
