//! The plans of the statements of `GET /admin/tracking`, for each of its filters.

use goldstar::store::postgres::statements::queries;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

/// A condition with its values.
#[derive(Default)]
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    /// The values of `user_id`, `child_id`, `entity_type`, `entity_id` and `action`.
    texts: [Option<String>; 5],
    /// The values of `from` and `to`.
    times: [Option<i64>; 2],
}

/// The plans of a query.
pub(crate) struct Plans {
    /// Of the number of all matching events.
    pub(crate) total: String,
    /// Of the newest 50.
    pub(crate) page: String,
}

impl Plans {
    /// Whether one of them reads the whole table.
    pub(crate) fn read_all(&self) -> bool {
        [&self.total, &self.page].iter().any(|plan| plan.contains("Seq Scan on events"))
    }
}

const NAMES: [&str; 5] = ["user_id", "child_id", "entity_type", "entity_id", "action"];

/// The values of an event in the middle of the history.
const VALUES: &str = "
SELECT a.id, e.child_id, e.entity_type, e.entity_id, e.action, e.occurred_at
FROM events e JOIN accounts a ON a.family_id = e.family_id
WHERE e.occurred_at >= (SELECT (min(occurred_at) + max(occurred_at)) / 2 FROM events)
ORDER BY e.occurred_at LIMIT 1";

/// No filter, each filter alone, and both times.
pub(crate) async fn filters(client: &Client) -> Result<Vec<Filter>, Error> {
    let event = client.query_one(VALUES, &[]).await?;
    let mut filters = vec![Filter { name: "no filter", ..Filter::default() }];
    for (place, name) in NAMES.into_iter().enumerate() {
        let mut filter = Filter { name, ..Filter::default() };
        filter.texts[place] = event.try_get(place)?;
        filters.push(filter);
    }
    let middle: i64 = event.try_get(5)?;
    let (from, to) = (Some(middle), Some(middle + 3_600_000_000));
    for (name, times) in [("from", [from, None]), ("to", [None, from]), ("from, to", [from, to])] {
        filters.push(Filter { name, times, ..Filter::default() });
    }
    Ok(filters)
}

impl Filter {
    fn is_timed(&self) -> bool {
        self.times.iter().any(Option::is_some)
    }
}

/// The plans of a filter for its values, and those of its prepared statements. Statements with times are
/// not prepared.
pub(crate) async fn explain(
    client: &Client,
    filter: &Filter,
) -> Result<(Plans, Option<Plans>), Error> {
    let plans = explain_values(client, filter).await?;
    let prepared =
        if filter.is_timed() { None } else { Some(explain_prepared(client, filter).await?) };
    Ok((plans, prepared))
}

async fn explain_values(client: &Client, filter: &Filter) -> Result<Plans, Error> {
    let texts = filter.texts.iter().map(|text| (text as &(dyn ToSql + Sync), Type::TEXT));
    let times = filter.times.iter().map(|time| (time as &(dyn ToSql + Sync), Type::INT8));
    let mut values: Vec<_> = texts.chain(times).collect();
    let [total, page] = statements(filter);
    let total = plan(client, total, &values).await?;
    values.extend([(&50_i64 as &(dyn ToSql + Sync), Type::INT8), (&0_i64, Type::INT8)]);
    Ok(Plans { total, page: plan(client, page, &values).await? })
}

/// The plans that prepared statements have, which do not depend on the values.
async fn explain_prepared(client: &Client, filter: &Filter) -> Result<Plans, Error> {
    let quoted =
        |text: &Option<String>| text.as_ref().map_or("NULL".to_owned(), |it| format!("'{it}'"));
    let values = filter.texts.iter().map(quoted).collect::<Vec<_>>().join(", ");
    let [total, page] = statements(filter);
    let types = "text, text, text, text, text, bigint, bigint";
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await?;
    client.batch_execute(&format!("PREPARE total ({types}) AS {total}")).await?;
    client.batch_execute(&format!("PREPARE page ({types}, bigint, bigint) AS {page}")).await?;
    let total = plan(client, &format!("EXECUTE total ({values}, NULL, NULL)"), &[]).await?;
    let page = plan(client, &format!("EXECUTE page ({values}, NULL, NULL, 50, 0)"), &[]).await?;
    client.batch_execute("DEALLOCATE total; DEALLOCATE page; RESET plan_cache_mode").await?;
    Ok(Plans { total, page })
}

/// The statements of the number of matches, and of the newest.
fn statements(filter: &Filter) -> [&'static str; 2] {
    let [user, child, entity_type, entity, action] = filter.texts.each_ref().map(Option::is_some);
    let [from, to] = filter.times.map(|time| time.is_some());
    queries([user, child, entity_type, entity, action, from, to])
}

async fn plan(
    client: &Client,
    statement: &str,
    values: &[(&(dyn ToSql + Sync), Type)],
) -> Result<String, Error> {
    let rows = client.query_typed(&format!("EXPLAIN {statement}"), values).await?;
    let lines: Result<Vec<&str>, Error> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(lines?.join("\n"))
}
