//! The statements that find all events of a filter in parts. Each part starts after the last event of the part
//! before it, and the texts are read by themselves, so that a part needs little memory.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The conditions of a filter. The plan is made for the values: a condition that is null costs
/// nothing.
macro_rules! conditions {
    () => {
        "
($1::text IS NULL OR (
    NOT e.is_anonymous AND e.family_id = (SELECT family_id FROM accounts WHERE id = $1)
))
AND ($2::text IS NULL OR e.child_id = $2)
AND ($3::text IS NULL OR e.entity_type = $3)
AND ($4::text IS NULL OR e.entity_id = $4)
AND ($5::text IS NULL OR e.action = $5)
AND ($6::bigint IS NULL OR e.occurred_at >= $6)
AND ($7::bigint IS NULL OR e.occurred_at < $7)"
    };
}

pub(in crate::store::postgres) const SNAPSHOT: Sql =
    Sql { text: "SELECT pg_current_snapshot()::text AS snapshot", types: &[] };

/// The next events of a scan in the order of a sort direction: those that a snapshot contains, after an
/// event.
macro_rules! scan {
    ($direction:literal, $after:literal) => {
        Sql {
            text: concat!(
                "
SELECT e.family_id, e.seq, octet_length(e.json) AS bytes, NULL::text AS json,
    e.occurred_at, e.created_at, e.xid::text AS xid, e.place
FROM events e WHERE ",
                conditions!(),
                "
AND pg_visible_in_snapshot(e.xid, $8::text::pg_snapshot)
AND ($9::bigint IS NULL OR (e.occurred_at, e.created_at, e.xid, e.place) ",
                $after,
                " ($9, $10::bigint, $11::text::xid8, $12::integer))
ORDER BY e.occurred_at ",
                $direction,
                ", e.created_at ",
                $direction,
                ", e.xid ",
                $direction,
                ", e.place ",
                $direction,
                " LIMIT $13"
            ),
            types: &[
                Type::TEXT,
                Type::TEXT,
                Type::TEXT,
                Type::TEXT,
                Type::TEXT,
                Type::INT8,
                Type::INT8,
                Type::TEXT,
                Type::INT8,
                Type::INT8,
                Type::TEXT,
                Type::INT4,
                Type::INT8,
            ],
        }
    };
}

pub(in crate::store::postgres) const SCAN_ASCENDING: Sql = scan!("ASC", ">");
pub(in crate::store::postgres) const SCAN_DESCENDING: Sql = scan!("DESC", "<");
