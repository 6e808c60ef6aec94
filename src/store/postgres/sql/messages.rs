//! The statements that read messages for followers. As with events, they read only up to the smallest
//! number of a transaction that is still open.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The largest number of a family's messages, also of those that followers cannot read yet. Numbers are
/// given while the family is locked.
pub(in crate::store::postgres) const LAST_MESSAGE: Sql = Sql {
    text: "
SELECT max(r.position) AS position
FROM accounts a JOIN records r ON r.family_id = a.family_id AND r.kind = 'messages'
WHERE a.id = $1",
    types: &[Type::TEXT],
};

pub(in crate::store::postgres) const MESSAGES_OF: Sql = Sql {
    text: "
SELECT r.row
FROM accounts a JOIN records r ON r.family_id = a.family_id AND r.kind = 'messages'
WHERE a.id = $1
ORDER BY r.position",
    types: &[Type::TEXT],
};

/// The messages of an account after a number. Numbers are given while the family is locked, so that no smaller one
/// appears later.
pub(in crate::store::postgres) const MESSAGES_AFTER: Sql = Sql {
    text: "
SELECT r.position, r.row
FROM accounts a JOIN records r ON r.family_id = a.family_id AND r.kind = 'messages'
WHERE a.id = $1 AND r.position > $2
ORDER BY r.position
LIMIT $3",
    types: &[Type::TEXT, Type::INT8, Type::INT8],
};

/// Removes the oldest messages of the families that have more than their share.
pub(in crate::store::postgres) const TRIM_MESSAGES: Sql = Sql {
    text: "
WITH numbered AS (
    SELECT family_id, id, position,
        row_number() OVER (PARTITION BY family_id ORDER BY position DESC) AS n
    FROM records WHERE kind = 'messages'
),
locked AS (
    SELECT id FROM families WHERE id IN (SELECT family_id FROM numbered WHERE n > $1)
    ORDER BY id FOR UPDATE
)
DELETE FROM records r USING locked, numbered
WHERE r.family_id = locked.id AND r.family_id = numbered.family_id AND numbered.n > $1
    AND r.kind = 'messages' AND r.id = numbered.id AND r.position = numbered.position",
    types: &[Type::INT8],
};

/// Forgets the order of messages that have numbers of transactions of another cluster: no follower would
/// reach them. A transaction of this cluster whose messages are visible has a smaller number.
pub(in crate::store::postgres) const FORGET_ORDER: Sql = Sql {
    text: "
UPDATE records SET xid = NULL WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())",
    types: &[],
};

/// The last position in the order of followers; null without messages.
pub(in crate::store::postgres) const MESSAGES_END: Sql = Sql {
    text: "
SELECT last.xid::text AS xid, last.position
FROM (SELECT) one
LEFT JOIN LATERAL (
    SELECT xid, position FROM records
    WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid DESC, position DESC
    LIMIT 1
) last ON true",
    types: &[],
};

/// The messages after a position.
pub(in crate::store::postgres) const FOLLOW_MESSAGES: Sql = Sql {
    text: "
SELECT r.xid::text AS xid, r.position, r.row,
    coalesce(a.deletion_has_started, false) AS is_left_out
FROM records r
LEFT JOIN accounts a ON a.family_id = r.family_id
WHERE (r.xid, r.position) > ($1::text::xid8, $2::bigint)
    AND r.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY r.xid, r.position
LIMIT $3",
    types: &[Type::TEXT, Type::INT8, Type::INT8],
};

/// Whether there are messages that followers cannot read yet.
pub(in crate::store::postgres) const HAS_LATER_MESSAGES: Sql = Sql {
    text: "
SELECT EXISTS (
    SELECT FROM records WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
) AS are_later",
    types: &[],
};
