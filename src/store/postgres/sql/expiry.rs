//! The statements about what has expired.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// Removes at most $3 of the records of a kind that have expired at a time, and returns them. Without a time, the
/// clock of the database counts. The families are locked first, as in a commit.
pub(in crate::store::postgres) const EXPIRE: Sql = Sql {
    text: "
WITH until AS (
    SELECT COALESCE($1, (extract(epoch FROM now()) * 1000000)::bigint) AS time
),
expired AS (
    SELECT family_id, id FROM records
    WHERE kind = $2 AND expires_at <= (SELECT time FROM until)
    ORDER BY expires_at
    LIMIT $3
),
locked AS (
    SELECT id FROM families WHERE id IN (SELECT family_id FROM expired) ORDER BY id FOR UPDATE
),
changed_families AS (
    UPDATE families f SET version = version + 1 FROM locked WHERE f.id = locked.id
),
removed AS (
    DELETE FROM records r USING locked, expired
    WHERE r.family_id = locked.id AND r.family_id = expired.family_id
        AND r.kind = $2 AND r.id = expired.id
        AND r.expires_at <= (SELECT time FROM until)
    RETURNING r.family_id, r.id
),
removed_tokens AS (
    DELETE FROM tokens t USING removed
    WHERE $2 = 'sessions' AND t.token_sha256 = removed.id AND t.family_id = removed.family_id
    RETURNING t.token_sha256
),
ended_sessions AS (
    INSERT INTO ended_sessions (token_sha256) SELECT token_sha256 FROM removed_tokens
)
SELECT id FROM removed",
    types: &[Type::INT8, Type::TEXT, Type::INT8],
};

/// The sessions that end after a time, those of devices that end after another one, and the API tokens that end after a
/// third one.
pub(in crate::store::postgres) const LATE_SESSIONS: Sql = Sql {
    text: "
SELECT id FROM records
WHERE kind = 'sessions' AND expires_at > $1
    AND (expires_at > $2 OR strpos(row, '\"device_id\"') = 0)
    AND (expires_at > $3 OR id NOT LIKE 'token-%')",
    types: &[Type::INT8, Type::INT8, Type::INT8],
};
