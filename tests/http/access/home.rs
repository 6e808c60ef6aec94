//! Two families, an administrator's family and shared records, written by hand. The tokens of the
//! sessions are known, so no password must be hashed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use goldstar::clock::Clock;
use goldstar::domain::password::NewPassword;
use reqwest::RequestBuilder;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Folders, PASSWORD_METHOD, Settings, TestServer};

/// Part of every name in the first family. No other family may ever read it.
pub(crate) const CANARY: &str = "Kanarienvogel";

/// The hash of "correct horse".
static HASH: LazyLock<String> = LazyLock::new(|| {
    let password = NewPassword::parse("password", "correct horse").unwrap();
    password.hash(PASSWORD_METHOD, [7; 16]).to_string()
});

/// How a request presents its session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Cookie,
    Bearer,
}

/// Accounts that are members of another one's family: the account, the family and the role.
const MEMBERS: [(&str, &str, &str); 3] = [
    ("member", "first", "parent"),
    ("helper", "first", "helper"),
    ("other-member", "second", "parent"),
];

/// The number of sessions of a role, for tests that end a session.
const SESSIONS: usize = 148;

pub(crate) fn put(folders: &Folders) {
    let now = Clock::system().now().as_micros() / 1_000_000;
    let user = |id: &str, role: &str| {
        let name = if id == "first" { CANARY } else { id };
        json!({
            "id": id, "first_name": name, "last_name": "N", "role": role,
            "email": format!("{id}@example.org"), "password": *HASH, "created_at": now,
        })
    };
    let marked = ["marked", "leaver", "waiter"].map(|id| {
        let mut marked = user(id, "parent");
        marked["marked_for_deletion"] = true.into();
        marked["marked_for_deletion_at"] = now.into();
        marked
    });
    // The last administrator cannot be marked for deletion; with this one, there are two.
    let other = user("other-admin", "admin");
    let users = [user("first", "parent"), user("second", "parent"), user("admin", "admin")];
    let members = MEMBERS.map(|(account, ..)| user(account, "parent"));
    let users = users.into_iter().chain([other, user("sleeper", "parent")]).chain(marked);
    let users = users.chain(members);
    let owned = |kind: &str, more: &Value| {
        let of = |family: &str| {
            let name = if family == "first" { CANARY } else { family };
            let mut record = more.clone();
            record["id"] = format!("{family}-{kind}").into();
            record["user_id"] = family.into();
            record["name"] = format!("{name} {kind}").into();
            record
        };
        let mut shared = of("shared");
        shared["user_id"] = Value::Null;
        let shared = (kind != "child").then_some(shared);
        ["first", "second", "admin"].map(of).into_iter().chain(shared).collect::<Vec<_>>()
    };
    table(folders, "users.json", users);
    table(folders, "children.json", owned("child", &json!({"age": 7, "points": 1000})));
    table(folders, "tasks.json", owned("task", &json!({"points": 5, "is_good": true})));
    let event = json!({
        "id": "first-event", "user_id": "first", "child_id": "first-child", "entity_type": "task",
        "entity_id": "first-task", "action": "activated", "points_before": 995, "points_after": 1000,
        "delta": 5, "occurred_at": "2026-02-09T18:42:15.123456Z",
        "created_at": "2026-02-09T18:42:15.123456Z", "metadata": {"name": CANARY, "points": 5},
    });
    table(folders, "tracking_events.json", [event]);
    table(folders, "rewards.json", owned("reward", &json!({"description": "", "cost": 20})));
    let mut badges = owned("badge", &json!({"metric": "tasks_done", "thresholds": [5]}));
    badges.retain(|badge| badge["user_id"] != Value::Null);
    table(folders, "badges.json", badges);
    let feed = |(id, family, secret): (&str, &str, &str)| {
        json!({
            "id": id, "secret_sha256": hash(secret), "user_id": family,
            "child_id": format!("{family}-child"), "created_at": now,
        })
    };
    // The second one is that of a family that no test of a route deletes.
    let feeds = [("first-feed", "first", "other"), ("second-feed", "second", "secret")];
    table(folders, "calendar_feeds.json", feeds.map(feed));
    put_webhook(folders, now);
    put_members(folders, now);
    let holders = [
        ("child", "first", Some("first-child"), None),
        ("parent", "first", None, None),
        ("another parent", "second", None, None),
        ("admin", "admin", None, None),
        ("member", "first", None, Some("member")),
        ("helper", "first", None, Some("helper")),
        ("another member", "second", None, Some("other-member")),
    ];
    let sessions = holders.iter().flat_map(|(role, user_id, child_id, member)| {
        (0..SESSIONS).map(move |n| {
            let prefix = if member.is_some() { "member-" } else { "" };
            let token_hash = format!("{prefix}{}", hash(&token(role, n)));
            json!({
                "token_sha256": token_hash, "user_id": user_id, "child_id": child_id,
                "member_account_id": member,
                "created_at": now, "last_used_at": now, "expires_at": now + 86_400,
            })
        })
    });
    // A link to reset the password of an account that no test uses otherwise.
    let link = json!({
        "token_sha256": format!("reset-{}", hash("link")), "user_id": "other-admin", "child_id": null,
        "created_at": now, "last_used_at": now, "expires_at": now + 86_400,
    });
    let devices = devices(now);
    let invitations = [("invitation", "admin"), ("open", "first")].map(|(secret, family)| {
        json!({
            "token_sha256": format!("invitation-{}", hash(secret)), "user_id": family,
            "child_id": null, "invited_as": "helper", "created_at": now, "last_used_at": now,
            "expires_at": now + 86_400,
        })
    });
    let others = devices.into_iter().chain(invitations).chain([api_token(now)]);
    table(folders, "sessions.json", sessions.chain([link]).chain(others));
    // This is not the first start on the directory, so that a start changes nothing.
    let first_start = json!({"name": "account_deletion_first_start", "value": 1.0});
    table(folders, "settings.json", [first_start]);
}

/// The webhook of the first family, which sends nothing by itself, and one delivery.
fn put_webhook(folders: &Folders, now: i64) {
    let webhook = json!({
        "id": "first-webhook", "user_id": "first", "url": "https://goldstar.invalid/",
        "events": ["task.due"], "child_id": null, "last_event": "0", "last_message": 0,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "deliveries": 1,
        "created_at": now, "updated_at": now,
    });
    table(folders, "webhooks.json", [webhook]);
    let delivery = json!({
        "webhook_id": "first-webhook", "user_id": "first", "number": 1, "message_id": "msg_a",
        "type": "webhook.test", "source": "test", "created_at": now, "status": "failed",
        "attempts": 1, "attempted_at": now, "duration_ms": 1, "error": "unresolved",
    });
    table(folders, "webhook_deliveries.json", [delivery]);
}

/// An API token of the first family's owner, which no test uses.
fn api_token(now: i64) -> Value {
    json!({
        "token_sha256": format!("token-{}", hash("program")), "user_id": "first", "child_id": null,
        "created_at": now, "last_used_at": now, "expires_at": now + 86_400,
        "token_name": CANARY, "token_prefix": "gs_0000", "token_scopes": ["read"],
        "token_has_fixed_end": true, "token_last_address": null,
    })
}

fn devices(now: i64) -> [Value; 2] {
    // A device that a parent has confirmed, and one that uses its session.
    let device = |token_hash: String, id: &str| {
        json!({
            "token_sha256": token_hash, "user_id": "first", "child_id": "first-child",
            "created_at": now, "last_used_at": now, "expires_at": now + 86_400,
            "device_id": id, "device_name": "Tablet",
        })
    };
    [
        device(format!("pairing-{}", hash("waiting")), "waiting-device"),
        device(hash("tablet"), "first-device"),
    ]
}

/// Writes the members of the families.
fn put_members(folders: &Folders, now: i64) {
    let joined = MEMBERS.map(|(account, family, _)| json!({"id": account, "member_of": family}));
    table(folders, "user_details.json", joined);
    let owners = [("first", "first", "owner"), ("second", "second", "owner")];
    let member = |(account, family, role): (&str, &str, &str)| {
        json!({
            "id": format!("{family}-{role}"), "user_id": family, "account_id": account,
            "first_name": account, "last_name": "N", "role": role, "created_at": now,
        })
    };
    let members = owners.into_iter().chain(MEMBERS).map(member).map(|mut it| {
        if it["id"] == "first-parent" {
            it["id"] = "first-member".into();
        }
        it
    });
    table(folders, "members.json", members);
}

fn table(folders: &Folders, name: &str, rows: impl IntoIterator<Item = Value>) {
    let numbered = rows.into_iter().enumerate().map(|(n, row)| ((n + 1).to_string(), row));
    let rows: Map<String, Value> = numbered.collect();
    folders.put(name, &json!({"_default": rows}).to_string());
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
}

/// The id of the last session of the first family's child, which no test uses otherwise.
pub(crate) fn session_id() -> String {
    let token_hash = hash(&token("child", SESSIONS - 1));
    hash(&format!("session id {token_hash}"))[..32].to_owned()
}

/// The id of the first family's invitation.
pub(crate) fn invitation_id() -> String {
    hash(&format!("session id invitation-{}", hash("open")))[..32].to_owned()
}

/// The id of the first family's API token.
pub(crate) fn token_id() -> String {
    hash(&format!("session id token-{}", hash("program")))[..32].to_owned()
}

/// A token of the role; unknown for nobody.
fn token(role: &str, n: usize) -> String {
    let is_member = ["member", "helper", "another member"].contains(&role);
    format!("{}{}-{n}", if is_member { "member_" } else { "" }, role.replace(' ', "-"))
}

pub(crate) async fn server() -> TestServer {
    let folders = Folders::new();
    put(&folders);
    let configure = |config: &mut goldstar::config::Config| {
        // All attempts come from one address.
        config.service.logins.per_address = 0;
        // A login ends no session of another test.
        config.service.family.sessions = 0;
        config.http.demo_page = true;
    };
    TestServer::on(folders, Settings { configure, ..Settings::default() }).await
}

/// Adds the role's session of that number to a request.
pub(crate) fn shown(request: RequestBuilder, role: &str, n: usize, by: By) -> RequestBuilder {
    let token = token(role, n);
    match by {
        By::Cookie => request.header("Cookie", format!("session={token}")),
        By::Bearer => request.bearer_auth(token),
    }
}

/// The bytes of all files of the server.
pub(crate) fn everything(folders: &Folders) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut waiting, mut files) = (vec![folders.data(), folders.logs()], BTreeMap::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = fs::read(&path) {
            files.insert(path, bytes);
        }
    }
    files
}
