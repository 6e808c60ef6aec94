//! The statements about the list of deleted accounts.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// Sets the key of the hashes, unless the list has begun.
pub(crate) const PUT_ERASURES_KEY: Sql = Sql {
    text: "
INSERT INTO meta (name, value) VALUES ('erasures_key', $1) ON CONFLICT (name) DO NOTHING",
    types: &[Type::TEXT],
};

/// Replaces the key of an empty list.
pub(crate) const SET_ERASURES_KEY: Sql = Sql {
    text: "
INSERT INTO meta (name, value) VALUES ('erasures_key', $1)
ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    types: &[Type::TEXT],
};

pub(crate) const ERASURES_KEY: Sql =
    Sql { text: "SELECT value AS key FROM meta WHERE name = 'erasures_key'", types: &[] };

pub(crate) const ERASURES: Sql =
    Sql { text: "SELECT account, erased_at FROM erasures ORDER BY account", types: &[] };

/// An account keeps its first time.
pub(crate) const ADD_ERASURE: Sql = Sql {
    text: "
INSERT INTO erasures (account, erased_at) VALUES ($1, $2) ON CONFLICT (account) DO NOTHING",
    types: &[Type::TEXT, Type::INT8],
};
