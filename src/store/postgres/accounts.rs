//! Accounts in their look-up table, and lists of them.

use std::ops::RangeInclusive;

use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::copy::storable;
use super::error::Failure;
use super::events::{count, rows_limit};
use super::inner::Inner;
use super::load::parse;
use super::sql;
use crate::domain::{AccountFilter, Page, Timestamp, User, UserId};
use crate::store::Listing;

/// A row of the look-up table of accounts.
pub(super) struct Account {
    pub(super) id: UserId,
    pub(super) email: Option<Arc<str>>,
    pub(super) is_active_admin: bool,
    pub(super) is_marked: bool,
    pub(super) deletion_has_started: bool,
    pub(super) schedule_at: Option<Timestamp>,
}

impl Account {
    /// The row of an account that has no record, or none any more.
    pub(super) fn without_record(id: &UserId) -> Self {
        Self {
            id: id.clone(),
            email: None,
            is_active_admin: false,
            is_marked: false,
            deletion_has_started: false,
            schedule_at: None,
        }
    }
}

impl Inner {
    pub(super) async fn due_families(
        &self,
        times: &RangeInclusive<Timestamp>,
        limit: usize,
    ) -> Result<Vec<UserId>, Failure> {
        let (first, last) = (times.start().as_micros(), times.end().as_micros());
        let rows = self.db.rows(&sql::DUE_FAMILIES, &[&first, &last, &rows_limit(limit)]).await?;
        rows.iter().map(|row| Ok(UserId::from(row.try_get::<_, &str>("id")?))).collect()
    }

    pub(super) async fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<Arc<User>>, Failure> {
        let text = |text: &str| storable(text.into()).into_owned();
        let email = filter.email.as_ref().map(|email| text(email.folded()));
        let (id, part) = (filter.search.as_deref().map(text), filter.folded_search());
        let part = part.as_deref().map(text);
        let (limit, offset) = (rows_limit(page.limit), rows_limit(page.offset));
        let values: [&(dyn ToSql + Sync); 6] =
            [&email, &id, &part, &filter.is_marked, &limit, &offset];
        let found = self.db.rows(&sql::ACCOUNTS, &values).await?;
        let Some(row) = found.first() else { return Ok(Listing { records: Vec::new(), total: 0 }) };
        let rows: Vec<&str> = row.try_get("rows")?;
        let records = rows.into_iter().map(|row| Ok(Arc::new(parse(row)?)));
        Ok(Listing { records: records.collect::<Result<_, Failure>>()?, total: count(row)? })
    }
}
