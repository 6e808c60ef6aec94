//! The request of `goldstar health` to a server.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::http::uri::{Scheme, Uri};
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use thiserror::Error;
use tokio::net::TcpStream;

use super::ask_first::AskFirst;
use crate::http::Secret;

/// The time limit for the whole request.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum size of a response.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// Why a server isn't healthy.
#[derive(Debug, Error)]
pub(super) enum Unhealthy {
    #[error(
        "`listen` has port 0, which stands for any free port; name the server's address with --url"
    )]
    AnyPort,
    #[error("cannot reach {0}")]
    Unreachable(String, #[source] Box<dyn Error + Send + Sync>),
    #[error("{0} did not respond in time")]
    Silent(String),
    #[error("{0} responded with {1} and something else than a status; is it a Goldstar server?")]
    Foreign(String, StatusCode),
    #[error("{0} refuses all changes until it is restarted{reason}", reason = because(.1.as_ref()))]
    ReadOnly(String, Option<String>),
    #[error("{0} cannot write changes now{reason}", reason = because(.1.as_ref()))]
    Failing(String, Option<String>),
    #[error("{0} is at its limit of open connections")]
    Full(String),
}

/// The reason as the end of a sentence; empty if the server doesn't disclose it to this caller.
fn because(reason: Option<&String>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// The monitoring token, and whether it was set in the same place as the server's address.
#[derive(Clone, Copy)]
pub(super) struct MonitoringToken<'a> {
    pub(super) secret: &'a Secret,
    pub(super) has_its_source: bool,
}

impl MonitoringToken<'_> {
    /// Whether it may be sent to that address. Otherwise someone who can only set the address could
    /// obtain the token.
    fn is_for(&self, peer: IpAddr) -> bool {
        self.has_its_source || peer.to_canonical().is_loopback()
    }
}

/// The server whose status is requested.
#[derive(Clone, Debug)]
pub(super) struct ServerUrl {
    /// Host and port.
    pub(super) authority: String,
    /// The path before `/health`.
    base: String,
}

impl ServerUrl {
    pub(super) fn at(url: &str) -> Result<Self, String> {
        let rule = "must be an http address, such as http://127.0.0.1:5000";
        let uri: Uri = url.parse().map_err(|_| rule.to_owned())?;
        let authority = uri.authority().filter(|_| uri.scheme() == Some(&Scheme::HTTP));
        let authority = authority.filter(|authority| !authority.as_str().contains('@'));
        let Some(authority) = authority.filter(|_| uri.query().is_none()) else {
            return Err(rule.to_owned());
        };
        let (host, port) = (authority.host(), authority.port_u16().unwrap_or(80));
        let base = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { authority: format!("{host}:{port}"), base })
    }

    /// The server of this machine with that `listen` setting. A server that listens on every address
    /// is reached at the loopback address.
    pub(super) fn that_listens(listen: &str) -> Result<Self, Unhealthy> {
        let authority = match listen.parse::<SocketAddr>() {
            Ok(mut address) => {
                match address.ip() {
                    IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
                    IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
                    _ => {}
                }
                address.to_string()
            }
            Err(_) => listen.to_owned(),
        };
        if authority.ends_with(":0") {
            return Err(Unhealthy::AnyPort);
        }
        Ok(Self { authority, base: String::new() })
    }

    /// The status and the body of the response.
    pub(super) async fn ask(
        &self,
        token: Option<MonitoringToken<'_>>,
    ) -> Result<(StatusCode, Answer), Unhealthy> {
        let unreachable = |cause: Box<dyn Error + Send + Sync>| {
            Unhealthy::Unreachable(self.authority.clone(), cause)
        };
        let silent = |_| Unhealthy::Silent(self.authority.clone());
        let fetched = tokio::time::timeout(TIMEOUT, self.fetch(token)).await.map_err(silent)?;
        let (status, body) = fetched.map_err(unreachable)?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| Unhealthy::Foreign(self.authority.clone(), status))?;
        if answer.code == "TOO_MANY_CONNECTIONS" {
            return Err(Unhealthy::Full(self.authority.clone()));
        }
        Ok((status, answer))
    }

    async fn fetch(
        &self,
        token: Option<MonitoringToken<'_>>,
    ) -> Result<(StatusCode, Bytes), Box<dyn Error + Send + Sync>> {
        let mut request = Request::get(format!("{}/health", self.base))
            .header(header::HOST, &self.authority)
            .header(header::CONNECTION, "close");
        let stream = TcpStream::connect(&self.authority).await?;
        let peer = stream.peer_addr()?.ip();
        if let Some(token) = token.filter(|token| token.is_for(peer)) {
            let bearer = format!("Bearer {}", token.secret.reveal());
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(AskFirst::new(stream))).await?;
        // It ends with the response; an error in it fails the request as well.
        tokio::spawn(connection);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_RESPONSE_BYTES).collect().await?;
        Ok((status, body.to_bytes()))
    }
}

/// The parts of a response that count: the status of `/health` and its reason, or the code of an error.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) status: String,
    pub(super) reason: Option<String>,
    code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_reached_at_the_loopback_address() {
        for (listen, authority) in [
            ("0.0.0.0:5000", Some("127.0.0.1:5000")),
            ("[::]:5000", Some("[::1]:5000")),
            ("192.0.2.1:80", Some("192.0.2.1:80")),
            ("goldstar.example.org:80", Some("goldstar.example.org:80")),
            ("127.0.0.1:0", None),
        ] {
            let server = ServerUrl::that_listens(listen).ok();
            assert_eq!(server.as_ref().map(|server| &*server.authority), authority, "{listen}");
        }
    }

    #[test]
    fn the_token_is_sent_to_this_machine_or_to_an_address_from_its_source() {
        let secret = &Secret::new("0123456789abcdef".to_owned());
        for (peer, is_loopback) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("fd00::1", false),
        ] {
            let peer = peer.parse().unwrap();
            assert_eq!(
                MonitoringToken { secret, has_its_source: false }.is_for(peer),
                is_loopback,
                "{peer}"
            );
            assert!(MonitoringToken { secret, has_its_source: true }.is_for(peer), "{peer}");
        }
    }

    #[test]
    fn a_url_may_have_a_path_and_no_more() {
        for (url, parts) in [
            ("http://127.0.0.1:5000", Some(("127.0.0.1:5000", ""))),
            ("http://goldstar/", Some(("goldstar:80", ""))),
            ("http://[::1]:81/api/", Some(("[::1]:81", "/api"))),
            ("https://goldstar", None),
            ("http://goldstar/?a", None),
            ("http://me@goldstar", None),
            ("goldstar:5000", None),
            ("", None),
        ] {
            let server = ServerUrl::at(url).ok();
            let found = server.as_ref().map(|server| (&*server.authority, &*server.base));
            assert_eq!(found, parts, "{url}");
        }
    }
}
