//! The statements of migrations.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// What a migration must know before it starts: the server's version, and whether the schema has
/// tables, and Goldstar's.
pub(in crate::store::postgres) const SCHEMA_STATE: Sql = Sql {
    text: "
SELECT current_setting('server_version_num')::integer AS server_version,
    current_schema()::text AS schema,
    to_regclass('goldstar_migrations') IS NOT NULL AS is_ours,
    EXISTS (
        SELECT FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm')
    ) AS has_tables",
    types: &[],
};

/// Waits until no other server migrates the schema: it may number the events of a backup for some minutes.
/// A migration may take longer than a statement of a request.
pub(in crate::store::postgres) const LOCK_MIGRATIONS: &str = "
SET LOCAL statement_timeout = 0;
SET LOCAL lock_timeout = 0;
SELECT pg_advisory_xact_lock(7310868735420852);
SET LOCAL lock_timeout = '60s'";

/// What a server must have besides the schema: a primary, every privilege for Goldstar's tables, and time
/// limits.
pub(in crate::store::postgres) const RIGHTS: Sql = Sql {
    text: "
SELECT current_setting('transaction_read_only')::boolean AS is_read_only,
    current_user::text AS role, current_schema()::text AS schema,
    ARRAY(
        SELECT c.relname::text FROM pg_catalog.pg_class c
        WHERE c.relkind IN ('r', 'p') AND c.oid <> migrations.oid
            AND c.relnamespace = migrations.relnamespace AND c.relowner = migrations.relowner
            AND NOT (
                SELECT bool_and(has_table_privilege(c.oid, needed))
                FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed
            )
        ORDER BY c.relname
    ) AS forbidden,
    ARRAY(
        SELECT s.name FROM pg_catalog.pg_settings s
        WHERE s.name = ANY($1) AND s.setting = '0'
        ORDER BY s.name
    ) AS unlimited
FROM pg_catalog.pg_class AS migrations
WHERE migrations.oid = to_regclass('goldstar_migrations')",
    types: &[Type::TEXT_ARRAY],
};

pub(in crate::store::postgres) const CREATE_MIGRATIONS: &str = "
CREATE TABLE goldstar_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)";

pub(in crate::store::postgres) const APPLIED_MIGRATIONS: Sql =
    Sql { text: "SELECT version, checksum FROM goldstar_migrations ORDER BY version", types: &[] };

pub(in crate::store::postgres) const ADD_MIGRATION: Sql = Sql {
    text: "INSERT INTO goldstar_migrations (version, name, checksum) VALUES ($1, $2, $3)",
    types: &[Type::INT4, Type::TEXT, Type::TEXT],
};
