//! The statements of a database that was restored from a backup.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// What identifies the database: its cluster, the cluster's timeline, and the numbers of the database and of
/// a table. A recovery to an earlier moment and a promoted standby have a new timeline; what `pg_restore`
/// creates has new numbers.
pub(in crate::store::postgres) const ORIGIN: Sql = Sql {
    text: "
SELECT concat_ws('-', c.system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), d.oid,
    'meta'::regclass::oid) AS origin
FROM pg_control_system() c, pg_database d
WHERE d.datname = current_database()",
    types: &[],
};

/// The same without the cluster.
pub(in crate::store::postgres) const ORIGIN_IN_CLUSTER: Sql = Sql {
    text: "
SELECT concat_ws('-', oid, 'meta'::regclass::oid) AS origin FROM pg_database
WHERE datname = current_database()",
    types: &[],
};

/// What identified the database at the last start, the number of this transaction, and whether an event has one
/// that this cluster has not given yet. Not compared with the number of this transaction: other servers commit
/// events with greater ones meanwhile.
pub(in crate::store::postgres) const LAST_START: Sql = Sql {
    text: "
SELECT (SELECT value FROM meta WHERE name = 'origin') AS origin,
    pg_current_xact_id()::text::bigint AS xid,
    EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())) AS is_ahead",
    types: &[],
};

pub(in crate::store::postgres) const PUT_ORIGIN: Sql = Sql {
    text: "
INSERT INTO meta (name, value) VALUES ('origin', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    types: &[Type::TEXT],
};

pub(in crate::store::postgres) const CURSORS: Sql =
    Sql { text: "SELECT follower, cursor FROM cursors", types: &[] };

/// The number of events up to a position.
pub(in crate::store::postgres) const COUNT_UP_TO: Sql = Sql {
    text: "SELECT count(*) AS number FROM events WHERE (xid, place) <= ($1::text::xid8, $2::integer)",
    types: &[Type::TEXT, Type::INT4],
};

/// Numbers the events in their order from the first transaction on, as
/// [`place_of`](crate::store::postgres::position::place_of) does.
pub(in crate::store::postgres) const RENUMBER: &str = "
WITH ordered AS (
    SELECT family_id, seq, row_number() OVER (ORDER BY xid, place) - 1 AS before FROM events
),
ended AS (DELETE FROM ended_sessions)
UPDATE events e SET xid = (o.before / 65535 + 1)::text::xid8, place = o.before % 65535 + 1
FROM ordered o
WHERE e.family_id = o.family_id AND e.seq = o.seq";
