//! The examples of `docs/webhooks.md`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::receiver::Received;
use super::{Receiver, hook, server};
use crate::harness::{block_of, text};

const PAGE: &str = "docs/webhooks.md";

/// Runs the script in a folder as a web server does; returns what it prints.
fn run(folder: &std::path::Path, received: &Received, secret: &str, body: &str) -> String {
    let variables: BTreeMap<_, _> = received
        .headers
        .iter()
        .map(|(name, value)| (format!("HTTP_{}", name.to_uppercase().replace('-', "_")), value))
        .collect();
    let mut running = Command::new("sh")
        .arg("-c")
        .arg(block_of(PAGE, "## A shell script", "sh", 0))
        .current_dir(folder)
        .envs(variables)
        .env("GOLDSTAR_SECRET", secret)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_script_accepts_what_the_server_signed() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    family.event().await;
    let received = program.after(1).await.remove(0);
    let (folder, secret) = (tempfile::tempdir().unwrap(), text(&webhook["secret"]));
    let accepted = run(folder.path(), &received, &secret, &received.text);
    assert_eq!(accepted, "Status: 204\r\n\r\n");
    let stored = std::fs::read_to_string(folder.path().join("messages.ndjson")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&stored).unwrap(), received.body);
    let changed = received.text.replace("activated", "cancelled");
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut old = received.clone();
    old.headers.insert("webhook-timestamp".to_owned(), "1614265330".to_owned());
    for (received, secret, body) in [
        (&received, &*secret, &*changed),
        (&received, other, &*received.text),
        (&old, &*secret, &*received.text),
    ] {
        assert_eq!(run(folder.path(), received, secret, body), "Status: 403\r\n\r\n");
    }
}

#[tokio::test]
async fn the_fields_of_the_automation_exist() {
    let server = server().await;
    let family = server.family().await;
    let program = Receiver::start().await;
    hook(&family.parent, &program).await;
    family.event().await;
    let received = program.after(1).await.remove(0);
    let automation = block_of(PAGE, "## Home Assistant", "yaml", 0);
    let named: Vec<_> = automation.split("trigger.json.").skip(1).collect();
    assert_eq!(named.len(), 4);
    for rest in named {
        let path = rest.split(|c: char| c != '.' && c != '_' && !c.is_alphanumeric()).next();
        let value = path.unwrap().split('.').fold(&received.body, |value, field| &value[field]);
        assert_ne!(*value, Value::Null, "{path:?}");
    }
}
