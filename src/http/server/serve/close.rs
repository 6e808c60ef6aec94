//! Closes a connection so that the client can still read the last response.

use std::io;
use std::time::Duration;

use axum::response::IntoResponse;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::http::error::ApiError;
use crate::http::server::headers;

/// The usual time limit for all of it.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit for reading once the server is stopping.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_millis(500);
/// The most bytes that are read and discarded.
const MAX_DISCARDED_BYTES: u64 = 4 << 20;

/// Sends `error`, if there is one, closes the connection, and discards what the client still sends. If
/// a connection is dropped while bytes are unread, TCP resets it, and the client loses the response.
pub(super) async fn close_gracefully(
    mut stream: TcpStream,
    error: Option<ApiError>,
    time: Duration,
    shutdown: &CancellationToken,
) {
    let closed = async {
        if let Some(error) = error {
            send(&mut stream, error).await?;
        }
        stream.shutdown().await?;
        let (mut rest, mut discarded) = (stream.take(MAX_DISCARDED_BYTES), sink());
        let stopped = async {
            shutdown.cancelled().await;
            tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
        };
        tokio::select! {
            read = copy(&mut rest, &mut discarded) => read,
            () = stopped => Ok(0),
        }
    };
    if let Ok(Err(error)) = tokio::time::timeout(time, closed).await {
        tracing::debug!(%error, "a connection failed while it was being closed");
    }
}

/// Writes an error response without hyper, which can only respond to a request.
async fn send(stream: &mut TcpStream, error: ApiError) -> io::Result<()> {
    let bytes = response_bytes(error).await.map_err(io::Error::other)?;
    stream.write_all(&bytes).await
}

pub(super) async fn response_bytes(error: ApiError) -> Result<Vec<u8>, axum::Error> {
    let mut response = error.into_response();
    headers::add_to(response.headers_mut());
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut bytes = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    let end = format!("content-length: {}\r\n\r\n", body.len());
    bytes.extend_from_slice(end.as_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}
