//! The commit of changes: a swap of the versions that were loaded for new ones.

use tokio_postgres::types::Type;

use super::statement::Sql;

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
pub(in crate::store::postgres) const SWAP_ONE: Sql = Sql {
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
pub(in crate::store::postgres) const SWAP_MANY: Sql = Sql {
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
