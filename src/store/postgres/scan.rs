//! Finds all events that match a filter and that one snapshot of the database contains, in parts. No
//! transaction is open between two parts.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Failure;
use super::events::{Conditions, Rows, rows_limit};
use super::runtime::Runtime;
use super::sql;
use crate::domain::{EventFilter, SortOrder, Timestamp};
use crate::store::{BoxFuture, EventRows, EventScan, ReadError};

pub(super) struct Scan {
    runtime: Runtime,
    filter: EventFilter,
    order: SortOrder,
    /// The transactions that were committed at the start.
    snapshot: Arc<str>,
    last: Option<Last>,
    is_done: bool,
}

/// The last event that was found.
#[derive(Clone)]
struct Last {
    occurred_at: i64,
    created_at: i64,
    xid: String,
    place: i32,
}

impl Last {
    fn of(row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            occurred_at: row.try_get("occurred_at")?,
            created_at: row.try_get("created_at")?,
            xid: row.try_get("xid")?,
            place: row.try_get("place")?,
        })
    }
}

impl Scan {
    pub(super) async fn start(
        runtime: Runtime,
        filter: EventFilter,
        order: SortOrder,
    ) -> Result<Self, Failure> {
        let row = runtime.inner.db.row(&sql::SNAPSHOT, &[]).await?;
        let snapshot = row.try_get::<_, &str>("snapshot")?.into();
        Ok(Self { runtime, filter, order, snapshot, last: None, is_done: false })
    }

    /// The filter without the times before the last event, so that the database finds the next one by
    /// an index.
    fn rest(&self) -> EventFilter {
        let mut filter = self.filter.clone();
        if let Some(Last { occurred_at, .. }) = self.last {
            let last = Timestamp::from_micros(occurred_at);
            let next = Timestamp::from_micros(occurred_at.saturating_add(1));
            match self.order {
                SortOrder::Ascending => filter.from = filter.from.max(Some(last)),
                SortOrder::Descending => {
                    filter.to = Some(filter.to.map_or(next, |to| to.min(next)));
                }
            }
        }
        filter
    }

    async fn find(&mut self, limit: usize) -> Result<Arc<dyn EventRows>, Failure> {
        let (runtime, filter, snapshot) =
            (self.runtime.clone(), self.rest(), Arc::clone(&self.snapshot));
        let (order, last) = (self.order, self.last.clone());
        let find = async move |_| next(runtime, &filter, order, &snapshot, last, limit).await;
        let (rows, last) = self.runtime.run(find).await?;
        self.is_done = rows.count() < limit;
        self.last = last.or(self.last.take());
        Ok(Arc::new(rows))
    }
}

async fn next(
    runtime: Runtime,
    filter: &EventFilter,
    order: SortOrder,
    snapshot: &str,
    last: Option<Last>,
    limit: usize,
) -> Result<(Rows, Option<Last>), Failure> {
    let sql = match order {
        SortOrder::Ascending => &sql::SCAN_ASCENDING,
        SortOrder::Descending => &sql::SCAN_DESCENDING,
    };
    let conditions = Conditions::of(filter);
    let (occurred_at, created_at) =
        (last.as_ref().map(|it| it.occurred_at), last.as_ref().map(|it| it.created_at));
    let (xid, place) = (last.as_ref().map(|it| &*it.xid), last.as_ref().map(|it| it.place));
    let limit = rows_limit(limit);
    let rest: [&(dyn ToSql + Sync); 6] =
        [&snapshot, &occurred_at, &created_at, &xid, &place, &limit];
    let values: Vec<_> = conditions.values().into_iter().chain(rest).collect();
    let found = runtime.inner.db.rows(sql, &values).await?;
    let last = found.last().map(Last::of).transpose()?;
    Ok((Rows::new(&found, runtime)?, last))
}

impl EventScan for Scan {
    fn next(&mut self, limit: usize) -> BoxFuture<'_, Result<Arc<dyn EventRows>, ReadError>> {
        Box::pin(async move {
            if self.is_done {
                return Ok(Arc::new(Rows::new(&[], self.runtime.clone())?) as Arc<dyn EventRows>);
            }
            Ok(self.find(limit).await?)
        })
    }
}
