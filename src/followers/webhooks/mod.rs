//! Sends the messages of webhooks. It never follows a redirect and uses no proxy: a message goes only to an address that was
//! checked.

mod connect;
mod permits;
mod resolve;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::domain::webhooks::{AllowedHosts, Outcome, SendError, Target, WebhookEvent};
use crate::domain::{Timestamp, TrackingEvent};
use crate::followers::broker::event_payload;
use permits::Permits;
pub use resolve::{Resolve, Resolved, SystemResolver};

/// An attempt without a complete answer ends after this time.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The head of an answer can have that many bytes, and that many bytes of its body are read. They are not used.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A message with its signatures.
#[derive(Clone, Debug)]
pub struct SignedMessage {
    pub id: Arc<str>,
    /// In seconds since 1970.
    pub timestamp: i64,
    pub signatures: String,
    pub body: String,
}

/// What a receiver has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub outcome: Outcome,
    /// The value of the header `Retry-After`.
    pub retry_after: Option<String>,
}

impl From<SendError> for Answer {
    fn from(error: SendError) -> Self {
        Self { outcome: Outcome::Error(error), retry_after: None }
    }
}

/// Sends messages, each on a connection of its own.
pub struct Sender {
    resolver: Arc<dyn Resolve>,
    /// Reading the certificates of the system takes some time, and few servers need them at once.
    tls: OnceCell<Option<Arc<ClientConfig>>>,
    permits: Permits,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl Sender {
    pub fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, tls: OnceCell::new(), permits: Permits::default() }
    }

    /// Sends a message once the number of connections permits it. Fails if the operator does not permit the address.
    pub async fn send(
        &self,
        target: &Target,
        allowed: &AllowedHosts,
        sign: impl FnOnce() -> SignedMessage,
    ) -> Answer {
        let _permit = self.permits.acquire(&target.authority()).await;
        let deadline = Instant::now() + TIMEOUT;
        let message = sign();
        let exchange = self.exchange(target, allowed, &message, deadline);
        let exchanged = timeout_at(deadline, exchange).await;
        exchanged.unwrap_or(Err(SendError::Timeout)).unwrap_or_else(Answer::from)
    }

    async fn exchange(
        &self,
        target: &Target,
        allowed: &AllowedHosts,
        message: &SignedMessage,
        deadline: Instant,
    ) -> Result<Answer, SendError> {
        let request = request(target, message).ok_or(SendError::Forbidden)?;
        let stream = connect::connect(&*self.resolver, target, allowed).await?;
        if target.is_https() {
            let config = self.tls.get_or_init(connect::tls).await;
            let config = config.as_ref().ok_or(SendError::Tls)?;
            let stream = connect::encrypt(config, target, stream).await?;
            post(stream, request, deadline).await
        } else {
            post(stream, request, deadline).await
        }
    }
}

fn request(target: &Target, message: &SignedMessage) -> Option<Request<Full<Bytes>>> {
    let request = Request::post(target.path())
        .header(HOST, target.authority())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header(USER_AGENT, concat!("Goldstar/", env!("CARGO_PKG_VERSION")))
        .header(HeaderName::from_static("webhook-id"), &*message.id)
        .header(HeaderName::from_static("webhook-timestamp"), message.timestamp)
        .header(HeaderName::from_static("webhook-signature"), &message.signatures);
    request.body(Full::from(message.body.clone())).ok()
}

/// Sends a request, and reads the status of the answer.
async fn post(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
    deadline: Instant,
) -> Result<Answer, SendError> {
    let mut client = http1::Builder::new();
    let client = client.max_buf_size(MAX_ANSWER_BYTES);
    let connected = client.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|_| SendError::Protocol)?;
    // Dropping the set ends the connection.
    let mut task = JoinSet::new();
    task.spawn(connection);
    let response = sender.send_request(request).await.map_err(|_| SendError::Protocol)?;
    let answer = Answer {
        outcome: Outcome::Status(response.status().as_u16()),
        retry_after: retry_after(&response),
    };
    // Some receivers fail if nobody reads their answer. The status is known, whether or not this succeeds.
    timeout_at(deadline, read_some(response)).await.unwrap_or_default();
    Ok(answer)
}

fn retry_after(response: &Response<Incoming>) -> Option<String> {
    Some(response.headers().get(RETRY_AFTER)?.to_str().ok()?.to_owned())
}

async fn read_some(response: Response<Incoming>) {
    let mut body = response.into_body();
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_ANSWER_BYTES {
            return;
        }
    }
}

/// The data of an event: what the event streams contain.
pub fn event_data(event: &TrackingEvent) -> impl Serialize + '_ {
    event_payload(event)
}

/// The body of a message.
pub fn body(event: WebhookEvent, at: Timestamp, data: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Body<'a, D> {
        r#type: &'static str,
        timestamp: String,
        data: &'a D,
    }
    let body = Body { r#type: event.as_str(), timestamp: at.to_string(), data };
    // The data has a JSON form: it was in the event streams.
    serde_json::to_string(&body).unwrap_or_default()
}

#[cfg(test)]
mod tests;
