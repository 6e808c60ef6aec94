//! Runs each document from its first command to its last.

use crate::markdown::Document;
use crate::session::Session;

/// The documents whose commands are run.
const FOLLOWED: [&str; 8] = [
    MIGRATION,
    "README.md",
    ACCOUNT_DELETION,
    "docs/api.md",
    "docs/devices.md",
    "docs/operations.md",
    "docs/progress.md",
    "docs/schedules.md",
];

const MIGRATION: &str = "MIGRATION.md";

const ACCOUNT_DELETION: &str = "docs/account-deletion.md";

const OPERATIONS: &str = "docs/operations.md";

/// The blocks that are not run, by their document and first line.
const LEFT_OUT: &[(&str, &str)] = &[
    // `tests/http/browsers/proxies/trial.rs` runs both proxies with these, and the server with the first.
    (MIGRATION, "# The Flask service has port 5000."),
    (MIGRATION, "upstream flask    { server 127.0.0.1:5000; }"),
    (MIGRATION, "(goldstar) {"),
    // It installs Rust.
    ("README.md", "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"),
    // It is a picture.
    (ACCOUNT_DELETION, "stateDiagram-v2"),
    // It needs a browser.
    ("docs/api.md", "const events = new EventSource(\"/api/events\");"),
    // `tests/package/run` runs what it can without systemd.
    (OPERATIONS, "scripts/package debian"),
    (OPERATIONS, "runuser -u goldstar -- goldstar admin create --email ada@example.org"),
    // They need systemd and its root.
    (OPERATIONS, "cargo build --locked --release"),
    (OPERATIONS, "install -d -m 700 -o goldstar -g goldstar /var/lib/goldstar"),
    (OPERATIONS, "goldstar config --config /etc/goldstar/goldstar.toml"),
    (OPERATIONS, "systemctl daemon-reload"),
    // `tests/commands/shell.rs` runs both commands.
    (OPERATIONS, "goldstar completions bash > /etc/bash_completion.d/goldstar"),
    // `tests/commands/packaging` reads it; it and the next need Docker.
    (OPERATIONS, "services:"),
    (OPERATIONS, "docker compose up --detach --build"),
    // `frontend/vue-app/browser/servers` runs the same without Docker.
    (OPERATIONS, "echo \"DATABASE_PASSWORD=$(openssl rand -hex 24)\" > packaging/.env"),
    // systemd and Docker once more.
    (OPERATIONS, "systemctl reload goldstar"),
    (OPERATIONS, "runuser -u goldstar -- goldstar admin create --email ada@example.org"),
    (OPERATIONS, "docker compose exec goldstar goldstar admin create --email ada@example.org"),
    (OPERATIONS, "goldstar health"),
    // `tests/http/browsers/proxies` runs both proxies with these, and the server with the first.
    (
        OPERATIONS,
        "# The session cookie is sent over https alone, and changes are taken from this site's pages.",
    ),
    (OPERATIONS, "limit_conn_zone $binary_remote_addr zone=goldstar_under_way:10m;"),
    (OPERATIONS, "proxy_pass http://127.0.0.1:5000/;"),
    (OPERATIONS, "{"),
    (OPERATIONS, "handle_path /api/* {"),
    // `tests/store/postgres` and the API tests have a PostgreSQL of their own.
    (OPERATIONS, "createuser --pwprompt goldstar"),
    // `tests/http/servers` runs it.
    (
        OPERATIONS,
        "$ export GOLDSTAR_DATABASE_URL=postgres://goldstar:password@db.example.org/goldstar",
    ),
    // `tests/commands/database/connecting.rs` and `tests/http/database/pooler.rs` use them.
    (
        OPERATIONS,
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO goldstar_server;",
    ),
    (OPERATIONS, "[pgbouncer]"),
    (OPERATIONS, "ALTER ROLE goldstar SET statement_timeout = '5s';"),
    // `tests/commands/database/samples.rs` compares them with what the commands print.
    (
        OPERATIONS,
        "$ goldstar import tinydb data --database-url postgres://goldstar:password@db.example.org/goldstar",
    ),
    (
        OPERATIONS,
        "$ goldstar check --database-url postgres://goldstar:password@db.example.org/goldstar",
    ),
    (
        OPERATIONS,
        "$ goldstar export tinydb copy --database-url postgres://goldstar:password@db.example.org/goldstar",
    ),
    // In `tests/commands/database`, `privileges.rs` executes the statements of the first, which needs a
    // terminal, and `backup.rs` runs those of a dump. Those of a recovery are settings.
    (OPERATIONS, "createuser --pwprompt goldstar_server"),
    (OPERATIONS, "pg_dump --format=custom --file=goldstar.dump \"$GOLDSTAR_DATABASE_URL\""),
    (OPERATIONS, "createdb --owner=goldstar restored"),
    (OPERATIONS, "goldstar erasures --database-url \"$GOLDSTAR_DATABASE_URL\" > erasures.json"),
    (OPERATIONS, "archive_mode = on"),
    (OPERATIONS, "restore_command = 'cp /var/backups/wal/%f %p'"),
    // Tests of the store execute these.
    (
        OPERATIONS,
        "DO $$ BEGIN FOR n IN 1..700 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;",
    ),
    (OPERATIONS, "UPDATE meta SET value = 'snapshot' WHERE name = 'origin';"),
    // They are for Prometheus.
    (OPERATIONS, "scrape_configs:"),
    (OPERATIONS, "groups:"),
    // It names a server that does not exist.
    (
        OPERATIONS,
        "curl -fsS -b cookies -H \"Content-Type: application/json\" -d @password.json -o backup.tar https://goldstar.example.org/admin/backup",
    ),
    // The directories are on another disk.
    (OPERATIONS, "backup_dir = \"/mnt/backup/goldstar\""),
    // `tests/commands/backup/copies.rs` runs them.
    (OPERATIONS, "restic --repo /mnt/other/restic --password-file /etc/goldstar/restic init"),
    (OPERATIONS, "rclone copy --exclude '*.partial' /mnt/backup remote:goldstar"),
    // systemd, Docker and cron.
    (OPERATIONS, "systemctl stop goldstar"),
    (OPERATIONS, "systemctl stop goldstar"),
    (OPERATIONS, "docker compose stop"),
    (OPERATIONS, "docker compose stop"),
    (
        OPERATIONS,
        "echo '17 3 * * * root systemctl stop goldstar; umask 077; tar -czf /var/backups/goldstar-$(date +\\%u).tar.gz -C / etc/goldstar var/lib/goldstar var/log/goldstar; systemctl start goldstar' > /etc/cron.d/goldstar",
    ),
    (OPERATIONS, "cargo build --locked --release"),
];

#[track_caller]
fn follow(name: &str) {
    let mut document = Document::read(name);
    let faults = Session::follow(&mut document);
    assert!(faults.is_empty(), "{name}: {}", faults.join("\n\n"));
}

#[test]
fn the_readme() {
    follow("README.md");
}

#[test]
fn the_readme_can_be_followed_twice() {
    let faults = Session::follow_twice(&mut Document::read("README.md"));
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn account_deletion() {
    follow(ACCOUNT_DELETION);
}

#[test]
fn the_api() {
    follow("docs/api.md");
}

#[test]
fn the_devices() {
    follow("docs/devices.md");
}

#[test]
fn the_operations() {
    follow("docs/operations.md");
}

#[test]
fn the_progress() {
    follow("docs/progress.md");
}

#[test]
fn the_schedules() {
    follow("docs/schedules.md");
}

#[test]
fn the_migration() {
    follow(MIGRATION);
}

#[test]
fn every_block_is_run_or_listed() {
    let is_run = |language: &str| {
        matches!(language, "sh" | "sh server" | "sh stream" | "json" | "text" | "text stream")
    };
    let mut left_out = Vec::new();
    for name in FOLLOWED {
        let document = Document::read(name);
        for block in document.blocks().filter(|block| !is_run(&block.language)) {
            let first = block.text.lines().next().unwrap_or_default();
            left_out.push((name, first.to_owned()));
        }
    }
    let listed: Vec<_> =
        LEFT_OUT.iter().map(|(name, first)| (*name, (*first).to_owned())).collect();
    assert_eq!(left_out, listed);
}
