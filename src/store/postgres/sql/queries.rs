//! The statements of the queries to the history. Each set of conditions has statements of its own, so that
//! they can be prepared: the plan of a condition that may be null would depend on its value.

use std::sync::LazyLock;

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The conditions of a filter, by their parameters.
const CONDITIONS: [&str; 7] = [
    "NOT e.is_anonymous AND e.family_id = (SELECT family_id FROM accounts WHERE id = $1)",
    "e.child_id = $2",
    "e.entity_type = $3",
    "e.entity_id = $4",
    "e.action = $5",
    "e.occurred_at >= $6",
    "e.occurred_at < $7",
];

/// All parameters have values, also those of conditions that do not apply.
const TYPES: &[Type] = &[
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::INT8,
];

/// The statements of one set of conditions.
pub(in crate::store::postgres) struct Queries {
    pub(in crate::store::postgres) count: Sql,
    pub(in crate::store::postgres) ascending: Sql,
    pub(in crate::store::postgres) descending: Sql,
}

/// By the numbers whose bits are the conditions.
pub(in crate::store::postgres) static QUERIES: LazyLock<Vec<Queries>> =
    LazyLock::new(|| (0..1 << CONDITIONS.len()).map(Queries::of).collect());

/// The statements of the conditions that apply.
pub(in crate::store::postgres) fn queries(applies: [bool; CONDITIONS.len()]) -> &'static Queries {
    let bits = applies.iter().enumerate().map(|(place, applies)| usize::from(*applies) << place);
    &QUERIES[bits.sum::<usize>()]
}

impl Queries {
    fn of(set: usize) -> Self {
        let applies = |(place, condition): (usize, &&'static str)| {
            (set & (1 << place) != 0).then_some(*condition)
        };
        let conditions: Vec<_> = CONDITIONS.iter().enumerate().filter_map(applies).collect();
        let conditions =
            if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        // The text of a long event is read by itself, so that a page needs little memory.
        let page = |direction| {
            let text = format!(
                "SELECT e.family_id, e.seq, e.id, octet_length(e.json) AS bytes, \
                 CASE WHEN octet_length(e.json) <= 2048 THEN e.json END AS json \
                 FROM events e WHERE {conditions} ORDER BY e.occurred_at {direction}, \
                 e.created_at {direction}, e.xid {direction}, e.place {direction} LIMIT $8 OFFSET $9"
            );
            Sql { text: text.leak(), types: TYPES }
        };
        let count = format!("SELECT count(*) AS number FROM events e WHERE {conditions}");
        let count = Sql { text: count.leak(), types: &TYPES[..CONDITIONS.len()] };
        Self { count, ascending: page("ASC"), descending: page("DESC") }
    }
}
