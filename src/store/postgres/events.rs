//! Queries to the history.

use std::ops::Range;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::Db;
use super::copy::storable;
use super::error::Failure;
use super::inner::Inner;
use super::runtime::Runtime;
use super::sql::{self, Sql};
use crate::domain::{
    Action, ChildId, EntityType, EventFilter, EventId, Id, Page, Seq, SortOrder, Timestamp, UserId,
};
use crate::store::json::tracking::event::decode;
use crate::store::{
    BoxFuture, EventRows, FoundEvents, Malformed, ReadError, Reversals, StoredEvent,
};

/// A number of rows, for the database.
pub(super) fn rows_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn count(row: &Row) -> Result<usize, Failure> {
    Ok(usize::try_from(row.try_get::<_, i64>("number")?).unwrap_or_default())
}

/// The event of a row with the columns `seq` and `json`.
pub(super) fn stored(row: &Row) -> Result<Result<StoredEvent, Malformed>, Failure> {
    let number = row.try_get::<_, i64>("seq")?.cast_unsigned();
    let json: &str = row.try_get("json")?;
    let event = decode(json).map_err(|why| Malformed { number, why });
    Ok(event.map(|event| StoredEvent { seq: Seq(number), event, json: json.into() }))
}

impl Inner {
    pub(super) async fn head(&self, family: &UserId) -> Result<Seq, Failure> {
        let found = self.db.rows(&sql::HEAD, &[&family.as_str()]).await?;
        let Some(row) = found.first() else { return Ok(Seq::START) };
        Ok(Seq(row.try_get::<_, i64>("seq")?.cast_unsigned()))
    }

    pub(super) async fn events_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Result<StoredEvent, Malformed>>, Failure> {
        let found = self.after(&sql::EVENTS_AFTER, family, child, after, limit).await?;
        found.iter().map(stored).collect()
    }

    pub(super) async fn count_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<usize, Failure> {
        let found = self.after(&sql::COUNT_AFTER, family, child, after, limit).await?;
        found.first().map_or(Ok(0), count)
    }

    /// The event of a family's child with that id, unless it is malformed.
    pub(super) async fn event_with_id(
        &self,
        family: &UserId,
        child: &ChildId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, Failure> {
        let text = |text: &str| storable(text.into()).into_owned();
        let (child, id) = (text(child.as_str()), text(id.as_str()));
        let found = self.db.rows(&sql::FIND_EVENT, &[&family.as_str(), &child, &id]).await?;
        Ok(found.first().map(stored).transpose()?.and_then(Result::ok))
    }

    async fn after(
        &self,
        sql: &Sql,
        family: &UserId,
        child: Option<&ChildId>,
        Seq(after): Seq,
        limit: usize,
    ) -> Result<Vec<Row>, Failure> {
        let child = child.map(Id::as_str);
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        self.db.rows(sql, &[&family.as_str(), &child, &after, &rows_limit(limit)]).await
    }
}

/// Finds a page of events and their total number.
pub(super) async fn find(
    runtime: Runtime,
    filter: &EventFilter,
    order: SortOrder,
    page: Page,
) -> Result<FoundEvents, Failure> {
    let (limit, offset) = (rows_limit(page.limit), rows_limit(page.offset));
    let wanted = Conditions::of(filter);
    let conditions = wanted.values();
    let paged: Vec<&(dyn ToSql + Sync)> =
        conditions.iter().copied().chain([&limit as _, &offset as _]).collect();
    let queries = sql::queries(wanted.applies());
    let sql = match order {
        SortOrder::Ascending => &queries.ascending,
        SortOrder::Descending => &queries.descending,
    };
    let db = &runtime.inner.db;
    // The best plan depends on the times.
    let is_timed = filter.from.is_some() || filter.to.is_some();
    let (total, found) = if is_timed {
        tokio::try_join!(db.rows(&queries.count, &conditions), db.rows(sql, &paged))?
    } else {
        tokio::try_join!(db.prepared(&queries.count, &conditions), db.prepared(sql, &paged))?
    };
    let total = total.first().map_or(Ok(0), count)?;
    let reversals = reversals(db, &found).await?;
    let rows = Rows::new(&found, runtime)?;
    Ok(FoundEvents { total: total.max(rows.found.len()), rows: Arc::new(rows), reversals })
}

/// The reversals of found events.
async fn reversals(db: &Db, found: &[Row]) -> Result<Reversals, Failure> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let families = found.iter().map(|row| row.try_get("family_id"));
    let families = families.collect::<Result<Vec<i64>, _>>()?;
    let ids = found.iter().map(|row| row.try_get("id")).collect::<Result<Vec<&str>, _>>()?;
    let reversals = db.prepared(&sql::REVERSALS, &[&families, &ids]).await?;
    let pair = |row: &Row| {
        let (reversed, id): (&str, &str) = (row.try_get("reverses")?, row.try_get("id")?);
        Ok((reversed.into(), id.into()))
    };
    reversals.iter().map(pair).collect()
}

/// The values of a filter, as the statements take them.
pub(super) struct Conditions {
    user_id: Option<String>,
    child_id: Option<String>,
    entity_type: Option<&'static str>,
    entity_id: Option<String>,
    action: Option<&'static str>,
    from: Option<i64>,
    to: Option<i64>,
}

impl Conditions {
    pub(super) fn of(filter: &EventFilter) -> Self {
        let text = |text: &str| storable(text.into()).into_owned();
        Self {
            user_id: filter.user_id.as_ref().map(|id| text(id.as_str())),
            child_id: filter.child_id.as_ref().map(|id| text(id.as_str())),
            entity_type: filter.entity_type.map(EntityType::as_str),
            entity_id: filter.entity_id.as_deref().map(text),
            action: filter.action.map(Action::as_str),
            from: filter.from.map(Timestamp::as_micros),
            to: filter.to.map(Timestamp::as_micros),
        }
    }

    pub(super) fn values(&self) -> [&(dyn ToSql + Sync); 7] {
        let Self { user_id, child_id, entity_type, entity_id, action, from, to } = self;
        [user_id, child_id, entity_type, entity_id, action, from, to]
    }

    /// Which conditions the filter has.
    fn applies(&self) -> [bool; 7] {
        let Self { user_id, child_id, entity_type, entity_id, action, from, to } = self;
        [
            user_id.is_some(),
            child_id.is_some(),
            entity_type.is_some(),
            entity_id.is_some(),
            action.is_some(),
            from.is_some(),
            to.is_some(),
        ]
    }
}

struct FoundEvent {
    family: i64,
    seq: i64,
    bytes: usize,
    /// `None` if it is long.
    text: Option<Arc<str>>,
}

fn found_event(row: &Row) -> Result<FoundEvent, Failure> {
    let bytes = usize::try_from(row.try_get::<_, i32>("bytes")?).unwrap_or_default();
    let text = row.try_get::<_, Option<&str>>("json")?.map(Arc::from);
    Ok(FoundEvent { family: row.try_get("family_id")?, seq: row.try_get("seq")?, bytes, text })
}

/// Events that were found.
pub(super) struct Rows {
    found: Vec<FoundEvent>,
    runtime: Runtime,
}

impl Rows {
    pub(super) fn new(found: &[Row], runtime: Runtime) -> Result<Self, Failure> {
        Ok(Self { found: found.iter().map(found_event).collect::<Result<_, _>>()?, runtime })
    }
}

impl EventRows for Rows {
    fn count(&self) -> usize {
        self.found.len()
    }

    fn fitting(&self, from: usize, bytes: usize) -> usize {
        let rest = &self.found[from..];
        let mut sum = 0;
        let mut fits = |event: &&FoundEvent| {
            sum += event.bytes;
            sum <= bytes
        };
        rest.iter().take_while(&mut fits).count().max(usize::from(!rest.is_empty()))
    }

    fn read(&self, rows: Range<usize>) -> BoxFuture<'_, Result<Vec<Arc<str>>, ReadError>> {
        let found = &self.found[rows];
        let texts: Option<Vec<Arc<str>>> = found.iter().map(|it| it.text.clone()).collect();
        if let Some(texts) = texts {
            return Box::pin(async { Ok(texts) });
        }
        let families: Vec<i64> = found.iter().map(|it| it.family).collect();
        let seqs: Vec<i64> = found.iter().map(|it| it.seq).collect();
        let read = self.runtime.run(async move |inner| {
            let found = inner.db.rows(&sql::EVENT_TEXTS, &[&families, &seqs]).await?;
            let text = |row: &Row| Ok(row.try_get::<_, &str>("json")?.into());
            found.iter().map(text).collect::<Result<_, Failure>>()
        });
        Box::pin(async move { Ok(read.await?) })
    }
}
