//! The statements of what several servers share, besides records and events.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The sessions that have ended in a transaction from $1 on, none if it is null; the oldest transaction
/// that is open; and when the database was started, in microseconds after 1970.
pub(in crate::store::postgres) const ENDED_SESSIONS: Sql = Sql {
    text: "
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next,
    (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint AS started,
    ARRAY(SELECT token_sha256 FROM ended_sessions WHERE xid >= $1::text::xid8) AS tokens",
    types: &[Type::TEXT],
};

pub(in crate::store::postgres) const TAKE_ALLOWANCES: Sql = Sql {
    text: "SELECT place, wait FROM take_allowances($1, $2, $3)",
    types: &[Type::INT4_ARRAY, Type::INT8_ARRAY, Type::INT8_ARRAY],
};

/// Removes rows that no server needs any more.
pub(in crate::store::postgres) const REMOVE_OLD: Sql = Sql {
    text: "
WITH full_allowances AS (
    DELETE FROM allowances WHERE full_at < extract(epoch FROM now()) * 1000000
)
DELETE FROM ended_sessions WHERE ended_at < now() - interval '1 hour'",
    types: &[],
};

pub(in crate::store::postgres) const CURSOR: Sql =
    Sql { text: "SELECT cursor FROM cursors WHERE follower = $1", types: &[Type::TEXT] };

pub(in crate::store::postgres) const PUT_CURSOR: Sql = Sql {
    text: "
INSERT INTO cursors (follower, cursor) VALUES ($1, $2)
ON CONFLICT (follower) DO UPDATE SET cursor = excluded.cursor",
    types: &[Type::TEXT, Type::TEXT],
};

/// Locks the leases that are valid: nobody can take them until the end of the transaction.
pub(in crate::store::postgres) const LOCK_LEASES: Sql = Sql {
    text: "
SELECT l.name, l.token
FROM unnest($1::text[], $2::bigint[]) AS w (name, token)
JOIN leases l ON l.name = w.name AND l.token = w.token
WHERE l.expires_at > clock_timestamp()
FOR SHARE OF l",
    types: &[Type::TEXT_ARRAY, Type::INT8_ARRAY],
};

/// Takes a lease that is free, that has expired, or that this server has.
pub(in crate::store::postgres) const TAKE_LEASE: Sql = Sql {
    text: "
INSERT INTO leases AS l (name, holder, token, expires_at)
VALUES ($1, $2, 1, clock_timestamp() + make_interval(secs => $3))
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, token = l.token + 1, expires_at = excluded.expires_at
WHERE l.holder = excluded.holder OR l.expires_at < clock_timestamp()
RETURNING l.token",
    types: &[Type::TEXT, Type::UUID, Type::FLOAT8],
};

pub(in crate::store::postgres) const RENEW_LEASE: Sql = Sql {
    text: "
UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => $3)
WHERE name = $1 AND token = $2 AND expires_at > clock_timestamp()
RETURNING token",
    types: &[Type::TEXT, Type::INT8, Type::FLOAT8],
};

pub(in crate::store::postgres) const RELEASE_LEASE: Sql = Sql {
    text: "UPDATE leases SET expires_at = '-infinity' WHERE name = $1 AND token = $2",
    types: &[Type::TEXT, Type::INT8],
};
