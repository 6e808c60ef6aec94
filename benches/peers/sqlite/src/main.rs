//! A service on axum and SQLite that does for an activation what Goldstar does, with which it is compared.
//!
//! `sqlite-peer DATA DATABASE` copies the TinyDB tables of the folder DATA to the new file DATABASE, prints its address and
//! serves:
//!
//! | route | what it does |
//! | --- | --- |
//! | `POST /auth/login` | begins a session of the account with that email address, and does not check the password |
//! | `POST /children/{child_id}/tasks/{task_id}/activate` | adds the points of the task to the child, and stores the tracking event |
//!
//! Changes are durable before they are answered: the log is a write-ahead log (WAL) with `synchronous=FULL`, and one thread
//! writes what has queued up in one transaction. It writes no audit log and has no event streams, so it does less than
//! Goldstar.

mod database;

use std::collections::HashMap;
use std::env;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use database::{Activated, Activation, Database, Refused};

struct Service {
    database: Database,
    /// The id of the account by token.
    sessions: RwLock<HashMap<String, String>>,
}

#[derive(Deserialize)]
struct Login {
    email: String,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [data, database] = &arguments[..] else {
        return Err(io::Error::other("usage: sqlite-peer DATA DATABASE"));
    };
    let database =
        Database::open(Path::new(data), Path::new(database)).map_err(io::Error::other)?;
    let service = Service { database, sessions: RwLock::default() };
    let router = Router::new()
        .route("/auth/login", post(log_in))
        .route("/children/{child_id}/tasks/{task_id}/activate", post(activate))
        .with_state(Arc::new(service));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("sqlite-peer serves http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            eprintln!("a connection keeps its delay: {error}");
        }
    });
    axum::serve(listener, router).await
}

async fn log_in(
    State(service): State<Arc<Service>>,
    Json(Login { email }): Json<Login>,
) -> Result<impl IntoResponse, StatusCode> {
    let user_id = service.database.accounts.get(&email).ok_or(StatusCode::UNAUTHORIZED)?.clone();
    let token = Uuid::new_v4().simple().to_string();
    let cookie = format!("session={token}; HttpOnly; SameSite=Lax");
    service.sessions.write().insert(token, user_id);
    Ok(([(header::SET_COOKIE, cookie)], Json(json!({}))))
}

async fn activate(
    State(service): State<Arc<Service>>,
    UrlPath((child_id, task_id)): UrlPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Activated>, StatusCode> {
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok());
    let token = cookie.and_then(|cookie| cookie.strip_prefix("session="));
    let user_id = token.and_then(|token| service.sessions.read().get(token).cloned());
    let user_id = user_id.ok_or(StatusCode::UNAUTHORIZED)?;
    let activated = service.database.activate(Activation { user_id, child_id, task_id }).await;
    activated.map(Json).map_err(|refused| match refused {
        Refused::NotFound => StatusCode::NOT_FOUND,
        Refused::Failed => StatusCode::SERVICE_UNAVAILABLE,
    })
}
