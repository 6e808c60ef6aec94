//! A database is damaged by SQL: the check names the family, the number, and what to do.

use super::check::{check, findings};
use super::imported;
use crate::check::directory::flask;
use crate::harness::cluster::execute;
use crate::harness::database::copy_of;

/// A change of a database, and the finding that it leads to.
struct Damage {
    change: &'static str,
    exit_code: i32,
    code: &'static str,
    file: &'static str,
    says: &'static [&'static str],
}

const EVENTS: &str = "tracking_events.json";

/// A column that differs from the text or another table.
const fn column(change: &'static str, file: &'static str, says: &'static [&'static str]) -> Damage {
    Damage { change, exit_code: 3, code: "wrong_column", file, says }
}

const fn reference(
    change: &'static str,
    file: &'static str,
    says: &'static [&'static str],
) -> Damage {
    Damage { change, exit_code: 3, code: "broken_reference", file, says }
}

const fn unloadable(
    change: &'static str,
    file: &'static str,
    says: &'static [&'static str],
) -> Damage {
    Damage { change, exit_code: 78, code: "no_object", file, says }
}

const OF_EVENTS: &[Damage] = &[
    Damage {
        change: "UPDATE events SET json = replace(json, '\"points_before\": ', '\"points_before\": 1')
            WHERE (family_id, seq) = (SELECT family_id, max(seq) FROM events GROUP BY 1 LIMIT 1)",
        exit_code: 3,
        code: "wrong_delta",
        file: EVENTS,
        says: &["family ", " of account "],
    },
    column(
        "UPDATE events SET id = 'i', child_id = 'c', entity_type = 't', entity_id = 'e', action = 'a',
            occurred_at = occurred_at - 1, created_at = created_at + 1,
            is_anonymous = NOT is_anonymous
         WHERE (family_id, seq) = (SELECT min(family_id), 2 FROM events)",
        EVENTS,
        &[
            "columns `id`, `child_id`, `entity_type`, `entity_id`, `action`, `occurred_at`, \
             `created_at`, `is_anonymous` differ",
            "UPDATE",
        ],
    ),
    column(
        "UPDATE events SET action = 'x' WHERE seq < 4",
        EVENTS,
        &["column `action` differs", "2 more events of the family"],
    ),
    column("UPDATE events SET place = 65535 - place", EVENTS, &["before event 1", "audit log"]),
    column(
        "UPDATE families SET last_occurred_at = last_occurred_at - 1",
        EVENTS,
        &["`families.last_occurred_at`"],
    ),
    unloadable("UPDATE families SET seq = 0", EVENTS, &["no server can commit", "`families.seq`"]),
    Damage {
        change: "DELETE FROM events WHERE seq IN (2, 3)",
        exit_code: 3,
        code: "missing_events",
        file: EVENTS,
        says: &["no event with this number", "one more event", "restore a backup"],
    },
    Damage {
        change: "DELETE FROM events WHERE (family_id, seq) IN (SELECT id, seq FROM families)",
        exit_code: 3,
        code: "missing_events",
        file: EVENTS,
        says: &["no event with this number"],
    },
    reference(
        "UPDATE events SET json = replace(json, '\"user_id\": \"', '\"user_id\": \"x')",
        EVENTS,
        &["another account than that of its family"],
    ),
    Damage {
        change: "WITH copied AS (
                UPDATE families SET seq = seq + 1 WHERE id = (SELECT max(family_id) FROM events)
                RETURNING id, seq
            )
            INSERT INTO events (family_id, seq, place, is_anonymous, id, child_id, entity_type,
                entity_id, action, occurred_at, created_at, json)
            SELECT c.id, c.seq, 1, e.is_anonymous, e.id, e.child_id, e.entity_type, e.entity_id,
                e.action, e.occurred_at, e.created_at, e.json
            FROM copied c, events e
            WHERE (e.family_id, e.seq) = (SELECT min(family_id), 1 FROM events)",
        exit_code: 3,
        code: "duplicate_id",
        file: EVENTS,
        says: &["it has the id of row 1 of family ", "delete the wrong one"],
    },
];

const OF_RECORDS: &[Damage] = &[
    unloadable(
        "UPDATE records SET row = '{}' WHERE kind = 'tasks'",
        "tasks.json",
        &["no server can load"],
    ),
    unloadable(
        "UPDATE records SET kind = 'chores' WHERE kind = 'tasks'",
        "chores",
        &["its kind is unknown"],
    ),
    column("UPDATE records SET id = 'x' || id WHERE kind = 'tasks'", "tasks.json", &["column `id`"]),
    column(
        "UPDATE records SET expires_at = 1 WHERE kind = 'children'",
        "children.json",
        &["column `expires_at`"],
    ),
    column(
        "INSERT INTO records (family_id, kind, id, expires_at, row)
         SELECT c.family_id, 'schedule_marks', '2026-02-09/due/1:c/t', 5, '{\"user_id\": \"' || a.id ||
             '\", \"task_id\": \"t\", \"child_id\": \"c\", \"day\": \"2026-02-09\", \"kind\": \"due\",
             \"created_at\": 1}'
         FROM records c JOIN accounts a ON a.family_id = c.family_id WHERE c.kind = 'children' LIMIT 1",
        "schedule_marks.json",
        &["column `expires_at`"],
    ),
    column(
        "UPDATE records SET family_id = 0 WHERE kind = 'children'",
        "children.json",
        &["family 0, which all families share", "column `family_id`"],
    ),
    Damage {
        change: "INSERT INTO records (family_id, kind, id, row)
            SELECT 0, kind, id, row FROM records WHERE kind = 'rewards' AND family_id <> 0 LIMIT 1",
        exit_code: 3,
        code: "duplicate_id",
        file: "rewards.json",
        says: &["family ", "it has the id of row "],
    },
    reference(
        "DELETE FROM records WHERE kind = 'children'",
        "pending_rewards.json",
        &["which doesn't exist"],
    ),
    reference(
        "INSERT INTO records (family_id, kind, id, expires_at, row)
         SELECT family_id, 'idempotency_keys', E'k\\n' || id, 86401000000, '{\"user_id\": \"' || id ||
             '\", \"key\": \"k\", \"mutation\": \"m\", \"event_row\": 999, \"created_at\": 1}'
         FROM accounts",
        "idempotency_keys.json",
        &["event 999", "which doesn't exist"],
    ),
];

const OF_LOOK_UPS: &[Damage] = &[
    column("UPDATE accounts SET email = 'x' || email", "users.json", &["another email address"]),
    column("UPDATE accounts SET deletion_has_started = true", "users.json", &["or state"]),
    column("UPDATE accounts SET schedule_at = 5", "users.json", &["or state"]),
    column("UPDATE accounts SET id = 'x' || id", "users.json", &["to another account"]),
    column("DELETE FROM accounts", "users.json", &["without an account", "has no row"]),
    column("DELETE FROM records WHERE kind = 'users'", "users.json", &["has no record"]),
    column(
        "DELETE FROM accounts; DELETE FROM records WHERE kind = 'users'",
        "users.json",
        &["the family has records, but"],
    ),
    column(
        "INSERT INTO tokens SELECT 'x', family_id FROM accounts LIMIT 1",
        "sessions.json",
        &["has a row without a session or calendar feed"],
    ),
    column(
        "INSERT INTO records (family_id, kind, id, row)
         SELECT family_id, 'calendar_feeds', 'x', '{\"id\": \"f\", \"secret_sha256\": \"x\", \"user_id\": \"' ||
             id || '\", \"child_id\": \"c\", \"created_at\": 1}'
         FROM accounts LIMIT 1",
        "calendar_feeds.json",
        &["has no row of this calendar feed"],
    ),
    column(
        "INSERT INTO records (family_id, kind, id, expires_at, row)
         SELECT family_id, 'sessions', 'x', 2000000, '{\"token_sha256\": \"x\", \"user_id\": \"' ||
             id || '\", \"created_at\": 1, \"last_used_at\": 1, \"expires_at\": 2}'
         FROM accounts LIMIT 1",
        "sessions.json",
        &["has no row of this session"],
    ),
];

#[track_caller]
fn assert_found(damages: &[Damage]) {
    let (url, _) = imported(&flask());
    for Damage { change, exit_code, code, file, says } in damages {
        let copy = copy_of(&url);
        execute(&copy, change);
        let (exit, report) = check(&copy);
        assert_eq!(exit, *exit_code, "{change}: {report:#}");
        let is_it = |[found, of, message]: &[String; 3]| {
            found == code && of == file && says.iter().all(|text| message.contains(text))
        };
        assert!(findings(&report).iter().any(is_it), "{change}: {report:#}");
    }
}

#[test]
fn damaged_events_are_found() {
    assert_found(OF_EVENTS);
}

#[test]
fn damaged_records_are_found() {
    assert_found(OF_RECORDS);
}

#[test]
fn damaged_look_up_tables_are_found() {
    assert_found(OF_LOOK_UPS);
}
