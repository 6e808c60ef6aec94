//! The limits of axum and of a disk, with which Goldstar is compared.
//!
//! `limits PAGE JOURNAL BYTES` prints its address and serves:
//!
//! | route | what it does |
//! | --- | --- |
//! | `POST /memory` | parses a JSON body, adds a point to the child that it names in a map, and returns JSON of BYTES bytes |
//! | `POST /committed` | the same, and appends the response to the file JOURNAL; all that has queued up shares one `fdatasync` before the responses |
//! | `GET /page` | returns the bytes of the file PAGE from memory |

mod committer;

use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use committer::Committer;

struct Limits {
    points: Mutex<HashMap<String, i64>>,
    /// Pads a response to the length of Goldstar's.
    padding: String,
    page: Bytes,
    committer: Committer,
}

#[derive(Deserialize)]
struct Activation {
    child_id: String,
    task_id: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    child_id: &'a str,
    task_id: &'a str,
    points: i64,
    padding: &'a str,
}

/// The bytes of a response without its padding: two UUIDs, and the JSON around them.
const REST: usize = 124;

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [page, journal, bytes] = &arguments[..] else {
        return Err(io::Error::other("usage: limits PAGE JOURNAL BYTES"));
    };
    let bytes: usize = bytes.parse().map_err(io::Error::other)?;
    let limits = Limits {
        points: Mutex::default(),
        padding: "x".repeat(bytes.saturating_sub(REST)),
        page: fs::read(page)?.into(),
        committer: Committer::start(Path::new(journal))?,
    };
    let router = Router::new()
        .route("/memory", post(memory))
        .route("/committed", post(committed))
        .route("/page", get(page_from_memory))
        .with_state(Arc::new(limits));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("limits serve http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("a connection keeps its delay: {error}");
        }
    });
    axum::serve(listener, router).await
}

impl Limits {
    fn activate<'a>(&'a self, activation: &'a Activation) -> Answer<'a> {
        let Activation { child_id, task_id } = activation;
        let mut all = self.points.lock();
        let points = match all.get_mut(child_id) {
            Some(points) => points,
            None => all.entry(child_id.clone()).or_default(),
        };
        *points += 1;
        Answer { child_id, task_id, points: *points, padding: &self.padding }
    }
}

async fn memory(State(limits): State<Arc<Limits>>, Json(activation): Json<Activation>) -> Response {
    Json(limits.activate(&activation)).into_response()
}

async fn committed(
    State(limits): State<Arc<Limits>>,
    Json(activation): Json<Activation>,
) -> Result<Response, StatusCode> {
    let answer = Json(limits.activate(&activation)).into_response();
    let (parts, body) = answer.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await;
    let bytes = bytes.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let durable = limits.committer.commit(bytes.clone()).await;
    durable.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Response::from_parts(parts, bytes.into()))
}

async fn page_from_memory(State(limits): State<Arc<Limits>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], limits.page.clone())
}
