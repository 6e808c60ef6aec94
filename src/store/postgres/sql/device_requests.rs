//! The statements about the requests of devices.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// Adds a request, unless there are too many; then `full` is when one of them ends. Removes expired ones.
pub(in crate::store::postgres) const OPEN_DEVICE_REQUEST: Sql = Sql {
    text: "
WITH expired AS (DELETE FROM device_requests WHERE expires_at <= $6),
open AS (
    SELECT count(*) AS number, min(expires_at) AS first,
        count(*) FILTER (WHERE network = $4) AS own_number,
        min(expires_at) FILTER (WHERE network = $4) AS own_first
    FROM device_requests WHERE expires_at > $6
),
added AS (
    INSERT INTO device_requests
        (user_code_sha256, device_code_sha256, device_name, network, expires_at)
    SELECT $1, $2, $3, $4, $5 FROM open WHERE number < $7 AND own_number < $8
    ON CONFLICT DO NOTHING
    RETURNING true
)
SELECT EXISTS (SELECT FROM added) AS is_added,
    CASE WHEN own_number >= $8 THEN own_first WHEN number >= $7 THEN first END AS full
FROM open",
    types: &[
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::TEXT,
        Type::INT8,
        Type::INT8,
        Type::INT8,
        Type::INT8,
    ],
};

pub(in crate::store::postgres) const FIND_DEVICE_REQUEST: Sql = Sql {
    text: "
SELECT user_code_sha256, device_code_sha256, device_name, network, expires_at
FROM device_requests WHERE user_code_sha256 = $1 AND expires_at > $2 AND claimant IS NULL",
    types: &[Type::TEXT, Type::INT8],
};

/// Claims a request that is free or that the same claimant has claimed. The row lock makes a second claim wait.
pub(in crate::store::postgres) const CLAIM_DEVICE_REQUEST: Sql = Sql {
    text: "
UPDATE device_requests SET claimant = $2
WHERE user_code_sha256 = $1 AND expires_at > $3 AND COALESCE(claimant, $2) = $2
RETURNING user_code_sha256, device_code_sha256, device_name, network, expires_at",
    types: &[Type::TEXT, Type::TEXT, Type::INT8],
};

pub(in crate::store::postgres) const IS_DEVICE_REQUEST_OPEN: Sql = Sql {
    text: "
SELECT EXISTS (
    SELECT FROM device_requests WHERE device_code_sha256 = $1 AND expires_at > $2
) AS is_open",
    types: &[Type::TEXT, Type::INT8],
};

pub(in crate::store::postgres) const CLOSE_DEVICE_REQUEST: Sql =
    Sql { text: "DELETE FROM device_requests WHERE device_code_sha256 = $1", types: &[Type::TEXT] };
