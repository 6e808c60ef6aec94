//! `goldstar health`

use std::error::Error;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::http::uri::{Scheme, Uri};
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use thiserror::Error;
use tokio::net::TcpStream;

use super::ask_first::AskFirst;
use super::{Failure, runtime};
use crate::config::{self, Config, Flags, Values};
use crate::http::Secret;

/// How long the server may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most that is read of an answer.
const MAX_ANSWER_BYTES: usize = 1 << 20;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where the server is, instead of where the settings say
    #[arg(long, value_parser = Server::at)]
    url: Option<Server>,

    #[command(flatten)]
    flags: Flags<config::Address>,
}

/// Why a server isn't healthy.
#[derive(Debug, Error)]
pub(super) enum Unhealthy {
    #[error("`listen` leaves the port to the system; tell it with --url")]
    AnyPort,
    #[error("{0} can't be asked")]
    Unreachable(String, #[source] Box<dyn Error + Send + Sync>),
    #[error("{0} has not answered in time")]
    Silent(String),
    #[error("{0} answered {1}, and not with what /health says")]
    Foreign(String, StatusCode),
    #[error("{0} takes no changes until it is restarted{reason}", reason = because(.1.as_ref()))]
    ReadOnly(String, Option<String>),
    #[error("{0} can't write changes now{reason}", reason = because(.1.as_ref()))]
    Failing(String, Option<String>),
    #[error("{0} has too many connections open, and takes no more")]
    Full(String),
}

/// The end of a sentence that says why; nothing if the server doesn't say that to this caller.
fn because(reason: Option<&String>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let values = Values::resolve(&arguments.flags)?;
    let config = Config::from_values(&values)?;
    let (server, has_its_source) = if let Some(server) = arguments.url {
        (server, values.is_flag("monitoring_token"))
    } else {
        let server = Server::that_listens(&config.listen)?;
        (server, values.have_one_source("listen", "monitoring_token"))
    };
    let token =
        config.http.monitoring.token.as_ref().map(|secret| Token { secret, has_its_source });
    let runtime = runtime()?;
    let asked = server.ask(token);
    let asked = runtime.block_on(async { tokio::time::timeout(TIMEOUT, asked).await });
    // A name that the system still looks up isn't waited for.
    runtime.shutdown_background();
    let name = server.authority;
    let (status, answer) = asked.unwrap_or_else(|_| Err(Unhealthy::Silent(name.clone())))?;
    let Answer { status: word, reason, .. } = answer;
    let verdict = match (status, &*word) {
        (StatusCode::OK, "ok" | "degraded") => Ok(()),
        (StatusCode::SERVICE_UNAVAILABLE, "read_only") => Err(Unhealthy::ReadOnly(name, reason)),
        (StatusCode::SERVICE_UNAVAILABLE, "failing") => Err(Unhealthy::Failing(name, reason)),
        _ => return Err(Unhealthy::Foreign(name, status).into()),
    };
    let printed = writeln!(io::stdout(), "{word}");
    printed.map_err(Failure::io("the status could not be printed"))?;
    Ok(verdict?)
}

/// The monitoring token, and whether it was set in the same place as the server's address.
#[derive(Clone, Copy)]
struct Token<'a> {
    secret: &'a Secret,
    has_its_source: bool,
}

impl Token<'_> {
    /// Whether the server at that address may get it. Somebody who can only set the address must not
    /// learn the token by it.
    fn is_for(&self, peer: IpAddr) -> bool {
        self.has_its_source || peer.to_canonical().is_loopback()
    }
}

/// A server to be asked.
#[derive(Clone, Debug)]
struct Server {
    /// The host and the port.
    authority: String,
    /// What stands before `/health`.
    base: String,
}

impl Server {
    fn at(url: &str) -> Result<Self, String> {
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

    /// The server of this machine that has that setting. One that takes connections to every
    /// address also takes those to the loopback one.
    fn that_listens(listen: &str) -> Result<Self, Unhealthy> {
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

    /// The status and the body that it answers with.
    async fn ask(&self, token: Option<Token<'_>>) -> Result<(StatusCode, Answer), Unhealthy> {
        let unreachable = |cause: Box<dyn Error + Send + Sync>| {
            Unhealthy::Unreachable(self.authority.clone(), cause)
        };
        let (status, body) = self.fetch(token).await.map_err(unreachable)?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| Unhealthy::Foreign(self.authority.clone(), status))?;
        if answer.code == "TOO_MANY_CONNECTIONS" {
            return Err(Unhealthy::Full(self.authority.clone()));
        }
        Ok((status, answer))
    }

    async fn fetch(
        &self,
        token: Option<Token<'_>>,
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
        // It ends with the answer; what fails in it fails the request too.
        tokio::spawn(connection);
        let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect().await?;
        Ok((status, body.to_bytes()))
    }
}

/// What is read of an answer: the status of `/health` and its reason, or an error's code.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    status: String,
    reason: Option<String>,
    code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_every_address_is_asked_on_the_loopback_one() {
        for (listen, authority) in [
            ("0.0.0.0:5000", Some("127.0.0.1:5000")),
            ("[::]:5000", Some("[::1]:5000")),
            ("192.0.2.1:80", Some("192.0.2.1:80")),
            ("goldstar.example.org:80", Some("goldstar.example.org:80")),
            ("127.0.0.1:0", None),
        ] {
            let server = Server::that_listens(listen).ok();
            assert_eq!(server.as_ref().map(|server| &*server.authority), authority, "{listen}");
        }
    }

    #[test]
    fn the_token_is_for_this_machine_or_for_who_set_both() {
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
            assert_eq!(Token { secret, has_its_source: false }.is_for(peer), is_loopback, "{peer}");
            assert!(Token { secret, has_its_source: true }.is_for(peer), "{peer}");
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
            let server = Server::at(url).ok();
            let found = server.as_ref().map(|server| (&*server.authority, &*server.base));
            assert_eq!(found, parts, "{url}");
        }
    }
}
