//! The server that a command of the operator talks to: one that runs, through its socket, or one in this
//! process. Both answer the requests of the JSON API.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::task::block_in_place;

use super::data_directory;
use super::failure::Failure;
use super::report::without_controls;
use super::runtime::runtime;
use crate::app::{self, Machine, StopError};
use crate::config::{Config, Data, Flags};
use crate::disk::connect;
use crate::http::{App, BACKUP_BYTES, Peer};
use crate::metrics::Metrics;
use crate::service::Service;

/// The maximum size of a response.
const MAX_RESPONSE_BYTES: usize = 16 << 20;

/// The arguments of every command of the operator.
#[derive(Args)]
pub(super) struct Output {
    /// Print the result as one JSON object, as the API returns it
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) flags: Flags<Data>,
}

/// Executes a command on the server that its settings name, and prints its result. Returns its exit code.
pub(super) fn operate(
    output: &Output,
    execute: impl AsyncFnOnce(&Administered) -> Result<(String, ExitCode), Failure>,
) -> Result<ExitCode, Failure> {
    let config = data_directory::or_database(&output.flags)?;
    runtime()?.block_on(async {
        let server = Administered::open(config)?;
        let done = execute(&server).await;
        let closed = server.close().await;
        let (printed, code) = done?;
        closed?;
        let said = writeln!(io::stdout(), "{printed}");
        said.map_err(Failure::io("it was done, but the result could not be printed"))?;
        Ok(code)
    })
}

/// The text of a field, empty if it is null.
pub(super) fn text_of(object: &Value, field: &str) -> String {
    without_controls(object[field].as_str().unwrap_or_default())
}

/// The server that a command talks to.
pub(super) enum Administered {
    /// The server of this data directory.
    Running(PathBuf),
    /// The data is open in this process.
    Own { service: Arc<Service>, app: App },
}

impl Administered {
    /// Finds the server that runs on the data directory. If there is none, and for a database, opens the
    /// data.
    pub(super) fn open(config: Config) -> Result<Self, Failure> {
        if config.storage.database_url.is_none() {
            let data_dir = &config.storage.data_dir;
            data_directory::require(data_dir)?;
            if let Some(server) = Self::running(data_dir)? {
                return Ok(server);
            }
        }
        let machine = Machine::default();
        let metrics = Arc::new(Metrics::new(machine.clock.now()));
        let open = || app::open(&config.storage, config.service, &machine, &metrics);
        let service = Arc::new(block_in_place(open)?);
        let app = App::new(Arc::clone(&service), Arc::new(config.http), metrics, None);
        Ok(Self::Own { service, app })
    }

    /// The server that runs on the data directory.
    pub(super) fn running(data_dir: &Path) -> Result<Option<Self>, Failure> {
        let found = connect(data_dir).map_err(Failure::io("the server cannot be reached"))?;
        Ok(found.map(|_| Self::Running(data_dir.to_owned())))
    }

    /// The body of the response to a request without a body, null if it has none. The response to a request
    /// that is not granted is an error.
    pub(super) async fn call(&self, method: Method, path: &str) -> Result<Value, Failure> {
        self.request(method, path, None).await
    }

    /// The same for a request with a body.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, Failure> {
        self.request(method, path, Some(body)).await
    }

    /// The response to a request for a file.
    pub(super) async fn download(&self, method: Method, path: &str) -> Result<Download, Failure> {
        let (head, body) = self.respond(method, path, None).await.map_err(failed)?.into_parts();
        if !head.status.is_success() {
            let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await.map_err(failed)?;
            return Err(refusal(head.status, &json(&body.to_bytes())?));
        }
        let bytes = head.headers.get(BACKUP_BYTES);
        let bytes = bytes.and_then(|bytes| bytes.to_str().ok()?.parse().ok());
        Ok(Download { bytes, body })
    }

    async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let response = self.respond(method, path, body).await.map_err(failed)?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_RESPONSE_BYTES).collect().await.map_err(failed)?;
        let body = json(&body.to_bytes())?;
        if head.status.is_success() { Ok(body) } else { Err(refusal(head.status, &body)) }
    }

    async fn respond(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response<Body>, Box<dyn Error + Send + Sync>> {
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or(Body::empty(), |body| body.to_string().into());
        let request = request.header(header::HOST, "localhost").body(body)?;
        let data_dir = match self {
            Self::Own { app, .. } => {
                return Ok(app.clone().respond(Arc::new(Peer::operator()), request).await);
            }
            Self::Running(data_dir) => data_dir,
        };
        let stream = connect(data_dir)?.ok_or("it has stopped")?;
        stream.set_nonblocking(true)?;
        let stream = TokioIo::new(UnixStream::from_std(stream)?);
        let (mut sender, connection) = http1::handshake(stream).await?;
        // It ends with the response; an error in it fails the request as well.
        tokio::spawn(connection);
        Ok(sender.send_request(request).await?.map(Body::new))
    }

    /// Whether no other process can write the data meanwhile.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::Own { service, .. } if !service.is_shared())
    }

    /// Closes the data, which must be in the state in which a stopped server leaves it, also after an
    /// error.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Running(_) => Ok(()),
            Self::Own { service, .. } => Ok(service.close().await.map_err(StopError::Close)?),
        }
    }
}

/// A file that is received in pieces.
pub(super) struct Download {
    /// About how many bytes it has, if that is known.
    pub(super) bytes: Option<u64>,
    body: Body,
}

impl Download {
    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| failed(error.into()))?;
            if let Ok(bytes) = frame.into_data() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

fn failed(error: Box<dyn Error + Send + Sync>) -> Failure {
    Failure::io("the server did not answer")(io::Error::other(error))
}

/// The body of a response, null if it has none.
fn json(body: &[u8]) -> Result<Value, Failure> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(body).map_err(|error| failed(error.into()))
}

/// The error for a request that is not granted.
fn refusal(status: StatusCode, body: &Value) -> Failure {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    Failure::Answered { status, error: text("error"), code: text("code") }
}

/// A text as a part of a path or of a query.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            write!(encoded, "%{byte:02X}").unwrap_or_default();
        }
        encoded
    })
}
