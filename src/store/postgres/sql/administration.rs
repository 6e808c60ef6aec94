//! The statements about the administration log.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The number of entries, and the rows of one page of them, the newest first.
pub(in crate::store::postgres) const LOG_ENTRIES: Sql = Sql {
    text: "
SELECT (SELECT count(*) FROM records WHERE family_id = $1 AND kind = 'administration') AS number, ARRAY(
    SELECT row FROM records WHERE family_id = $1 AND kind = 'administration'
    ORDER BY position DESC LIMIT $2 OFFSET $3
) AS rows",
    types: &[Type::INT8, Type::INT8, Type::INT8],
};

/// Removes the oldest entries beyond a number.
pub(in crate::store::postgres) const TRIM_LOG: Sql = Sql {
    text: "
DELETE FROM records WHERE family_id = $1 AND kind = 'administration' AND position <= (
    SELECT position FROM records WHERE family_id = $1 AND kind = 'administration'
    ORDER BY position DESC LIMIT 1 OFFSET $2
)",
    types: &[Type::INT8, Type::INT8],
};

/// The accounts with pseudonyms: `domain::pseudonym` in SQL.
pub(in crate::store::postgres) const ACCOUNTS_NAMED: Sql = Sql {
    text: "
SELECT r.row FROM accounts a
JOIN records r ON r.family_id = a.family_id AND r.kind = 'users' AND r.id = a.id
WHERE encode(substring(sha256(convert_to($1 || a.id, 'UTF8')) FROM 1 FOR 8), 'hex') = ANY($2)",
    types: &[Type::TEXT, Type::TEXT_ARRAY],
};

/// The number of the live sessions of all accounts, and one page of them with their accounts: those that end
/// last are those that were used last, if the sessions of devices, which live longer by $2, are taken as others. A
/// database contains only sessions that Goldstar began. Only the ids of members' sessions, and of what is no session, contain a dash.
pub(in crate::store::postgres) const LIVE_SESSIONS: Sql = Sql {
    text: "
WITH live AS (
    SELECT u.row AS account, s.row, s.position,
        s.expires_at - CASE WHEN strpos(s.row, '\"device_id\"') > 0 THEN $2 ELSE 0::bigint END AS expires_at
    FROM records s
    JOIN accounts a ON a.family_id = s.family_id
    JOIN records u ON u.family_id = s.family_id AND u.kind = 'users' AND u.id = a.id
    WHERE s.kind = 'sessions' AND s.expires_at > $1 AND (strpos(s.id, '-') = 0 OR s.id LIKE 'member-%')
), page AS (SELECT * FROM live ORDER BY expires_at DESC, position DESC LIMIT $3 OFFSET $4)
SELECT (SELECT count(*) FROM live) AS number,
    ARRAY(SELECT account FROM page ORDER BY expires_at DESC, position DESC) AS accounts,
    ARRAY(SELECT row FROM page ORDER BY expires_at DESC, position DESC) AS sessions",
    types: &[Type::INT8, Type::INT8, Type::INT8, Type::INT8],
};

pub(in crate::store::postgres) const COUNTS: Sql = Sql {
    text: "
SELECT count(*) FILTER (WHERE kind = 'users') AS accounts,
    count(*) FILTER (WHERE kind = 'children') AS children,
    count(*) FILTER (WHERE kind = 'tasks') AS tasks,
    count(*) FILTER (WHERE kind = 'rewards') AS rewards,
    (SELECT count(*) FROM accounts WHERE is_active_admin) AS administrators,
    (SELECT count(*) FROM accounts WHERE email IS NOT NULL AND is_marked) AS marked,
    pg_database_size(current_database()) AS bytes
FROM records",
    types: &[],
};

/// The events of each day from $1 until before $2, and, in a row whose day is null, of all days.
pub(in crate::store::postgres) const ACTIVITY: Sql = Sql {
    text: "
SELECT (occurred_at - $1) / 86400000000 AS day, count(*) AS events,
    count(*) FILTER (WHERE entity_type = 'task') AS tasks,
    count(*) FILTER (WHERE entity_type = 'reward') AS rewards,
    count(*) FILTER (WHERE entity_type = 'penalty') AS penalties,
    count(DISTINCT family_id) FILTER (WHERE NOT is_anonymous) AS active_accounts
FROM events WHERE occurred_at >= $1 AND occurred_at < $2
GROUP BY GROUPING SETS (((occurred_at - $1) / 86400000000), ())",
    types: &[Type::INT8, Type::INT8],
};

/// When each account was created, in the form of its row: a text or a number. The expression reads rows that the database cannot read as JSON,
/// too. In a text of a row, quotes follow a backslash, so it finds names of fields only.
pub(in crate::store::postgres) const SIGN_UPS: Sql = Sql {
    text: "
SELECT substring(row from '\"created_at\": ?(\"[^\"]*\"|[-+.0-9eE]+)') AS created_at FROM records WHERE kind = 'users'",
    types: &[],
};
