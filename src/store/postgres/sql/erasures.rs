//! The statements about the list of deleted accounts.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// Sets the key of the hashes, unless the list has begun.
pub(crate) const PUT_ERASURES_KEY: Sql = Sql {
    text: "
INSERT INTO meta (name, value) VALUES ('erasures_key', $1) ON CONFLICT (name) DO NOTHING",
    types: &[Type::TEXT],
};

/// Sets the key of the hashes. A list with entries must have the same key already.
pub(crate) const SET_ERASURES_KEY: Sql = Sql {
    text: "
INSERT INTO meta (name, value) VALUES ('erasures_key', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    types: &[Type::TEXT],
};

/// Sets the time whose deletions may be missing, or removes it.
pub(crate) const SET_ERASURES_MISSING: Sql = Sql {
    text: "
WITH removed AS (DELETE FROM meta WHERE name = 'erasures_missing' AND $1::text IS NULL)
INSERT INTO meta (name, value) SELECT 'erasures_missing', $1 WHERE $1 IS NOT NULL
ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    types: &[Type::TEXT],
};

/// The key of the hashes, if the list has begun, and the time whose deletions may be missing.
pub(crate) const ERASURES_HEADER: Sql = Sql {
    text: "
SELECT (SELECT value FROM meta WHERE name = 'erasures_key') AS key,
    (SELECT value FROM meta WHERE name = 'erasures_missing') AS missing",
    types: &[],
};

/// The accounts that have a record.
pub(crate) const ACCOUNTS: Sql = Sql {
    text: "
SELECT a.id, a.family_id, r.row
FROM accounts a JOIN records r ON r.family_id = a.family_id AND r.kind = 'users' AND r.id = a.id",
    types: &[],
};

/// Sets the record of an account whose deletion has started.
pub(crate) const START_DELETION: Sql = Sql {
    text: "
WITH family AS (UPDATE families SET version = version + 1 WHERE id = $1),
record AS (UPDATE records SET row = $3 WHERE family_id = $1 AND kind = 'users' AND id = $2)
UPDATE accounts
SET is_active_admin = false, is_marked = true, deletion_has_started = true, schedule_at = NULL
WHERE id = $2",
    types: &[Type::INT8, Type::TEXT, Type::TEXT],
};

pub(crate) const ERASURES: Sql =
    Sql { text: "SELECT account, erased_at FROM erasures ORDER BY account", types: &[] };

/// An account keeps its first time.
pub(crate) const ADD_ERASURE: Sql = Sql {
    text: "
INSERT INTO erasures (account, erased_at) VALUES ($1, $2) ON CONFLICT (account) DO NOTHING",
    types: &[Type::TEXT, Type::INT8],
};
