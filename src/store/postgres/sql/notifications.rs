//! The statements of notifications, and of the state of the database.

use tokio_postgres::types::Type;

use super::statement::Sql;

pub(in crate::store::postgres) const NOTIFY: Sql =
    Sql { text: "SELECT pg_notify('goldstar', '')", types: &[] };

pub(in crate::store::postgres) const LISTEN: &str = "LISTEN goldstar";

/// Examines at the start whether notifications are received.
pub(in crate::store::postgres) const NOTIFY_CHECK: Sql =
    Sql { text: "SELECT pg_notify('goldstar_check', $1)", types: &[Type::TEXT] };

pub(in crate::store::postgres) const LISTEN_CHECK: &str = "LISTEN goldstar_check";

pub(in crate::store::postgres) const IS_READ_ONLY: Sql = Sql {
    text: "SELECT current_setting('transaction_read_only')::boolean AS is_read_only",
    types: &[],
};
