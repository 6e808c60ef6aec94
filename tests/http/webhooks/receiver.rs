//! A program of a family, which receives the messages of webhooks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::harness::eventually;

/// A message as it was received.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) headers: BTreeMap<String, String>,
    pub(super) text: String,
    pub(super) body: Value,
}

impl Received {
    pub(super) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(super) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

/// How a receiver answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// With a status, and a further header line.
    Status(u16, &'static str),
    /// Never.
    Silence,
    /// With 204, once it is notified.
    Late(Arc<Notify>),
}

pub(super) struct Receiver {
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    received: Vec<Received>,
    /// The answers to the next messages; afterwards 204.
    replies: VecDeque<Reply>,
    connections: usize,
    /// The number of connections that ended without an answer.
    abandoned: usize,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    pub(super) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// A receiver whose connections are encrypted.
    pub(super) async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::start_with(Some(acceptor)).await
    }

    async fn start_with(acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}/hook", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.lock().unwrap().connections += 1;
                let (acceptor, shared) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    match acceptor {
                        None => serve(stream, shared).await,
                        // The sender may not accept the certificate.
                        Some(acceptor) => {
                            let Ok(stream) = acceptor.accept(stream).await else { return };
                            serve(stream, shared).await;
                        }
                    }
                });
            }
        });
        Self { url, state, serving }
    }

    /// Answers the next messages like this.
    pub(super) fn reply(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().replies.extend(replies);
    }

    pub(super) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// Waits until the sender has given up a message, which must be long before its timeout.
    pub(super) async fn abandoned(&self) {
        let start = std::time::Instant::now();
        eventually("the end of a connection", async || {
            (self.state.lock().unwrap().abandoned > 0).then_some(())
        })
        .await;
        assert!(start.elapsed().as_secs() < 14, "it has timed out");
    }

    /// Waits until that many messages were received, and returns all.
    pub(super) async fn after(&self, count: usize) -> Vec<Received> {
        eventually("messages of a webhook", async || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
        .await
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    let Some(received) = read(&mut stream).await else { return };
    let reply = {
        let mut state = state.lock().unwrap();
        state.received.push(received);
        state.replies.pop_front().unwrap_or(Reply::Status(204, ""))
    };
    match reply {
        Reply::Late(notify) => {
            notify.notified().await;
            answer(&mut stream, 204, "").await;
        }
        Reply::Status(status, header) => answer(&mut stream, status, header).await,
        Reply::Silence => {
            _ = stream.read(&mut [0]).await;
            state.lock().unwrap().abandoned += 1;
        }
    }
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), status: u16, header: &str) {
    let head = format!("HTTP/1.1 {status} Answer\r\n{header}content-length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap_or_default();
    stream.shutdown().await.unwrap_or_default();
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        text.extend_from_slice(&part[..length]);
        if !text.starts_with(b"POST ") {
            return None;
        }
        let received = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = received.split_once("\r\n\r\n") else { continue };
        let headers: BTreeMap<_, _> = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        if body.len().to_string() == headers["content-length"] {
            let value = serde_json::from_str(body).unwrap();
            return Some(Received { headers, text: body.to_owned(), body: value });
        }
    }
}
