//! Wake-ups between servers. They may be lost: followers also look once in a second.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{sleep, timeout};
use tokio_postgres::AsyncMessage;

use super::connect::{Connector, rows};
use super::error::Failure;
use super::inner::Inner;
use super::sql;

/// At most one notification is sent in this time: each one makes all commits wait for each other.
const NOTIFY_INTERVAL: Duration = Duration::from_millis(15);
/// The connection is examined after this time without a notification.
const HEARTBEAT: Duration = Duration::from_secs(10);
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(5);
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

/// Wakes the followers after commits of other servers, and notes whether the database responds.
pub(super) async fn listen(inner: Arc<Inner>, connector: Connector) {
    let mut pause = FIRST_RETRY;
    loop {
        let mut has_worked = false;
        if let Err(failure) = listen_once(&inner, &connector, &mut has_worked).await {
            inner.fails(&failure);
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
    let (client, mut connection) = connector.config.connect(connector.tls.clone()).await?;
    let woken = Arc::clone(inner);
    let receive = async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(_) = message? {
                woken.wakeups.send_replace(());
            }
        }
        Ok(())
    };
    let beat = async {
        client.batch_execute(sql::LISTEN).await?;
        // Events may have been committed before.
        inner.wakeups.send_replace(());
        loop {
            inner.responds();
            *has_worked = true;
            sleep(HEARTBEAT).await;
            let responds = timeout(HEARTBEAT_TIMEOUT, rows(&client, &sql::COUNT_ACCOUNTS, &[]));
            responds.await.map_err(|_| Failure::Late)??;
        }
    };
    let (receive, beat) = (std::pin::pin!(receive), std::pin::pin!(beat));
    match select(receive, beat).await {
        Either::Left((ended, _)) | Either::Right((ended, _)) => ended,
    }
}
