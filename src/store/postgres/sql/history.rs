//! The statements that read the history: of one family, for queries, and for followers.

use tokio_postgres::types::Type;

use super::statement::Sql;

pub(in crate::store::postgres) const HEAD: Sql = Sql {
    text: "
SELECT f.seq FROM accounts a JOIN families f ON f.id = a.family_id WHERE a.id = $1",
    types: &[Type::TEXT],
};

/// The events of a family after a sequence number.
pub(in crate::store::postgres) const EVENTS_AFTER: Sql = Sql {
    text: "
SELECT e.seq, e.json
FROM accounts a JOIN events e ON e.family_id = a.family_id
WHERE a.id = $1 AND e.seq > $3 AND NOT e.is_anonymous AND ($2::text IS NULL OR e.child_id = $2)
ORDER BY e.seq
LIMIT $4",
    types: &[Type::TEXT, Type::TEXT, Type::INT8, Type::INT8],
};

pub(in crate::store::postgres) const COUNT_AFTER: Sql = Sql {
    text: "
SELECT count(*) AS number FROM (
    SELECT
    FROM accounts a JOIN events e ON e.family_id = a.family_id
    WHERE a.id = $1 AND e.seq > $3 AND NOT e.is_anonymous AND ($2::text IS NULL OR e.child_id = $2)
    LIMIT $4
) found",
    types: &[Type::TEXT, Type::TEXT, Type::INT8, Type::INT8],
};

/// The event of a family's child with that id.
pub(in crate::store::postgres) const FIND_EVENT: Sql = Sql {
    text: "
SELECT e.seq, e.json
FROM accounts a JOIN events e ON e.family_id = a.family_id
WHERE a.id = $1 AND e.id = $3 AND e.child_id = $2 AND NOT e.is_anonymous",
    types: &[Type::TEXT, Type::TEXT, Type::TEXT],
};

/// Whether the last event of one of the families was added by a transaction with a greater number than
/// this one.
pub(in crate::store::postgres) const HAS_LATER_EVENT: Sql = Sql {
    text: "
SELECT EXISTS (
    SELECT FROM families f JOIN events e ON e.family_id = f.id AND e.seq = f.seq
    WHERE f.id = ANY($1) AND e.xid > pg_current_xact_id()
) AS is_there",
    types: &[Type::INT8_ARRAY],
};

/// The texts of events, in the order of the keys.
pub(in crate::store::postgres) const EVENT_TEXTS: Sql = Sql {
    text: "
SELECT e.json
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS w (family_id, seq, n)
JOIN events e ON e.family_id = w.family_id AND e.seq = w.seq
ORDER BY w.n",
    types: &[Type::INT8_ARRAY, Type::INT8_ARRAY],
};

/// The last position in the order of followers, and whether there are later events. A transaction
/// that is still open can commit events at a position after [`xmin`]; no follower reads so far.
///
/// [`xmin`]: https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-PG-SNAPSHOT
pub(in crate::store::postgres) const END: Sql = Sql {
    text: "
SELECT (
    SELECT (xid::text::bigint << 16) + place FROM events
    WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid DESC, place DESC LIMIT 1
) AS position,
EXISTS (
    SELECT FROM events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
) AS are_later",
    types: &[],
};

/// The events after a position, of one family or of all.
pub(in crate::store::postgres) const FOLLOW: Sql = Sql {
    text: "
SELECT (e.xid::text::bigint << 16) + e.place AS position, e.seq, e.json,
    coalesce(a.deletion_has_started, false) AS is_left_out
FROM events e
LEFT JOIN accounts a ON a.family_id = e.family_id
WHERE (e.xid, e.place) > ($1::text::xid8, $2::integer)
    AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
    AND ($3::text IS NULL OR (a.id = $3 AND NOT e.is_anonymous))
ORDER BY e.xid, e.place
LIMIT $4",
    types: &[Type::TEXT, Type::INT4, Type::TEXT, Type::INT8],
};

pub(in crate::store::postgres) const COUNT_SINCE: Sql = Sql {
    text: "
SELECT count(*) AS number FROM (
    SELECT FROM events WHERE (xid, place) > ($1::text::xid8, $2::integer) LIMIT 1000000
) found",
    types: &[Type::TEXT, Type::INT4],
};
