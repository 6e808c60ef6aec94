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
pub(super) use webhooks::{DELIVERIES_OF, WEBHOOKS};

/// Puts and removes records, and appends events, if `done` has a row. An idempotency key comes with its
/// lifetime, because the clocks of servers differ.
macro_rules! changes {
    () => {
        "
put_records AS (
    INSERT INTO records (family_id, kind, id, expires_at, row, xid)
    SELECT w.family_id, w.kind, w.id,
        CASE w.kind
            WHEN 'idempotency_keys'
            THEN w.expires_at + (extract(epoch FROM now()) * 1000000)::bigint
            ELSE w.expires_at
        END,
        w.row,
        CASE WHEN w.kind = 'messages' THEN pg_current_xact_id() END
    FROM done, unnest($7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::text[])
        WITH ORDINALITY AS w (family_id, kind, id, expires_at, row, n)
    ORDER BY w.n
    ON CONFLICT (family_id, kind, id)
        DO UPDATE SET expires_at = excluded.expires_at, row = excluded.row, xid = excluded.xid,
            position = CASE
                WHEN excluded.xid IS NULL THEN records.position ELSE excluded.position
            END
),
removed_records AS (
    DELETE FROM records r
    USING done, unnest($12::bigint[], $13::text[], $14::text[]) AS w (family_id, kind, id)
    WHERE r.family_id = w.family_id AND r.kind = w.kind AND r.id = w.id
),
new_events AS (
    INSERT INTO events (
        family_id, seq, place, id, child_id, entity_type, entity_id, action, occurred_at, created_at,
        json, reverses
    )
    SELECT w.family_id, w.seq, w.place, w.id, w.child_id, w.entity_type, w.entity_id, w.action,
        w.occurred_at, w.created_at, w.json, w.reverses
    FROM done, unnest(
        $15::bigint[], $16::bigint[], $17::integer[], $18::text[], $19::text[], $20::text[],
        $21::text[], $22::text[], $23::bigint[], $24::bigint[], $25::text[], $26::text[]
    ) AS w (
        family_id, seq, place, id, child_id, entity_type, entity_id, action, occurred_at, created_at,
        json, reverses
    )
)"
    };
}

/// The types of the parameters of [`SWAP_ONE`], which are the first of [`SWAP_MANY`].
macro_rules! swap_types {
    ($($more:expr),*) => {
        &[
            Type::INT8_ARRAY, Type::INT8_ARRAY, Type::INT8_ARRAY, Type::INT8_ARRAY,
            Type::INT8, Type::UUID,
            Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::INT8_ARRAY,
            Type::TEXT_ARRAY,
            Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY,
            Type::INT8_ARRAY, Type::INT8_ARRAY, Type::INT4_ARRAY, Type::TEXT_ARRAY,
            Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY,
            Type::INT8_ARRAY, Type::INT8_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY
            $(, $more)*
        ]
    };
}

/// Commits the changes of one family, if its version and that of what all families share are still
/// those that were loaded. Returns the family, or nothing after a conflict.
///
/// All parts of the statement see one snapshot. Each reads from `done`, so that nothing is written
/// after a conflict. The row lock of the `UPDATE` makes a second commit wait, and compare the new
/// version.
pub(super) const SWAP_ONE: Sql = Sql {
    text: concat!(
        "
WITH done AS (
    UPDATE families
    SET version = version + 1, seq = ($3::bigint[])[1], last_occurred_at = ($4::bigint[])[1],
        commits = array_prepend($6, commits[1:7])
    WHERE id = ($1::bigint[])[1] AND version = ($2::bigint[])[1]
        AND (SELECT shared.version FROM families shared WHERE shared.id = 0) = $5
    RETURNING id
),",
        changes!(),
        "
SELECT id FROM done"
    ),
    types: swap_types!(),
};

/// The same for several families, for new ones, and with the look-up tables. Families are locked in
/// the order of their keys.
pub(super) const SWAP_MANY: Sql = Sql {
    text: concat!(
        "
WITH locked AS (
    SELECT f.id
    FROM families f
    JOIN unnest($1::bigint[], $2::bigint[]) AS w (id, version)
        ON f.id = w.id AND f.version = w.version
    ORDER BY f.id
    FOR UPDATE OF f
),
done AS (
    SELECT 0::bigint AS id
    WHERE (SELECT count(*) FROM locked) = cardinality($1)
        AND (0 = ANY($1) OR (SELECT version FROM families WHERE id = 0) = $5)
),
changed_families AS (
    UPDATE families f
    SET version = f.version + 1, seq = w.seq, last_occurred_at = w.last_occurred_at,
        commits = array_prepend($6, f.commits[1:7])
    FROM done, unnest($1::bigint[], $3::bigint[], $4::bigint[]) AS w (id, seq, last_occurred_at)
    WHERE f.id = w.id
),
new_families AS (
    INSERT INTO families (id, version, seq, last_occurred_at, commits)
    SELECT w.id, w.version, w.seq, w.last_occurred_at, ARRAY[$6]
    FROM done, unnest($27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[])
        AS w (id, version, seq, last_occurred_at)
),
put_accounts AS (
    INSERT INTO accounts (id, family_id, email, is_active_admin, is_marked, deletion_has_started,
        schedule_at)
    SELECT w.id, w.family_id, w.email, w.is_active_admin, w.is_marked, w.deletion_has_started,
        w.schedule_at
    FROM done, unnest($31::text[], $32::bigint[], $33::text[], $34::boolean[], $35::boolean[],
        $36::boolean[], $37::bigint[])
        AS w (id, family_id, email, is_active_admin, is_marked, deletion_has_started, schedule_at)
    ON CONFLICT (family_id) DO UPDATE SET email = excluded.email,
        is_active_admin = excluded.is_active_admin, is_marked = excluded.is_marked,
        deletion_has_started = excluded.deletion_has_started, schedule_at = excluded.schedule_at
),
put_tokens AS (
    INSERT INTO tokens (token_sha256, family_id)
    SELECT w.id, w.family_id
    FROM done, unnest($7::bigint[], $8::text[], $9::text[]) AS w (family_id, kind, id)
    WHERE w.kind IN ('sessions', 'calendar_feeds')
    ON CONFLICT (token_sha256) DO UPDATE SET family_id = excluded.family_id
),
removed_tokens AS (
    DELETE FROM tokens t
    USING done, unnest($12::bigint[], $13::text[], $14::text[]) AS w (family_id, kind, id)
    WHERE w.kind IN ('sessions', 'calendar_feeds') AND t.token_sha256 = w.id
        AND t.family_id = w.family_id
    RETURNING t.token_sha256
),
ended_sessions AS (
    INSERT INTO ended_sessions (token_sha256) SELECT token_sha256 FROM removed_tokens
),
removed_rest_of_tokens AS (
    DELETE FROM tokens t
    USING done, unnest($32::bigint[], $33::text[]) AS w (family_id, email)
    WHERE w.email IS NULL AND t.family_id = w.family_id
),
removed_rest AS (
    -- With the account, its messages, its marks and the records that only a newer version knows.
    DELETE FROM records r
    USING done, unnest($32::bigint[], $33::text[]) AS w (family_id, email)
    WHERE w.email IS NULL AND r.family_id = w.family_id
),",
        changes!(),
        "
SELECT id FROM done"
    ),
    types: swap_types!(
        Type::INT8_ARRAY,
        Type::INT8_ARRAY,
        Type::INT8_ARRAY,
        Type::INT8_ARRAY,
        Type::TEXT_ARRAY,
        Type::INT8_ARRAY,
        Type::TEXT_ARRAY,
        Type::BOOL_ARRAY,
        Type::BOOL_ARRAY,
        Type::BOOL_ARRAY,
        Type::INT8_ARRAY
    ),
};

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
