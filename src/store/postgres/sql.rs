//! Every SQL statement. Parameters have explicit types, so that a statement needs one round trip and
//! leaves nothing on a connection that a pooler shares.

mod accounts;
mod administration;
pub(crate) mod bulk;
mod device_requests;
pub(crate) mod erasures;
mod expiry;
mod history;
mod load;
mod logs;
mod messages;
mod migrations;
mod notifications;
mod queries;
mod restored;
mod scan;
mod shared;
mod statement;
mod swap;
mod webhooks;

use tokio_postgres::types::Type;

pub(super) use accounts::{ACCOUNTS, COUNT_ACCOUNTS, DUE_FAMILIES, USERS};
pub(super) use administration::{
    ACCOUNTS_NAMED, ACTIVITY, COUNTS, LIVE_SESSIONS, LOG_ENTRIES, SIGN_UPS, TRIM_LOG,
};
pub(super) use device_requests::{
    CLAIM_DEVICE_REQUEST, CLOSE_DEVICE_REQUEST, FIND_DEVICE_REQUEST, IS_DEVICE_REQUEST_OPEN,
    OPEN_DEVICE_REQUEST,
};
pub(super) use erasures::{ADD_ERASURE, ERASURES, ERASURES_HEADER, PUT_ERASURES_KEY};
pub(super) use expiry::{EXPIRE, LATE_SESSIONS};
pub(super) use history::{
    COUNT_AFTER, COUNT_SINCE, END, EVENT_TEXTS, EVENTS_AFTER, FIND_EVENT, FOLLOW, HAS_LATER_EVENT,
    HEAD,
};
pub(super) use load::{AWARDS, LOAD, LOAD_ONE, LOCK, MARKS};
pub(super) use logs::{
    CONFIRM_LOG_REMOVAL, END_LOG_REMOVALS, FORGET_LOG_SERVER, LOG_SERVERS, REGISTER_LOG_SERVER,
    REQUEST_LOG_REMOVAL, REQUESTED_LOG_REMOVALS, UNCONFIRMED_LOG_REMOVALS,
};
pub(super) use messages::{
    FOLLOW_MESSAGES, FORGET_ORDER, HAS_LATER_MESSAGES, LAST_MESSAGE, MESSAGES_AFTER, MESSAGES_END,
    MESSAGES_OF, TRIM_MESSAGES,
};
pub(super) use migrations::{
    ADD_MIGRATION, APPLIED_MIGRATIONS, CREATE_MIGRATIONS, LOCK_MIGRATIONS, RIGHTS, SCHEMA_STATE,
};
pub(super) use notifications::{IS_READ_ONLY, LISTEN, LISTEN_CHECK, NOTIFY, NOTIFY_CHECK};
#[cfg(test)]
pub(super) use queries::QUERIES;
pub(super) use queries::queries;
pub(super) use restored::{
    COUNT_UP_TO, CURSORS, LAST_START, ORIGIN, ORIGIN_IN_CLUSTER, PUT_ORIGIN, RENUMBER,
};
pub(super) use scan::{SCAN_ASCENDING, SCAN_DESCENDING, SNAPSHOT};
pub(super) use shared::{
    CURSOR, ENDED_SESSIONS, LOCK_LEASES, PUT_CURSOR, RELEASE_LEASE, REMOVE_OLD, RENEW_LEASE,
    TAKE_ALLOWANCES, TAKE_LEASE,
};
pub(crate) use statement::Sql;
pub(super) use swap::{SWAP_MANY, SWAP_ONE};
pub(super) use webhooks::{DELIVERIES_OF, WEBHOOKS};

/// Whether a family has an event with that id.
pub(super) const HAS_EVENT: Sql = Sql {
    text: "SELECT EXISTS (SELECT FROM events WHERE family_id = $1 AND id = $2) AS is_there",
    types: &[Type::INT8, Type::TEXT],
};

/// The reversals of events, each by its family and its id: conditions on all families and all ids would
/// look up each id in each family.
pub(super) const REVERSALS: Sql = Sql {
    text: "
SELECT r.reverses, r.id
FROM unnest($1::bigint[], $2::text[]) AS w (family_id, id)
JOIN events r ON r.family_id = w.family_id AND r.reverses = w.id",
    types: &[Type::INT8_ARRAY, Type::TEXT_ARRAY],
};

pub(super) const IS_EMPTY: Sql = Sql {
    text: "
SELECT NOT EXISTS (
    SELECT FROM records
    WHERE kind IN ('users', 'children', 'tasks', 'rewards', 'pending_rewards')
) AS is_empty",
    types: &[],
};

/// The epoch of the sequence numbers, the time of the newest event, and the seed of the allowances.
pub(super) const START: Sql = Sql {
    text: "
SELECT (SELECT value FROM meta WHERE name = 'epoch') AS epoch,
    (SELECT created_at FROM events ORDER BY occurred_at DESC, created_at DESC LIMIT 1) AS newest,
    (SELECT value FROM meta WHERE name = 'allowances_seed') AS seed",
    types: &[],
};

/// The events of an account that contain its id.
pub(super) const OWN_EVENTS: Sql = Sql {
    text: "
SELECT e.family_id, e.seq, e.json
FROM accounts a JOIN events e ON e.family_id = a.family_id
WHERE a.id = $1 AND e.seq > $2 AND NOT e.is_anonymous
ORDER BY e.seq
LIMIT 500",
    types: &[Type::TEXT, Type::INT8],
};

pub(super) const ANONYMIZE: Sql = Sql {
    text: "
UPDATE events e SET json = w.json, is_anonymous = true
FROM unnest($2::bigint[], $3::text[]) AS w (seq, json)
WHERE e.family_id = $1 AND e.seq = w.seq AND NOT e.is_anonymous
RETURNING e.seq",
    types: &[Type::INT8, Type::INT8_ARRAY, Type::TEXT_ARRAY],
};

/// Removes the link from an account, or from any, to its family, if the family has neither records nor
/// events with the account's id. The family's version changes, so that a transaction that has loaded the link
/// conflicts.
pub(super) const UNLINK: Sql = Sql {
    text: "
WITH changed AS (
    UPDATE families f SET version = f.version + 1
    FROM accounts a
    WHERE ($1::text IS NULL OR a.id = $1) AND a.email IS NULL AND f.id = a.family_id
        AND NOT EXISTS (SELECT FROM records r WHERE r.family_id = a.family_id)
        AND NOT EXISTS (
            SELECT FROM events e WHERE e.family_id = a.family_id AND NOT e.is_anonymous
        )
    RETURNING f.id
)
DELETE FROM accounts a USING changed WHERE a.family_id = changed.id",
    types: &[Type::TEXT],
};

/// Every statement with parameters, for the test that prepares them.
#[cfg(test)]
pub(super) const ALL: &[&Sql] = &[
    &LOAD_ONE,
    &LOAD,
    &AWARDS,
    &MARKS,
    &LOCK,
    &HAS_LATER_EVENT,
    &SWAP_ONE,
    &SWAP_MANY,
    &HAS_EVENT,
    &REVERSALS,
    &FIND_EVENT,
    &IS_EMPTY,
    &ACCOUNTS,
    &COUNT_ACCOUNTS,
    &DUE_FAMILIES,
    &USERS,
    &START,
    &EXPIRE,
    &LATE_SESSIONS,
    &HEAD,
    &EVENTS_AFTER,
    &COUNT_AFTER,
    &SNAPSHOT,
    &SCAN_ASCENDING,
    &SCAN_DESCENDING,
    &EVENT_TEXTS,
    &END,
    &FOLLOW,
    &COUNT_SINCE,
    &LOG_ENTRIES,
    &TRIM_LOG,
    &ACCOUNTS_NAMED,
    &LIVE_SESSIONS,
    &COUNTS,
    &LAST_MESSAGE,
    &MESSAGES_OF,
    &MESSAGES_AFTER,
    &WEBHOOKS,
    &DELIVERIES_OF,
    &TRIM_MESSAGES,
    &FORGET_ORDER,
    &MESSAGES_END,
    &FOLLOW_MESSAGES,
    &HAS_LATER_MESSAGES,
    &CURSOR,
    &PUT_CURSOR,
    &LOCK_LEASES,
    &TAKE_LEASE,
    &RENEW_LEASE,
    &RELEASE_LEASE,
    &OWN_EVENTS,
    &ANONYMIZE,
    &UNLINK,
    &NOTIFY,
    &REGISTER_LOG_SERVER,
    &REQUEST_LOG_REMOVAL,
    &REQUESTED_LOG_REMOVALS,
    &CONFIRM_LOG_REMOVAL,
    &UNCONFIRMED_LOG_REMOVALS,
    &END_LOG_REMOVALS,
    &LOG_SERVERS,
    &PUT_ERASURES_KEY,
    &erasures::SET_ERASURES_KEY,
    &erasures::ACCOUNTS,
    &erasures::START_DELETION,
    &erasures::SET_ERASURES_MISSING,
    &ERASURES_HEADER,
    &ERASURES,
    &ADD_ERASURE,
    &OPEN_DEVICE_REQUEST,
    &FIND_DEVICE_REQUEST,
    &CLAIM_DEVICE_REQUEST,
    &IS_DEVICE_REQUEST_OPEN,
    &CLOSE_DEVICE_REQUEST,
    &FORGET_LOG_SERVER,
    &ENDED_SESSIONS,
    &TAKE_ALLOWANCES,
    &REMOVE_OLD,
    &NOTIFY_CHECK,
    &IS_READ_ONLY,
    &SCHEMA_STATE,
    &RIGHTS,
    &APPLIED_MIGRATIONS,
    &ADD_MIGRATION,
    &ORIGIN,
    &ORIGIN_IN_CLUSTER,
    &LAST_START,
    &PUT_ORIGIN,
    &CURSORS,
    &COUNT_UP_TO,
];
