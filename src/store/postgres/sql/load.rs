//! The statements that load families.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// Loads families with what all families share, without the administration log, messages and deliveries of webhooks, which
/// no rule reads, and without awards and marks, which few rules read. The index `records_loaded` has the same condition, so
/// that the database does not read those.
macro_rules! load {
    ($wanted:literal, $more:literal) => {
        concat!(
            "
WITH wanted AS (",
            $wanted,
            "
)
SELECT f.id, f.version, f.seq, f.last_occurred_at, a.id AS account_id, r.kind, r.row,
    r.expires_at <= (extract(epoch FROM now()) * 1000000)::bigint AS is_expired",
            $more,
            "
FROM wanted
JOIN families f ON f.id = wanted.family_id
LEFT JOIN accounts a ON a.family_id = f.id
LEFT JOIN records r ON r.family_id = f.id
    AND r.kind NOT IN (
        'administration', 'awards', 'messages', 'schedule_marks', 'webhook_deliveries'
    )
ORDER BY r.position"
        )
    };
}

/// Loads the family of an account or of a session. Its plan does not depend on the values, so that it
/// can be prepared.
pub(in crate::store::postgres) const LOAD_ONE: Sql = Sql {
    text: load!(
        "
    SELECT family_id FROM accounts WHERE id = $1
    UNION ALL SELECT family_id FROM tokens WHERE token_sha256 = $2
    UNION ALL SELECT 0",
        ""
    ),
    types: &[Type::TEXT, Type::TEXT],
};

/// Loads families by accounts, email addresses and sessions. The number of administrators and the ids of
/// the last commits are read only if they are needed.
pub(in crate::store::postgres) const LOAD: Sql = Sql {
    text: load!(
        "
    SELECT family_id FROM accounts WHERE id = ANY($1)
    UNION SELECT family_id FROM accounts WHERE email = ANY($2)
    UNION SELECT family_id FROM tokens WHERE token_sha256 = ANY($3)
    UNION SELECT 0",
        ",
    CASE WHEN $4 THEN f.commits END AS commits,
    CASE WHEN $5 THEN (SELECT count(*) FROM accounts WHERE is_active_admin) END AS admins"
    ),
    types: &[Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::BOOL, Type::BOOL],
};

/// The awards of children, each by its family and the keys between which theirs are.
pub(in crate::store::postgres) const AWARDS: Sql = Sql {
    text: "
SELECT r.family_id, r.row
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS w (family_id, first, last)
JOIN records r ON r.family_id = w.family_id AND r.kind = 'awards' AND r.id >= w.first AND r.id < w.last
ORDER BY r.position",
    types: &[Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY],
};

/// The marks of families: those whose keys are at least $2, or are in $3, or contain a text in $4.
pub(in crate::store::postgres) const MARKS: Sql = Sql {
    text: "
WITH found AS (
    SELECT family_id, id, position, row FROM records
    WHERE family_id = ANY($1) AND kind = 'schedule_marks' AND id >= $2
    UNION
    SELECT family_id, id, position, row FROM records
    WHERE family_id = ANY($1) AND kind = 'schedule_marks' AND id = ANY($3)
    UNION
    SELECT family_id, id, position, row FROM records
    WHERE cardinality($4::text[]) > 0 AND family_id = ANY($1) AND kind = 'schedule_marks'
        AND EXISTS (SELECT FROM unnest($4::text[]) AS part WHERE strpos(id, part) > 0)
)
SELECT family_id, row FROM found ORDER BY position",
    types: &[Type::INT8_ARRAY, Type::TEXT, Type::TEXT_ARRAY, Type::TEXT_ARRAY],
};

/// Locks families after several conflicts.
pub(in crate::store::postgres) const LOCK: Sql = Sql {
    text: "SELECT id FROM families WHERE id = ANY($1) ORDER BY id FOR UPDATE",
    types: &[Type::INT8_ARRAY],
};
