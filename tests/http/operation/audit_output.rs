//! The audit log on the standard output, and none.

use std::fs;

use serde_json::Value;

use crate::harness::{Settings, TestServer, event_ids, eventually, goldstar, names, text};

const LINES: &str = "audit.jsonl";

/// A server whose standard output is added to [`LINES`] if it is the audit log. Its greeting goes to the
/// error output then.
fn with_output(output: &str) -> Settings {
    let script = if output == "stdout" { "exec 3>&1 >>audit.jsonl 2>&3" } else { ":" };
    Settings {
        binary: true,
        script,
        flags: vec![format!("--audit-log={output}")],
        ..Settings::default()
    }
}

fn lines(server: &TestServer) -> Vec<Value> {
    let text = fs::read_to_string(server.folders.root().join(LINES)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn ids(lines: &[Value]) -> Vec<String> {
    lines.iter().map(|line| text(&line["event_id"])).collect()
}

#[tokio::test]
async fn the_standard_output_gets_a_json_object_for_each_event() {
    let mut server = TestServer::with(with_output("stdout")).await;
    let (family, other) = (server.family().await, server.family().await);
    let mut events = Vec::new();
    for _ in 0..3 {
        events.push(family.event().await);
        events.push(other.event().await);
    }
    eventually("the lines", async || (lines(&server).len() == 6).then_some(())).await;
    server.kill();
    server.start_again().await;
    events.push(family.event().await);
    server.stop().await;

    let mut lines = lines(&server);
    // After a kill, the lines of the last batch may be repeated.
    lines.dedup_by_key(|line| line["event_id"].clone());
    let expected: Vec<String> = events.iter().map(|event| text(&event["id"])).collect();
    let mut found = ids(&lines);
    let last = found.split_off(found.len() - 1);
    assert_eq!(last, expected[6..], "the new line is the last one");
    assert_eq!(found[..6], expected[..6]);
    assert!(found[6..].iter().all(|id| expected.contains(id)), "{found:?}");
    for (line, event) in lines.iter().zip(&events) {
        assert_eq!(line["type"], "tracking_event");
        for field in
            event.as_object().unwrap().keys().filter(|name| !["id", "metadata"].contains(&&***name))
        {
            assert_eq!(line[field], event[field], "{field}");
        }
    }
    assert!(names(&server.folders.logs()).is_empty(), "there are no log files");
}

#[tokio::test]
async fn an_audit_log_that_is_off_writes_nothing_later_either() {
    let mut server = TestServer::with(with_output("off")).await;
    let family = server.family().await;
    family.event().await;
    server.stop().await;
    assert!(names(&server.folders.logs()).is_empty());

    server.reconfigure(with_output("files"));
    server.start_again().await;
    let event = family.event().await;
    server.stop().await;
    let logged = server.folders.log_lines(&family.parent.id);
    assert_eq!(event_ids(&logged), [text(&event["id"])], "only what came after");
}

#[tokio::test]
async fn a_log_continues_where_the_other_one_has_ended() {
    let mut server = TestServer::with(with_output("files")).await;
    let family = server.family().await;
    let first = family.event().await;
    server.stop().await;
    server.reconfigure(with_output("stdout"));
    server.start_again().await;
    let second = family.event().await;
    server.stop().await;
    server.reconfigure(with_output("files"));
    server.start_again().await;
    let third = family.event().await;
    server.stop().await;
    assert_eq!(ids(&lines(&server)[..]), [text(&second["id"])]);
    let logged = server.folders.log_lines(&family.parent.id);
    assert_eq!(event_ids(&logged), [text(&first["id"]), text(&third["id"])]);
}

#[tokio::test]
async fn a_command_leaves_the_lines_to_the_next_server() {
    let mut server = TestServer::with(with_output("stdout")).await;
    let family = server.family().await;
    family.event().await;
    server.kill();
    let before = lines(&server).len();
    let mut checkpoint = goldstar(server.folders.root());
    checkpoint.env("GOLDSTAR_AUDIT_LOG", "stdout");
    checkpoint.args(["checkpoint", "--data-dir"]).arg(server.folders.data());
    let output = checkpoint.arg("--log-dir").arg(server.folders.logs()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("tracking_event"), "{output:?}");
    assert_eq!(lines(&server).len(), before);
    server.start_again().await;
    server.stop().await;
    assert!(!lines(&server).is_empty(), "each event has a line");
}
