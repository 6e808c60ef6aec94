//! The administration log, the sessions of all accounts, and how much there is.

use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::events::{count, rows_limit};
use super::inner::Inner;
use super::load::parse;
use super::runtime::Runtime;
use super::sql;
use crate::domain::{LogEntry, Page, Session, Timestamp, User};
use crate::store::json::tinydb::fields::moment;
use crate::store::{
    Activity, Administration, BoxFuture, Counts, DAY, DayActivity, Listing, OwnedSession, ReadError,
};

/// The family of the log, which has no account. Keys of other families are random.
pub(crate) const LOG: i64 = i64::MAX;

/// The log in a store's database.
pub(super) struct LogRecords(pub(super) Runtime);

impl Administration for LogRecords {
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>> {
        let read = self.0.run(async move |inner: Arc<Inner>| {
            let (limit, offset) = (rows_limit(page.limit), rows_limit(page.offset));
            let values: [&(dyn ToSql + Sync); 3] = [&LOG, &limit, &offset];
            let row = inner.db.row(&sql::LOG_ENTRIES, &values).await?;
            let rows: Vec<&str> = row.try_get("rows")?;
            let records = rows.into_iter().map(|row| Ok(Arc::new(parse(row)?)));
            let records = records.collect::<Result<_, Failure>>()?;
            Ok(Listing { records, total: count(&row)? })
        });
        Box::pin(async move { Ok(read.await?) })
    }

    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>> {
        let read = self.0.run(async move |inner: Arc<Inner>| {
            let names: Vec<&str> = pseudonyms.iter().map(|name| &**name).collect();
            let values: [&(dyn ToSql + Sync); 2] = [&salt, &names];
            let rows = inner.db.rows(&sql::ACCOUNTS_NAMED, &values).await?;
            let users = rows.iter().map(|row| Ok(Arc::new(parse(row.try_get("row")?)?)));
            users.collect::<Result<_, Failure>>()
        });
        Box::pin(async move { Ok(read.await?) })
    }

    fn sessions(
        &self,
        now: Timestamp,
        page: Page,
    ) -> BoxFuture<'static, Result<Listing<OwnedSession>, ReadError>> {
        let read = self.0.run(async move |inner: Arc<Inner>| {
            let (limit, offset) = (rows_limit(page.limit), rows_limit(page.offset));
            let longer = Session::DEVICE_LIFETIME.saturating_sub(Session::LIFETIME);
            let (now, longer) =
                (now.as_micros(), i64::try_from(longer.as_micros()).unwrap_or(i64::MAX));
            let values: [&(dyn ToSql + Sync); 4] = [&now, &longer, &limit, &offset];
            let row = inner.db.row(&sql::LIVE_SESSIONS, &values).await?;
            let accounts: Vec<&str> = row.try_get("accounts")?;
            let sessions: Vec<&str> = row.try_get("sessions")?;
            let owned = accounts.into_iter().zip(sessions).map(|(account, session)| {
                let user: User = parse(account)?;
                Ok((Arc::new(user), Arc::new(parse(session)?)))
            });
            let records = owned.collect::<Result<Vec<OwnedSession>, Failure>>()?;
            Ok(Listing { records, total: count(&row)? })
        });
        Box::pin(async move { Ok(read.await?) })
    }

    fn activity(
        &self,
        first: Timestamp,
        days: usize,
    ) -> BoxFuture<'static, Result<Activity, ReadError>> {
        let read = self.0.run(async move |inner: Arc<Inner>| {
            let number = u32::try_from(days).unwrap_or(u32::MAX);
            let (from, to) = (first.as_micros(), first.after(DAY * number).as_micros());
            let rows = inner.db.rows(&sql::ACTIVITY, &[&from, &to]).await?;
            let mut activity = Activity::new(days);
            for row in &rows {
                let count = |name: &str| -> Result<u64, Failure> {
                    Ok(row.try_get::<_, i64>(name)?.unsigned_abs())
                };
                let Some(day) = row.try_get::<_, Option<i64>>("day")? else {
                    activity.active_accounts = count("active_accounts")?;
                    continue;
                };
                let day = usize::try_from(day).ok().and_then(|day| activity.days.get_mut(day));
                if let Some(day) = day {
                    *day = DayActivity {
                        events: count("events")?,
                        tasks: count("tasks")?,
                        rewards: count("rewards")?,
                        penalties: count("penalties")?,
                        active_accounts: count("active_accounts")?,
                        sign_ups: 0,
                    };
                }
            }
            let rows = inner.db.rows(&sql::SIGN_UPS, &[]).await?;
            let texts = rows.iter().map(|row| Ok(row.try_get::<_, Option<&str>>("created_at")?));
            let texts = texts.collect::<Result<Vec<_>, Failure>>()?;
            activity.add_sign_ups(first, texts.into_iter().flatten().filter_map(moment));
            Ok(activity)
        });
        Box::pin(async move { Ok(read.await?) })
    }

    fn counts(&self) -> BoxFuture<'static, Result<Counts, ReadError>> {
        let read = self.0.run(async move |inner: Arc<Inner>| {
            let row = inner.db.row(&sql::COUNTS, &[]).await?;
            let count = |name: &str| -> Result<u64, Failure> {
                Ok(row.try_get::<_, i64>(name)?.unsigned_abs())
            };
            Ok(Counts {
                accounts: count("accounts")?,
                administrators: count("administrators")?,
                marked: count("marked")?,
                children: count("children")?,
                tasks: count("tasks")?,
                rewards: count("rewards")?,
                bytes: count("bytes")?,
            })
        });
        Box::pin(async move { Ok(read.await?) })
    }
}
