//! Encrypted connections to receivers. The real program trusts the authority of the file in `SSL_CERT_FILE`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

use super::{Receiver, delivery, hook};
use crate::harness::{Folders, Scrape, Settings, TestServer, eventually, forbidden};

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const NEW: &str = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";

fn create_authority(folder: &Path, name: &str) {
    openssl(folder, &format!("{NEW} -subj /CN={name} -keyout {name}.key -out {name}.pem"));
}

/// A receiver with a certificate for an address, from the authority with that name.
async fn receiver(folder: &Path, authority: &str, address: &str) -> Receiver {
    let name = format!("{authority}-{address}");
    openssl(
        folder,
        &format!(
            "{NEW} -subj /CN=receiver -keyout {name}.key -out {name}.pem -CA {authority}.pem -CAkey {authority}.key \
             -addext subjectAltName=IP:{address} -addext basicConstraints=critical,CA:FALSE"
        ),
    );
    let certificate = CertificateDer::from_pem_file(folder.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join(format!("{name}.key"))).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    Receiver::start_tls(TlsAcceptor::from(Arc::new(config))).await
}

#[tokio::test]
async fn messages_are_sent_only_to_a_receiver_with_a_valid_certificate() {
    let mut version = Command::new("openssl");
    if version.arg("version").stdout(Stdio::null()).status().is_err() {
        return forbidden("a receiver with a certificate: install `openssl`");
    }
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let folder = folders.root().to_owned();
    create_authority(&folder, "trusted");
    create_authority(&folder, "unknown");
    let valid = receiver(&folder, "trusted", "127.0.0.1").await;
    let invalid = [
        receiver(&folder, "unknown", "127.0.0.1").await,
        receiver(&folder, "trusted", "127.0.0.2").await,
    ];
    let settings = Settings {
        binary: true,
        script: "export SSL_CERT_FILE=trusted.pem",
        flags: vec!["--webhook-allow=127.0.0.1".to_owned()],
        ..Settings::default()
    };
    let server = TestServer::on(folders, settings).await;
    let family = server.family().await;
    let webhook = hook(&family.parent, &valid).await;
    let mut refused = Vec::new();
    for receiver in &invalid {
        refused.push(hook(&family.parent, receiver).await);
    }
    let event = family.event().await;
    let received = valid.after(1).await;
    assert_eq!(received[0].body["data"]["tracking_event_id"], event["id"]);
    delivery(&family.parent, &webhook, "delivered", 1).await;
    for (receiver, webhook) in invalid.iter().zip(&refused) {
        let failed = delivery(&family.parent, webhook, "retrying", 1).await;
        assert_eq!((&failed["error"], &failed["response_status"]), (&json!("tls"), &json!(null)));
        assert_eq!((receiver.received().len(), receiver.connections()), (0, 1));
    }
    // The operator sees the attempts.
    let scrape = Scrape::of(&server).await;
    let attempts =
        |outcome| scrape.get(&format!("webhook_deliveries_total{{outcome=\"{outcome}\"}}"));
    assert_eq!((attempts("delivered"), attempts("tls"), attempts("timeout")), (1, 2, 0));
    let backlog = "projection_backlog{projection=\"webhooks\"}";
    eventually("the end of the backlog", async || {
        (Scrape::of(&server).await.get(backlog) == 0).then_some(())
    })
    .await;
}
