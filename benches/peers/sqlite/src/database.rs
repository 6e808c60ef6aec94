//! The database, and the thread that writes it.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE children (id TEXT PRIMARY KEY, user_id TEXT, name TEXT, age INTEGER, points INTEGER) WITHOUT ROWID;
    CREATE TABLE tasks (id TEXT PRIMARY KEY, user_id TEXT, name TEXT, points INTEGER, is_good INTEGER) WITHOUT ROWID;
    CREATE TABLE tracking_events (
        number INTEGER PRIMARY KEY, id TEXT, user_id TEXT, child_id TEXT, entity_type TEXT, entity_id TEXT, action TEXT,
        points_before INTEGER, points_after INTEGER, delta INTEGER, occurred_at TEXT, created_at TEXT, metadata TEXT
    );
    CREATE UNIQUE INDEX events_by_id ON tracking_events (id);
    CREATE INDEX events_by_child ON tracking_events (child_id, number);
    CREATE INDEX events_by_user ON tracking_events (user_id, number);
";
const INSERT: &str = "INSERT INTO tracking_events (id, user_id, child_id, entity_type, entity_id, action, points_before,
    points_after, delta, occurred_at, created_at, metadata) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

pub(crate) struct Database {
    /// The id of each account by its email address.
    pub(crate) accounts: HashMap<String, String>,
    jobs: Sender<Job>,
}

pub(crate) struct Activation {
    pub(crate) user_id: String,
    pub(crate) child_id: String,
    pub(crate) task_id: String,
}

/// The response to an activation.
#[derive(Serialize)]
pub(crate) struct Activated {
    child: Value,
    tracking_event: Value,
}

/// Why nothing was changed.
pub(crate) enum Refused {
    NotFound,
    Failed,
}

type Reply = Result<Activated, Refused>;
type Job = (Activation, oneshot::Sender<Reply>);

impl Database {
    /// Copies the tables to a new file, and starts the thread.
    pub(crate) fn open(data: &Path, file: &Path) -> Result<Self, Box<dyn Error + Send + Sync>> {
        for suffix in ["", "-wal", "-shm"] {
            let path = format!("{}{suffix}", file.display());
            if fs::exists(&path)? {
                fs::remove_file(path)?;
            }
        }
        let mut connection = Connection::open(file)?;
        connection.execute_batch(SCHEMA)?;
        let accounts = rows(data, "users")?;
        let accounts = accounts.iter().map(|row| (text(row, "email"), text(row, "id"))).collect();
        copy(data, &mut connection)?;
        let (jobs, queued) = channel();
        thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || run(&connection, &queued))?;
        Ok(Self { accounts, jobs })
    }

    pub(crate) async fn activate(&self, activation: Activation) -> Reply {
        let (reply, replied) = oneshot::channel();
        self.jobs.send((activation, reply)).map_err(|_| Refused::Failed)?;
        replied.await.map_err(|_| Refused::Failed)?
    }
}

fn rows(data: &Path, table: &str) -> Result<Vec<Map<String, Value>>, Box<dyn Error + Send + Sync>> {
    let file = fs::read(data.join(format!("{table}.json")))?;
    let mut tables: HashMap<String, HashMap<u64, Map<String, Value>>> =
        serde_json::from_slice(&file)?;
    let mut rows: Vec<_> = tables.remove("_default").unwrap_or_default().into_iter().collect();
    rows.sort_unstable_by_key(|(number, _)| *number);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

fn text(row: &Map<String, Value>, field: &str) -> String {
    row.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(row: &Map<String, Value>, field: &str) -> i64 {
    row.get(field).and_then(Value::as_i64).unwrap_or_default()
}

fn copy(data: &Path, connection: &mut Connection) -> Result<(), Box<dyn Error + Send + Sync>> {
    let transaction = connection.transaction()?;
    for row in rows(data, "children")? {
        let values = params![
            text(&row, "id"),
            text(&row, "user_id"),
            text(&row, "name"),
            number(&row, "age"),
            number(&row, "points")
        ];
        transaction.execute("INSERT INTO children VALUES (?1, ?2, ?3, ?4, ?5)", values)?;
    }
    for row in rows(data, "tasks")? {
        let is_good = row.get("is_good").and_then(Value::as_bool);
        let values = params![
            text(&row, "id"),
            text(&row, "user_id"),
            text(&row, "name"),
            number(&row, "points"),
            is_good
        ];
        transaction.execute("INSERT INTO tasks VALUES (?1, ?2, ?3, ?4, ?5)", values)?;
    }
    for row in rows(data, "tracking_events")? {
        insert(&transaction, &row)?;
    }
    Ok(transaction.commit()?)
}

fn insert(connection: &Connection, event: &Map<String, Value>) -> rusqlite::Result<()> {
    let texts = ["id", "user_id", "child_id", "entity_type", "entity_id", "action"];
    let [id, user_id, child_id, entity_type, entity_id, action] =
        texts.map(|name| text(event, name));
    let [before, after, delta] =
        ["points_before", "points_after", "delta"].map(|name| number(event, name));
    let metadata = event.get("metadata").map(Value::to_string);
    let values = params![
        id,
        user_id,
        child_id,
        entity_type,
        entity_id,
        action,
        before,
        after,
        delta,
        text(event, "occurred_at"),
        text(event, "created_at"),
        metadata,
    ];
    connection.prepare_cached(INSERT)?.execute(values).map(drop)
}

/// Executes what has queued up in one transaction, and replies when it is durable.
fn run(connection: &Connection, queued: &Receiver<Job>) {
    let mut waiting = Vec::new();
    while let Ok(first) = queued.recv() {
        let begun = connection.execute_batch("BEGIN IMMEDIATE");
        for (activation, reply) in std::iter::once(first).chain(queued.try_iter()) {
            let activated = activate(connection, &activation);
            waiting.push((activated.map_err(|_| Refused::Failed).flatten(), reply));
        }
        let committed = begun.and_then(|()| connection.execute_batch("COMMIT"));
        for (activated, reply) in waiting.drain(..) {
            let durable = committed.as_ref().map_err(|_| Refused::Failed);
            // The caller may have gone away.
            if reply.send(durable.and_then(|()| activated)).is_err() {
                eprintln!("nobody waits for a reply");
            }
        }
    }
}

fn activate(connection: &Connection, activation: &Activation) -> rusqlite::Result<Reply> {
    let Activation { user_id, child_id, task_id } = activation;
    let mut find = connection
        .prepare_cached("SELECT name, points, is_good FROM tasks WHERE id = ?1 AND user_id = ?2")?;
    let task = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let task: Option<(String, i64, bool)> =
        find.query_row(params![task_id, user_id], task).optional()?;
    let mut find = connection
        .prepare_cached("SELECT name, age, points FROM children WHERE id = ?1 AND user_id = ?2")?;
    let child = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let child: Option<(String, i64, i64)> =
        find.query_row(params![child_id, user_id], child).optional()?;
    let (Some((task, worth, is_good)), Some((name, age, before))) = (task, child) else {
        return Ok(Err(Refused::NotFound));
    };
    let after = (before + if is_good { worth } else { -worth }).max(0);
    let mut update = connection.prepare_cached("UPDATE children SET points = ?1 WHERE id = ?2")?;
    update.execute(params![after, child_id])?;
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros().to_string();
    let event = json!({
        "id": Uuid::new_v4(), "user_id": user_id, "child_id": child_id,
        "entity_type": if is_good { "task" } else { "penalty" }, "entity_id": task_id, "action": "activated",
        "points_before": before, "points_after": after, "delta": after - before,
        "occurred_at": now, "created_at": now,
        "metadata": {"name": task, "points": worth, "actor": "parent"},
    });
    if let Value::Object(event) = &event {
        insert(connection, event)?;
    }
    let child =
        json!({"id": child_id, "user_id": user_id, "name": name, "age": age, "points": after});
    Ok(Ok(Activated { child, tracking_event: event }))
}
