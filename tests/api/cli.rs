//! The command line: administrators, the demo family, and what is refused.

use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{
    Folders, Parent, Process, Settings, TestServer, goldstar, names, run_with_input,
};

fn create_admin(folders: &Folders, email: &str, input: &str) -> Output {
    let data = folders.data();
    let mut command = goldstar(data.parent().unwrap());
    command.args(["admin", "create", "--email", email, "--data-dir"]).arg(&data);
    run_with_input(command, input)
}

fn said(output: &Output) -> String {
    let streams = [&output.stdout, &output.stderr];
    streams.map(|stream| String::from_utf8_lossy(stream).into_owned()).join("\n")
}

#[tokio::test]
async fn an_administrator_is_made_on_the_command_line() {
    let folders = Folders::new();
    let created = create_admin(&folders, "ada@example.org", "correct horse battery\n");
    assert!(created.status.success(), "{}", said(&created));
    assert!(!said(&created).contains("correct horse"));
    let server = TestServer::on(folders, Settings::default()).await;
    let (email, password) = ("ada@example.org", "correct horse battery");
    let ada = Parent::log_in(server.nobody(), email, password).await;
    ada.get("/admin/tracking").await.expect(200);
}

#[tokio::test]
async fn an_administrator_is_refused_where_it_cannot_be() {
    let folders = Folders::new();
    for (email, password, complaint) in [
        ("no-address", "correct horse battery\n", "email"),
        ("ada@example.org", "short\n", "password"),
        ("ada@example.org", "", "password"),
    ] {
        let refused = create_admin(&folders, email, password);
        assert!(!refused.status.success(), "{email}");
        assert!(said(&refused).contains(complaint), "{}", said(&refused));
    }
    let password = "correct horse battery\n";
    assert!(create_admin(&folders, "ada@example.org", password).status.success());
    let twice = create_admin(&folders, "ADA@example.org", password);
    assert!(!twice.status.success());
    assert_eq!(folders.rows("users.json").len(), 1);
}

#[tokio::test]
async fn no_administrator_is_made_under_a_running_server() {
    let server = TestServer::process().await;
    let refused = create_admin(&server.folders, "ada@example.org", "correct horse battery\n");
    assert!(!refused.status.success());
    assert!(said(&refused).contains(&server.pid().to_string()), "{}", said(&refused));
}

#[tokio::test]
async fn help_and_mistakes_have_their_exit_codes() {
    let folders = Folders::new();
    std::fs::create_dir_all(folders.data()).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = goldstar(&folders.data());
        command.args(arguments).output().unwrap()
    };
    for help in [&["--help"][..], &["serve", "--help"], &["admin", "create", "--help"]] {
        let output = run(help);
        assert_eq!(output.status.code(), Some(0), "{help:?}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("--data-dir"), "{text}");
    }
    for mistake in [&["--no-such-flag"][..], &["serve", "--signup", "maybe"], &["dance"]] {
        assert_eq!(run(mistake).status.code(), Some(2), "{mistake:?}");
    }
    assert!(!run(&["--listen", "nowhere:x"]).status.success());
    let version = said(&run(&["--version"]));
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    assert_eq!(names(&folders.data()), [""; 0], "nothing was made");
}

#[tokio::test]
async fn every_flag_has_its_variable() {
    let folders = Folders::new();
    let data = folders.data();
    let mut command = goldstar(data.parent().unwrap());
    command.args(["admin", "create", "--email", "ada@example.org"]);
    command.env("GOLDSTAR_DATA_DIR", &data);
    let created = run_with_input(command, "correct horse battery\n");
    assert!(created.status.success(), "{}", said(&created));
    assert_eq!(folders.rows("users.json").len(), 1);
    for (value, is_understood) in [("1", true), ("0", true), ("yes", true), ("often", false)] {
        let mut command = goldstar(data.parent().unwrap());
        command.envs([("GOLDSTAR_DEMO", value), ("GOLDSTAR_NAMED_EVENTS", value)]);
        let code = command.args(["--listen", "nowhere:x"]).output().unwrap().status.code();
        assert_eq!(code, Some(if is_understood { 1 } else { 2 }), "{value}");
    }
    let mut command = goldstar(data.parent().unwrap());
    let help = said(&command.args(["serve", "--help"]).output().unwrap());
    for name in
        ["DATA_DIR", "LOG_DIR", "LISTEN", "SIGNUP", "POINTS_FLOOR", "LOG_MAX_BYTES", "LOG_BACKUPS"]
    {
        assert!(help.contains(&format!("GOLDSTAR_{name}")), "{name}: {help}");
    }
}

#[tokio::test]
async fn an_address_in_use_is_said() {
    let server = TestServer::process().await;
    let address = server.nobody().url("").replace("http://", "");
    let folders = Folders::new();
    let data = folders.data();
    let mut command = goldstar(data.parent().unwrap());
    let refused = command.args(["--listen", &address, "--data-dir"]).arg(&data).output().unwrap();
    assert!(!refused.status.success());
    assert!(said(&refused).contains(&address), "{}", said(&refused));
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_used_is_named_with_the_cause_once() {
    let folders = Folders::new();
    let data = folders.data();
    std::fs::create_dir_all(data.parent().unwrap()).unwrap();
    std::fs::write(&data, "a file").unwrap();
    let refused = Process::start(&folders, &[]).err().expect("it refuses");
    assert_eq!(refused.status.code(), Some(1));
    let said = said(&refused);
    assert!(said.contains(&*data.to_string_lossy()), "{said}");
    assert_eq!(said.matches("os error").count(), 1, "{said}");
}

/// The five curl lines among what a demo server printed.
fn curl_lines(printed: &[String]) -> Vec<String> {
    // One more is for a second terminal: `curl -N` goes on until it is ended.
    let lines = printed.iter().map(|line| line.trim()).filter(|line| !line.contains(" -N "));
    lines.filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_demos_five_curl_lines_work_as_printed() {
    let folders = Folders::new();
    let mut demo = Process::start(&folders, &["--demo".to_owned()]).expect("it starts");
    let printed = demo.read_until(|printed| curl_lines(printed).len() == 5);
    let everything = printed.join("\n");
    for login in ["parent@example.org", "admin@example.org"] {
        assert!(everything.contains(login), "{everything}");
    }
    // In a folder of its own: a line may write its cookies there.
    let workplace = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(workplace.path());
        shell.output().unwrap()
    };
    let mut changed = false;
    for line in curl_lines(&printed) {
        let output = run(&line);
        assert!(output.status.success(), "{line}: {}", said(&output));
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}: {}", said(&output)));
        assert!(answer.get("error").is_none(), "{line}: {answer}");
        changed |= answer.get("tracking_event").is_some();
    }
    assert!(changed, "one of them is a mutation");
    assert!(!folders.events().is_empty());
}

#[tokio::test]
async fn a_new_directory_is_told_how_to_begin_and_an_old_one_is_not() {
    let folders = Folders::new();
    let mut server = Process::start(&folders, &[]).expect("it starts");
    let begin = server.read_until(|printed| printed.iter().any(|line| line.contains("signup")));
    let line = begin.iter().find_map(|line| line.find("curl -c").map(|at| line[at..].to_owned()));
    let workplace = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &line.unwrap()]).current_dir(workplace.path()).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["user"]["email"], "ada@example.org", "{answer}");
    server.kill();
    let mut server = Process::start(&folders, &[]).expect("it starts again");
    let greeting = server.read_until(|printed| printed.iter().any(|line| line.contains("Try:")));
    assert!(!greeting.join("").contains("signup"), "{greeting:?}");
}

#[tokio::test]
async fn the_demo_refuses_a_directory_that_holds_records() {
    let mut server = TestServer::process().await;
    server.family().await;
    server.stop().await;
    let before = server.folders.json("users.json");
    let refused = Process::start(&server.folders, &["--demo".to_owned()]);
    let refused = refused.err().expect("it refuses");
    assert!(!refused.status.success());
    assert!(!said(&refused).trim().is_empty());
    assert_eq!(server.folders.json("users.json"), before);
    assert_eq!(before["_default"].as_object().unwrap().len(), 2, "{}", json!(before));
}
