//! A database that cannot be used: the error names the remedy, and never contains the password.

use std::error::Error as _;

use goldstar::store::postgres::{DatabaseUrl, OpenError};

use super::open;
use crate::cluster::{execute, new_database};

/// The same database for the user `locked`, who needs a password.
fn with_password(url: &str, password: &str) -> String {
    url.replace("goldstar@", &format!("locked:{password}@"))
}

async fn error(url: &str) -> OpenError {
    match open(url).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

/// The error with its causes.
async fn text(url: &str) -> String {
    let error = error(url).await;
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn an_unusable_database_is_named_with_the_remedy() {
    let url = new_database();
    execute(&url, "CREATE ROLE locked LOGIN PASSWORD 'right'");
    execute(&url, "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    // The version that an older server returns.
    let old = "CREATE SCHEMA old; CREATE FUNCTION old.current_setting(text) RETURNS text
        LANGUAGE sql AS $$ SELECT '140009' $$";
    execute(&url, old);
    let old = format!("{url}&options=-c%20search_path%3Dold%2Cpg_catalog%2Cpublic");
    for (url, remedy) in [
        ("nonsense secret-1".to_owned(), "postgres://user:password@host"),
        ("postgres://ada:secret-1@/x".to_owned(), "it names no host"),
        ("postgres://ada:secret-1@127.0.0.1:1/x".to_owned(), "start PostgreSQL there"),
        ("postgres://ada:secret-1@nowhere.invalid/x".to_owned(), "nowhere.invalid"),
        (with_password(&url, "secret-1"), "set the password with ALTER ROLE"),
        (with_password(&url, "right"), "GRANT CREATE"),
        (url.replace("goldstar@", "crowded@"), "raise max_connections"),
        (old, "PostgreSQL 14 is too old: version 15 or newer is needed"),
        (url.replace("/test", "/missing"), "create it with CREATE DATABASE"),
        (format!("{url}&options=-c%20default_transaction_read_only%3Don"), "read-only"),
    ] {
        let text = text(&url).await;
        assert!(text.contains(remedy), "{text}");
        assert!(!text.contains("secret-1"), "{text}");
    }
}

#[tokio::test]
async fn tables_of_another_program_are_not_touched() {
    let url = new_database();
    execute(&url, "CREATE TABLE theirs (id integer)");
    let error = error(&url).await;
    assert!(error.is_damage() && error.to_string().contains("create an empty database"), "{error}");
    execute(&url, "INSERT INTO theirs VALUES (1); DROP TABLE theirs");
    open(&url).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_with_its_version() {
    let url = new_database();
    open(&url).await.unwrap();
    execute(
        &url,
        "INSERT INTO goldstar_migrations (version, name, checksum) VALUES (999, 'new', '0')",
    );
    let error = error(&url).await;
    assert!(error.is_damage() && error.to_string().contains("schema version 999"), "{error}");
}

#[test]
fn a_url_is_never_shown() {
    let url = DatabaseUrl::new("postgres://ada:secret-1@localhost/goldstar");
    assert!(!format!("{url:?}").contains("secret-1"));
}
