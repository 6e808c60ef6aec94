//! Wake-ups between servers. They may be lost: followers also look once in a second.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Row};

use super::connect::{Connector, DatabaseUrl, rows};
use super::error::Failure;
use super::inner::Inner;
use super::migrate::check_usable;
use super::open_error::OpenError;
use super::sql;

/// At most one notification is sent in this time: each one makes all commits wait for each other.
const NOTIFY_INTERVAL: Duration = Duration::from_millis(15);
/// The connection is examined after this time without a notification.
const HEARTBEAT: Duration = Duration::from_secs(10);
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a notification takes at most at the start.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Tells the other servers of commits, in transactions of its own.
pub(super) async fn notify(inner: Arc<Inner>) {
    loop {
        inner.others.notified().await;
        sleep(NOTIFY_INTERVAL).await;
        if let Err(failure) = inner.db.rows(&sql::NOTIFY, &[]).await {
            tracing::debug!(error = %failure.line(), "no wake-up was sent");
        }
    }
}

/// Wakes the followers after commits of other servers.
pub(super) async fn listen(inner: Arc<Inner>, connector: Connector) {
    let mut pause = FIRST_RETRY;
    loop {
        let mut has_worked = false;
        if let Err(failure) = listen_once(&inner, &connector, &mut has_worked).await {
            inner.listens(Some(&failure));
        }
        pause = if has_worked { FIRST_RETRY } else { (pause * 2).min(LONGEST_RETRY) };
        sleep(pause).await;
    }
}

/// Listens on one connection until it fails.
async fn listen_once(
    inner: &Arc<Inner>,
    connector: &Connector,
    has_worked: &mut bool,
) -> Result<(), Failure> {
    let (client, mut connection) = connector.connect().await?;
    let receive = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(_) = message? {
                inner.wakeups.send_replace(());
            }
        }
        Err(Failure::NoConnection(None))
    };
    let beat = async {
        client.batch_execute(sql::LISTEN).await?;
        // Events may have been committed before.
        inner.wakeups.send_replace(());
        loop {
            inner.listens(None);
            *has_worked = true;
            sleep(HEARTBEAT).await;
            let responds = timeout(HEARTBEAT_TIMEOUT, rows(&client, &sql::IS_READ_ONLY, &[]));
            require_writable(&responds.await.map_err(|_| Failure::Late)??)?;
        }
    };
    let (receive, beat) = (std::pin::pin!(receive), std::pin::pin!(beat));
    match select(receive, beat).await {
        Either::Left((ended, _)) | Either::Right((ended, _)) => ended,
    }
}

/// Notes whether the database can be used: at regular intervals, and after a failure.
pub(super) async fn watch(inner: Arc<Inner>) {
    let mut pause = HEARTBEAT;
    loop {
        // Further failures come from the same cause.
        if pause == HEARTBEAT {
            timeout(pause, inner.suspicion.notified()).await.unwrap_or_default();
        } else {
            sleep(pause).await;
        }
        match check_usable(&inner.db).await {
            Ok(()) => {
                inner.responds();
                pause = HEARTBEAT;
            }
            Err(Failure::Busy) => pause = HEARTBEAT,
            Err(failure) => {
                inner.fails(&failure);
                pause = if pause == HEARTBEAT { FIRST_RETRY } else { pause * 2 }.min(LONGEST_RETRY);
            }
        }
    }
}

/// Fails if the row of [`sql::IS_READ_ONLY`] shows that the database is read-only.
fn require_writable(found: &[Row]) -> Result<(), Failure> {
    let is_read_only = found.first().map(|row| row.try_get("is_read_only")).transpose()?;
    if is_read_only == Some(true) { Err(Failure::ReadOnly) } else { Ok(()) }
}

/// How to connect for notifications. Fails if none is received.
pub(super) async fn connector(
    inner: &Inner,
    url: &DatabaseUrl,
    connector: Connector,
) -> Result<Connector, OpenError> {
    let Some(other) = url.listen_url() else {
        check(inner, &connector).await?;
        return Ok(connector);
    };
    let checked = async {
        let connector = Connector::new(&other)?;
        check(inner, &connector).await?;
        Ok(connector)
    };
    checked.await.map_err(|error| OpenError::Listening(Box::new(error)))
}

/// Fails unless a notification that is sent over a connection of the pool is received. A pooler that
/// gives each transaction another connection loses the subscription.
async fn check(inner: &Inner, connector: &Connector) -> Result<(), OpenError> {
    let named = |failure| OpenError::of_failure(failure, &connector.hosts());
    let (client, mut connection) = connector.connect().await.map_err(named)?;
    let id = inner.server.to_string();
    let receive = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message?
                && notification.payload() == id
            {
                return Ok(());
            }
        }
        Err(Failure::NoConnection(None))
    };
    let send = async {
        client.batch_execute(sql::LISTEN_CHECK).await?;
        inner.db.rows(&sql::NOTIFY_CHECK, &[&id]).await?;
        pending().await
    };
    let (receive, send) = (std::pin::pin!(receive), std::pin::pin!(send));
    match timeout(CHECK_TIMEOUT, select(receive, send)).await {
        Ok(Either::Left((done, _)) | Either::Right((done, _))) => done.map_err(named),
        Err(_) => Err(OpenError::NoNotifications(CHECK_TIMEOUT)),
    }
}
