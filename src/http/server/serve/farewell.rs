//! The last words on a connection: answers that no handler gives, and a close after which the client
//! can still read them.

use std::io;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::http::error::ApiError;
use crate::http::server::guard;

/// How long all of this takes, at most.
const LINGER: Duration = Duration::from_secs(5);
/// How long reading takes at the server's stop, at most.
const HURRIED_LINGER: Duration = Duration::from_millis(500);
/// How much of what still arrives on a closed connection is read away, at most.
const LINGER_BYTES: u64 = 4 << 20;

/// Ends a connection: says what there is to say, closes it, and reads for a while what the client
/// goes on to send. A connection that is dropped with something unread is reset, which takes from
/// the client what it hasn't read yet. With `hurry`, it has [`HURRIED_LINGER`] for that.
pub(super) async fn part(
    mut stream: TcpStream,
    last_words: Option<ApiError>,
    hurry: &CancellationToken,
) {
    let parted = async {
        if let Some(error) = last_words {
            say(&mut stream, error).await?;
        }
        stream.shutdown().await?;
        let (mut rest, mut nowhere) = (stream.take(LINGER_BYTES), sink());
        let hurried = async {
            hurry.cancelled().await;
            tokio::time::sleep(HURRIED_LINGER).await;
        };
        tokio::select! {
            read = copy(&mut rest, &mut nowhere) => read,
            () = hurried => Ok(0),
        }
    };
    if let Ok(Err(error)) = tokio::time::timeout(LINGER, parted).await {
        tracing::debug!(%error, "a connection broke while it was closed");
    }
}

/// Writes an error answer by hand, where there is no request that it could be the answer to.
async fn say(stream: &mut TcpStream, error: ApiError) -> io::Result<()> {
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
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    let end = format!("content-length: {}\r\n\r\n", body.len());
    bytes.extend_from_slice(end.as_bytes());
    bytes.extend_from_slice(&body);
    Ok(bytes)
}
