//! The examples of `docs/tokens.md`.

use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use super::Program;
use crate::harness::{Family, TestServer, block_of, send};

const PAGE: &str = "docs/tokens.md";

/// Runs the script without blocking the server; returns its output.
async fn run(script: String, arguments: [String; 2], url: String, secret: String) -> String {
    let run = move || {
        let mut command = Command::new("sh");
        command.args(["-c", &script, "done.sh"]).args(arguments);
        command.env("GOLDSTAR_URL", url).env("GOLDSTAR_TOKEN", secret).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn the_script_activates_a_task_once_a_day() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let Family { parent, child, task, .. } = &family;
    let program = Program::of(parent, server.nobody(), &["activate"]).await;
    let script = block_of(PAGE, "## A shell script", "sh", 0);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let arguments = [child.clone(), task.clone()];
        let url = server.nobody().url("");
        let printed = run(script.clone(), arguments, url, program.secret.clone()).await;
        let printed: Value = serde_json::from_str(&printed).unwrap();
        ids.push(printed["tracking_event"]["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_eq!(parent.points(child).await, 55);
}

#[tokio::test]
async fn the_configuration_reads_points_and_activates_a_task() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let Family { parent, child, task, .. } = &family;
    let program = Program::of(parent, server.nobody(), &["read", "activate"]).await;
    let block = block_of(PAGE, "## Home Assistant", "yaml", 0);
    let path = |after: &str| {
        let (_, rest) = block.split_once(after).unwrap();
        let line = rest.lines().next().unwrap().trim();
        let path = line.strip_prefix("http://goldstar.local:5000").unwrap();
        path.replace("CHILD", child).replace("TASK", task)
    };
    let ask = async |method: Method, path: String| {
        let request = server.nobody().request(method, &path);
        let header = format!("Bearer {}", program.secret);
        send(request.header("Authorization", header)).await.expect(200)
    };
    ask(Method::POST, path("url:")).await;
    let read = ask(Method::GET, path("resource:")).await;
    assert!(block.contains("{{ value_json.child.points }}"));
    assert_eq!(read["child"]["points"], json!(55));
}
