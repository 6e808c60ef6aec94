//! The statements of an import, an export and a check.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// Removes the rows of an imported directory that name an account and are no records.
pub(crate) const REMOVE_KEPT: Sql = Sql {
    text: "
DELETE FROM kept k USING accounts a WHERE a.id = $1 AND k.family_id = a.family_id AND k.part = 'row'",
    types: &[Type::TEXT],
};

/// An import takes longer than a statement of a request. Others can read meanwhile, and not write.
pub(crate) const BEGIN_WRITING: &str = "
BEGIN;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
LOCK TABLE families, accounts, records, events, kept IN SHARE ROW EXCLUSIVE MODE";

pub(crate) const BEGIN_READING: &str = "
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0";

/// Whether the database is empty, whether a server uses it, and the number of the transaction.
pub(crate) const IMPORT_STATE: Sql = Sql {
    text: "
SELECT NOT EXISTS (SELECT FROM accounts) AND NOT EXISTS (SELECT FROM records)
    AND NOT EXISTS (SELECT FROM events) AND NOT EXISTS (SELECT FROM kept)
    AND NOT EXISTS (SELECT FROM erasures) AS is_empty,
    EXISTS (SELECT FROM leases WHERE expires_at > clock_timestamp()) AS is_served,
    pg_current_xact_id()::text::bigint AS xid",
    types: &[],
};

pub(crate) const COPY_FAMILIES: &str = "COPY families (id, version) FROM STDIN (FORMAT binary)";
pub(crate) const COPY_ACCOUNTS: &str = "
COPY accounts (id, family_id, email, is_active_admin, is_marked, deletion_has_started, schedule_at)
FROM STDIN (FORMAT binary)";
pub(crate) const COPY_RECORDS: &str =
    "COPY records (family_id, kind, id, expires_at, row) FROM STDIN (FORMAT binary)";
pub(crate) const COPY_KEPT: &str =
    "COPY kept (family_id, file, part, text) FROM STDIN (FORMAT binary)";
pub(crate) const COPY_EVENTS: &str = "
COPY events (family_id, seq, xid, place, is_anonymous, id, child_id, entity_type, entity_id, action,
    occurred_at, created_at, json, reverses)
FROM STDIN (FORMAT binary)";

/// Sets the last event of each family after an import.
pub(crate) const SET_LAST_EVENTS: Sql = Sql {
    text: "
UPDATE families f SET seq = w.seq, last_occurred_at = w.last_occurred_at
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS w (id, seq, last_occurred_at)
WHERE f.id = w.id",
    types: &[Type::INT8_ARRAY, Type::INT8_ARRAY, Type::INT8_ARRAY],
};

/// Begins a new epoch of the events' numbers.
pub(crate) const NEW_EPOCH: Sql = Sql {
    text: "
INSERT INTO meta (name, value)
VALUES ('epoch', substr(replace(gen_random_uuid()::text, '-', ''), 1, 12))
ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    types: &[],
};

/// Ends an import: what all families share has changed, calendar feeds are found by their secrets, the audit log has no
/// line to write for the events, and no idempotency key is valid for longer than from now on.
pub(crate) const END_IMPORT: Sql = Sql {
    text: "
WITH shared AS (UPDATE families SET version = version + 1 WHERE id = 0),
feeds AS (
    INSERT INTO tokens (token_sha256, family_id)
    SELECT id, family_id FROM records WHERE kind = 'calendar_feeds'
    ON CONFLICT DO NOTHING
),
keys AS (
    UPDATE records SET expires_at = (extract(epoch FROM now()) * 1000000)::bigint + $2
    WHERE kind = 'idempotency_keys'
        AND expires_at > (extract(epoch FROM now()) * 1000000)::bigint + $2
)
INSERT INTO cursors (follower, cursor) VALUES ('audit_log', $1)
ON CONFLICT (follower) DO UPDATE SET cursor = excluded.cursor",
    types: &[Type::TEXT, Type::INT8],
};

/// Updates the statistics of the planner and the visibility map, as autovacuum does some time after an
/// import.
pub(crate) const VACUUM: &str = "VACUUM (ANALYZE) families, accounts, records, events, kept";

pub(crate) const EXPORT_RECORDS: Sql = Sql {
    text: "SELECT family_id, row FROM records WHERE kind = $1 ORDER BY position",
    types: &[Type::TEXT],
};

/// The families whose deletion has started.
pub(crate) const STARTED_DELETIONS: Sql =
    Sql { text: "SELECT family_id FROM accounts WHERE deletion_has_started", types: &[] };

pub(crate) const EXPORT_EVENTS: Sql =
    Sql { text: "SELECT family_id, seq, json FROM events ORDER BY xid, place", types: &[] };

pub(crate) const EVENTS_SIZE: Sql = Sql {
    text: "SELECT coalesce(sum(octet_length(json)), 0)::bigint AS bytes FROM events",
    types: &[],
};

/// What was kept of a file.
pub(crate) const EXPORT_KEPT: Sql = Sql {
    text: "SELECT family_id, text FROM kept WHERE file = $1 AND part = $2 ORDER BY position",
    types: &[Type::TEXT, Type::TEXT],
};

pub(crate) const EXPORT_FILES: Sql =
    Sql { text: "SELECT file, text FROM kept WHERE part = 'file' ORDER BY position", types: &[] };

/// The next families, each with its row in the look-up table of accounts.
pub(crate) const CHECK_FAMILIES: Sql = Sql {
    text: "
SELECT f.id, f.seq, f.last_occurred_at, a.id AS account_id, a.email, a.is_active_admin, a.is_marked,
    a.deletion_has_started, a.schedule_at
FROM families f LEFT JOIN accounts a ON a.family_id = f.id
WHERE f.id > $1
ORDER BY f.id
LIMIT 1000",
    types: &[Type::INT8],
};

pub(crate) const CHECK_RECORDS: Sql = Sql {
    text: "
SELECT kind, id, expires_at, position, row FROM records WHERE family_id = $1 ORDER BY position",
    types: &[Type::INT8],
};

pub(crate) const CHECK_EVENTS: Sql = Sql {
    text: "
SELECT seq, (xid::text::bigint << 16) + place AS position, is_anonymous, id, child_id, entity_type,
    entity_id, action, occurred_at, created_at, json, reverses
FROM events
WHERE family_id = $1
ORDER BY seq",
    types: &[Type::INT8],
};

/// The events with an id that occurs in several families; a family's own ids are unique.
pub(crate) const CHECK_EVENT_IDS: Sql = Sql {
    text: "
SELECT e.family_id, a.id AS account_id, 'tracking_events' AS kind, e.id, e.seq AS number
FROM (SELECT id FROM events GROUP BY id HAVING count(*) > 1) several
JOIN events e ON e.id = several.id
LEFT JOIN accounts a ON a.family_id = e.family_id
ORDER BY e.id, e.family_id",
    types: &[],
};

/// The same of records.
pub(crate) const CHECK_RECORD_IDS: Sql = Sql {
    text: "
SELECT r.family_id, a.id AS account_id, r.kind, r.id, r.position AS number
FROM (SELECT kind, id FROM records GROUP BY kind, id HAVING count(*) > 1) several
JOIN records r ON r.kind = several.kind AND r.id = several.id
LEFT JOIN accounts a ON a.family_id = r.family_id
ORDER BY r.kind, r.id, r.family_id",
    types: &[],
};

/// The sessions and calendar feeds without a row in the look-up table of tokens, and the rows there without any of them,
/// which have no position and no kind.
pub(crate) const CHECK_TOKENS: Sql = Sql {
    text: "
SELECT r.family_id, a.id AS account_id, r.position, r.kind
FROM records r
LEFT JOIN tokens t ON t.token_sha256 = r.id AND t.family_id = r.family_id
LEFT JOIN accounts a ON a.family_id = r.family_id
WHERE r.kind IN ('sessions', 'calendar_feeds') AND t.token_sha256 IS NULL
UNION ALL
SELECT t.family_id, a.id, NULL, NULL
FROM tokens t
LEFT JOIN records r ON r.family_id = t.family_id AND r.kind IN ('sessions', 'calendar_feeds')
    AND r.id = t.token_sha256
LEFT JOIN accounts a ON a.family_id = t.family_id
WHERE r.id IS NULL",
    types: &[],
};

/// Which of these accounts have a record.
pub(crate) const CHECK_ACCOUNTS: Sql = Sql {
    text: "SELECT id FROM accounts WHERE id = ANY($1) AND email IS NOT NULL",
    types: &[Type::TEXT_ARRAY],
};

/// Every statement with parameters, for the test that prepares them.
#[cfg(test)]
pub(crate) const ALL: &[&Sql] = &[
    &REMOVE_KEPT,
    &IMPORT_STATE,
    &SET_LAST_EVENTS,
    &NEW_EPOCH,
    &END_IMPORT,
    &EXPORT_RECORDS,
    &STARTED_DELETIONS,
    &EXPORT_EVENTS,
    &EVENTS_SIZE,
    &EXPORT_KEPT,
    &EXPORT_FILES,
    &CHECK_FAMILIES,
    &CHECK_RECORDS,
    &CHECK_EVENTS,
    &CHECK_EVENT_IDS,
    &CHECK_RECORD_IDS,
    &CHECK_TOKENS,
    &CHECK_ACCOUNTS,
];
