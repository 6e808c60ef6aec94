//! The last words on a connection: answers that no handler gives, and a close after which the client
//! can still read them.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;

use crate::http::{ApiError, guard};

/// How long a closed connection is read on, at most.
const LINGER: Duration = Duration::from_secs(5);
/// How much of what still arrives on a closed connection is read away, at most.
const LINGER_BYTES: u64 = 4 << 20;

/// Refuses a connection before anything is read from it.
pub(super) async fn turn_away(mut stream: TcpStream) {
    let refused = async {
        say(&mut stream, ApiError::TooManyConnections).await?;
        close(&mut stream).await
    };
    let refused = tokio::time::timeout(LINGER, refused).await;
    if let Err(error) = refused.unwrap_or(Ok(())) {
        tracing::debug!(%error, "a connection broke while it was refused");
    }
}

/// Writes an error answer by hand, where there is no request that it could be the answer to.
pub(super) async fn say(stream: &mut TcpStream, error: ApiError) -> io::Result<()> {
    let mut response = error.into_response();
    guard::mark(response.headers_mut());
    let bytes = written(response).await.map_err(io::Error::other)?;
    stream.write_all(&bytes).await
}

async fn written(response: Response) -> Result<Vec<u8>, axum::Error> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut bytes = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        bytes.extend_from_slice(
            &[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat(),
        );
    }
    let mut length = String::new();
    write!(length, "content-length: {}\r\n\r\n", body.len()).map_err(axum::Error::new)?;
    bytes.extend_from_slice(length.as_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}

/// Closes a connection, and reads for a while what the client goes on to send: a connection that is
/// dropped with something unread is reset, which takes from the client what it hasn't read yet.
pub(super) async fn close(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let unread = &mut stream.take(LINGER_BYTES);
    let read = tokio::time::timeout(LINGER, copy(unread, &mut sink())).await;
    read.unwrap_or(Ok(0)).map(drop)
}
