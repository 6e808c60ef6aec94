//! The statements about servers that write audit log files.

use tokio_postgres::types::Type;

use super::statement::Sql;

pub(in crate::store::postgres) const REGISTER_LOG_SERVER: Sql = Sql {
    text: "
INSERT INTO log_servers (id, name) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, seen_at = now()",
    types: &[Type::UUID, Type::TEXT],
};

pub(in crate::store::postgres) const REQUEST_LOG_REMOVAL: Sql = Sql {
    text: "
INSERT INTO log_removals (user_id, server_id) SELECT $1, id FROM log_servers
ON CONFLICT (user_id, server_id) DO NOTHING",
    types: &[Type::TEXT],
};

pub(in crate::store::postgres) const REQUESTED_LOG_REMOVALS: Sql = Sql {
    text: "SELECT user_id FROM log_removals WHERE server_id = $1 AND NOT is_done",
    types: &[Type::UUID],
};

pub(in crate::store::postgres) const CONFIRM_LOG_REMOVAL: Sql = Sql {
    text: "UPDATE log_removals SET is_done = true WHERE server_id = $1 AND user_id = $2",
    types: &[Type::UUID, Type::TEXT],
};

pub(in crate::store::postgres) const UNCONFIRMED_LOG_REMOVALS: Sql = Sql {
    text: "
SELECT r.user_id, s.id, s.name
FROM log_removals r JOIN log_servers s ON s.id = r.server_id
WHERE NOT r.is_done
ORDER BY r.user_id, s.name, s.id",
    types: &[],
};

pub(in crate::store::postgres) const END_LOG_REMOVALS: Sql =
    Sql { text: "DELETE FROM log_removals WHERE user_id = $1", types: &[Type::TEXT] };

pub(in crate::store::postgres) const LOG_SERVERS: Sql = Sql {
    text: "
SELECT s.id, s.name, (extract(epoch FROM s.seen_at) * 1000000)::bigint AS seen_at,
    (SELECT count(*) FROM log_removals r WHERE r.server_id = s.id AND NOT r.is_done) AS removals
FROM log_servers s
ORDER BY s.name, s.id",
    types: &[],
};

pub(in crate::store::postgres) const FORGET_LOG_SERVER: Sql =
    Sql { text: "DELETE FROM log_servers WHERE id = $1", types: &[Type::UUID] };
