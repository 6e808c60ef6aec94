//! The statements that list accounts.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The number of accounts that match a filter, and the rows of one page of them. A parameter that is null
/// is no condition: $1 is an address in lower case, $2 an id or a part of a name, $3 the same in lower case
/// or a part of an address, and $4 whether the account is marked. Names that the database cannot read as JSON are
/// not found: those with lone surrogates or U+0000, and those in a row with a number that is none.
pub(in crate::store::postgres) const ACCOUNTS: Sql = Sql {
    text: "
WITH found AS (
    SELECT a.family_id, a.id FROM accounts a
    WHERE a.email IS NOT NULL
        AND ($1::text IS NULL OR a.email = $1)
        AND ($2::text IS NULL OR a.id = $2 OR position($3 IN a.email) > 0 OR EXISTS (
            SELECT FROM records u, LATERAL (
                SELECT CASE WHEN u.row !~ '\\\\u0000|\\\\u[dD][89a-fA-F]|NaN|Infinity'
                    THEN (u.row::json->>'first_name') || ' ' || (u.row::json->>'last_name') END AS name
            ) names
            WHERE u.family_id = a.family_id AND u.kind = 'users' AND u.id = a.id
                AND (position($3 IN lower(name)) > 0 OR position($2 IN name) > 0)
        ))
        AND ($4::boolean IS NULL OR a.is_marked = $4)
)
SELECT (SELECT count(*) FROM found) AS number, ARRAY(
    SELECT r.row FROM found
    JOIN records r ON r.family_id = found.family_id AND r.kind = 'users' AND r.id = found.id
    ORDER BY r.position, r.id LIMIT $5 OFFSET $6
) AS rows",
    types: &[Type::TEXT, Type::TEXT, Type::TEXT, Type::BOOL, Type::INT8, Type::INT8],
};

/// The accounts whose schedules must be processed, the earliest first.
pub(in crate::store::postgres) const DUE_FAMILIES: Sql = Sql {
    text: "SELECT id FROM accounts WHERE schedule_at BETWEEN $1 AND $2 AND NOT is_marked
        ORDER BY schedule_at LIMIT $3",
    types: &[Type::INT8, Type::INT8, Type::INT8],
};

pub(in crate::store::postgres) const COUNT_ACCOUNTS: Sql =
    Sql { text: "SELECT count(*) AS number FROM accounts WHERE email IS NOT NULL", types: &[] };

pub(in crate::store::postgres) const USERS: Sql =
    Sql { text: "SELECT row FROM records WHERE kind = 'users' ORDER BY position", types: &[] };
