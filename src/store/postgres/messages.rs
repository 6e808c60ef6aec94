//! The messages of all families, for followers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Row;

use super::error::Failure;
use super::events::rows_limit;
use super::following::PAUSE;
use super::inner::Inner;
use super::load::parse;
use super::sql;
use crate::domain::{Message, MessagePosition, UserId};
use crate::store::FollowedMessages;

/// How long a follower waits for messages behind open transactions. Events wait meanwhile; a follower
/// reads again after a second at the latest.
const PATIENCE: Duration = Duration::from_millis(200);

impl Inner {
    pub(super) async fn last_message(&self, family: &UserId) -> Result<u64, Failure> {
        let row = self.db.row(&sql::LAST_MESSAGE, &[&family.as_str()]).await?;
        let last: Option<i64> = row.try_get("position")?;
        Ok(last.unwrap_or_default().cast_unsigned())
    }

    pub(super) async fn messages_of(&self, family: &UserId) -> Result<Vec<Arc<Message>>, Failure> {
        let rows = self.db.rows(&sql::MESSAGES_OF, &[&family.as_str()]).await?;
        rows.iter().map(|row| Ok(Arc::new(parse(row.try_get("row")?)?))).collect()
    }

    pub(super) async fn messages_after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Arc<Message>)>, Failure> {
        let (after, limit) = (after.cast_signed(), rows_limit(limit));
        let rows = self.db.rows(&sql::MESSAGES_AFTER, &[&family.as_str(), &after, &limit]).await?;
        let message = |row: &Row| {
            let number: i64 = row.try_get("position")?;
            Ok((number.cast_unsigned(), Arc::new(parse(row.try_get("row")?)?)))
        };
        rows.iter().map(message).collect()
    }

    pub(super) async fn messages_end(&self) -> Result<MessagePosition, Failure> {
        let row = self.db.row(&sql::MESSAGES_END, &[]).await?;
        Ok(position(&row)?.unwrap_or_default())
    }

    pub(super) async fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, Failure> {
        let (xid, number) = (after.transaction.to_string(), after.number.cast_signed());
        let limit = rows_limit(limit);
        let deadline = Instant::now() + PATIENCE;
        let (found, are_later) = loop {
            // What is read afterwards contains all messages if there are no later ones.
            let are_later = self.are_messages_later().await?;
            let found = self.db.rows(&sql::FOLLOW_MESSAGES, &[&xid, &number, &limit]).await?;
            if !found.is_empty() || !are_later || Instant::now() > deadline {
                break (found, are_later);
            }
            sleep(PAUSE).await;
        };
        let through = found.last().map(position).transpose()?.flatten().unwrap_or(after);
        let messages = found.iter().filter_map(|row| message(row).transpose());
        let has_more = rows_limit(found.len()) == limit || (are_later && !found.is_empty());
        Ok(FollowedMessages { messages: messages.collect::<Result<_, _>>()?, through, has_more })
    }

    async fn are_messages_later(&self) -> Result<bool, Failure> {
        Ok(self.db.row(&sql::HAS_LATER_MESSAGES, &[]).await?.try_get("are_later")?)
    }
}

fn position(row: &Row) -> Result<Option<MessagePosition>, Failure> {
    let xid: Option<&str> = row.try_get("xid")?;
    let Some(transaction) = xid.and_then(|xid| xid.parse().ok()) else { return Ok(None) };
    let number: i64 = row.try_get("position")?;
    Ok(Some(MessagePosition { transaction, number: number.cast_unsigned() }))
}

/// The message of a row; `None` if followers do not get it.
fn message(row: &Row) -> Result<Option<(MessagePosition, Arc<Message>)>, Failure> {
    if row.try_get("is_left_out")? {
        return Ok(None);
    }
    let (Some(position), Ok(message)) = (position(row)?, parse(row.try_get("row")?)) else {
        return Ok(None);
    };
    Ok(Some((position, Arc::new(message))))
}
