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
