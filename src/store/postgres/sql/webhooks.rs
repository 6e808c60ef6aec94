//! The statements that read webhooks.

use tokio_postgres::types::Type;

use super::statement::Sql;

/// The webhooks of all accounts that are not marked for deletion.
pub(in crate::store::postgres) const WEBHOOKS: Sql = Sql {
    text: "
SELECT r.row
FROM records r JOIN accounts a ON a.family_id = r.family_id AND NOT a.is_marked
WHERE r.kind = 'webhooks'
ORDER BY r.position",
    types: &[],
};

pub(in crate::store::postgres) const DELIVERIES_OF: Sql = Sql {
    text: "
SELECT r.row
FROM accounts a JOIN records r ON r.family_id = a.family_id AND r.kind = 'webhook_deliveries'
WHERE a.id = $1",
    types: &[Type::TEXT],
};
