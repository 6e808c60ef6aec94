//! The command line: administrators, the demo family, and errors.

use std::process::{Command, Output};

use serde_json::json;

use crate::harness::{
    DEADLINE, Folders, Parent, Process, Settings, TestServer, goldstar, names, run_with_input,
};

/// Folders in which a server has created its files.
async fn served() -> Folders {
    let mut server = TestServer::start().await;
    server.stop().await;
    server.folders.clone()
}

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

/// All lines that a server has printed, once they are `enough`.
fn read_until(server: &mut Process, enough: impl Fn(&[String]) -> bool) -> Vec<String> {
    while !enough(&server.head) {
        let line = server.lines.recv_timeout(DEADLINE);
        let line = line.unwrap_or_else(|_| panic!("it only printed {:?}", server.head));
        server.head.push(line);
    }
    server.head.clone()
}

#[tokio::test]
async fn an_administrator_is_created_on_the_command_line() {
    let folders = served().await;
    let created = create_admin(&folders, "ada@example.org", "correct horse battery\n");
    assert!(created.status.success(), "{}", said(&created));
    assert!(!said(&created).contains("correct horse"));
    let data = format!("an administrator now, in {}.", folders.data().display());
    assert!(said(&created).contains(&data), "{}", said(&created));
    let server = TestServer::on(folders, Settings::default()).await;
    let (email, password) = ("ada@example.org", "correct horse battery");
    let ada = Parent::log_in(server.nobody(), email, password).await;
    ada.get("/admin/tracking").await.expect(200);
}

#[tokio::test]
async fn an_administrator_that_cannot_be_created_is_an_error() {
    let folders = served().await;
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
    let accounts = folders.rows("users.json");
    assert_eq!(accounts.iter().filter(|(_, row)| row["email"] == "ada@example.org").count(), 1);
}

#[tokio::test]
async fn an_administrator_is_created_beside_a_running_server() {
    let server = TestServer::process().await;
    let created = create_admin(&server.folders, "eva@example.org", "correct horse battery\n");
    assert!(created.status.success(), "{}", said(&created));
    let eva = Parent::log_in(server.nobody(), "eva@example.org", "correct horse battery").await;
    eva.get("/admin/tracking").await.expect(200);
    let twice = create_admin(&server.folders, "eva@example.org", "correct horse battery\n");
    assert_eq!(twice.status.code(), Some(1));
    assert!(said(&twice).contains("EMAIL_TAKEN"), "{}", said(&twice));
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
    for mistake in [
        &["--no-such-flag"][..],
        &["serve", "--signup", "maybe"],
        &["--listen", "nowhere:x"],
        &["health", "--log-dir", "logs"],
        &["dance"],
    ] {
        assert_eq!(run(mistake).status.code(), Some(2), "{mistake:?}");
    }
    assert_eq!(run(&["--listen", "192.0.2.1:1"]).status.code(), Some(1));
    let version = said(&run(&["--version"]));
    assert!(version.contains(env!("CARGO_PKG_VERSION")), "{version}");
    assert_eq!(names(&folders.data()), [""; 0], "nothing was made");
}

#[tokio::test]
async fn exit_codes_are_the_same_without_an_output() {
    let folders = Folders::new();
    folders.put("children.json", "{");
    for (argument, code) in [("--listen=192.0.2.1:1", 1), ("--signup=maybe", 2), ("--demo", 78)] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = goldstar(folders.data().parent().unwrap());
        command.arg(argument).env("GOLDSTAR_LISTEN", "127.0.0.1:0").stderr(full);
        assert_eq!(command.status().unwrap().code(), Some(code), "{argument}");
    }
}

#[tokio::test]
async fn an_administrator_is_created_from_variables_and_a_file() {
    let folders = served().await;
    let data = folders.data();
    let root = data.parent().unwrap();
    std::fs::write(root.join("password"), "correct horse battery \r\nanother line\n").unwrap();
    let mut command = goldstar(root);
    command.args(["admin", "create"]).env("GOLDSTAR_DATA_DIR", &data).envs([
        ("GOLDSTAR_ADMIN_EMAIL", "ada@example.org"),
        ("GOLDSTAR_ADMIN_PASSWORD_FILE", "password"),
    ]);
    let created = run_with_input(command, "another password\n");
    assert!(created.status.success(), "{}", said(&created));
    let create = |password_file: &str, input: &str| {
        let mut command = goldstar(root);
        command.args(["admin", "create", "--email", "eve@example.org", "--data-dir"]).arg(&data);
        command.env("GOLDSTAR_ADMIN_PASSWORD_FILE", password_file);
        run_with_input(command, input)
    };
    let missing = create("nowhere", "correct horse battery\n");
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("nowhere can't be read"), "{}", said(&missing));
    assert!(create("", "from the input\n").status.success(), "an empty variable is not set");

    let server = TestServer::on(folders, Settings::default()).await;
    for (email, password) in
        [("ada@example.org", "correct horse battery "), ("eve@example.org", "from the input")]
    {
        let admin = Parent::log_in(server.nobody(), email, password).await;
        admin.get("/admin/tracking").await.expect(200);
    }
}

#[test]
fn the_help_begins_with_commands_and_the_settings_that_matter_first() {
    let folder = tempfile::tempdir().unwrap();
    let help = |arguments: &[&str]| {
        let output = goldstar(folder.path()).args(arguments).arg("--help").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let assert_order = |text: &str, parts: &[&str]| {
        let places: Vec<_> = parts.iter().map(|part| text.find(part).expect(part)).collect();
        assert!(places.is_sorted(), "{parts:?} in {text}");
    };
    let parts = ["Commands:", "\n  serve", "\n  admin", "--public-url", "--signup", "--listen"];
    assert_order(&help(&[]), &parts);
    assert_order(&help(&[]), &["--demo", "Examples:", "goldstar --demo"]);
    assert!(!help(&[]).contains("_TIMEOUT"), "{}", help(&[]));
    let headings = ["--trusted-proxies", "Limits:", "Timeouts:", "Logs:", "Deletion of accounts:"];
    assert_order(&help(&["serve"]), &headings);
    for command in [&["health"][..], &["check"], &["salvage"], &["admin", "create"]] {
        assert!(help(command).contains("Examples:\n  goldstar "), "{}", help(command));
    }
}

/// The soft limit of a process's open files.
fn open_files(pid: u32) -> u64 {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    line.split_whitespace().nth(3).unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_limit_of_open_files_is_raised_for_the_connections() {
    let folders = Folders::new();
    let flags = ["--max-connections=500".to_owned()];
    let start = |limits: &str| Process::start_after(limits, &folders, &flags).expect("it starts");
    let server = start("ulimit -Sn 300; ulimit -Hn 1024");
    let raised = open_files(server.pid());
    assert_eq!(raised, 948);
    let said = server.stop_and_read("TERM").1;
    assert!(!said.contains("WARN"), "{said}");

    let server = start("ulimit -n 512");
    assert_eq!(open_files(server.pid()), 512);
    let said = server.stop_and_read("TERM").1;
    let warnings: Vec<_> = said.lines().filter(|line| line.contains("WARN")).collect();
    assert!(matches!(*warnings, [line] if line.contains("max_connections=64")), "{said}");

    let refused =
        Process::start_after("ulimit -n 448", &folders, &flags).err().expect("it refuses");
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("allows this process 448 open files") && said.contains("449"), "{said}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let server = TestServer::process().await;
    let address = server.nobody().url("").replace("http://", "");
    let folders = Folders::new();
    let data = folders.data();
    let mut command = goldstar(data.parent().unwrap());
    let refused = command.args(["--listen", &address, "--data-dir"]).arg(&data).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    for part in [&*address, "another program uses this port", "--listen ", "GOLDSTAR_LISTEN="] {
        assert!(said(&refused).contains(part), "{}", said(&refused));
    }
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
    // Another line is for a second terminal: `curl -N` does not end by itself.
    let lines = printed.iter().map(|line| line.trim()).filter(|line| !line.contains(" -N "));
    lines.filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_demos_five_curl_lines_work_as_printed() {
    let folders = Folders::new();
    let mut demo = Process::start(&folders, &["--demo".to_owned()]).expect("it starts");
    let printed = read_until(&mut demo, |printed| curl_lines(printed).len() == 5);
    let everything = printed.join("\n");
    for login in ["parent@example.org", "admin@example.org"] {
        assert!(everything.contains(login), "{everything}");
    }
    assert!(everything.contains(&format!(" {}/demo\n", demo.address)), "{everything}");
    // In its own folder, because a line may write its cookies there.
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
    assert_eq!(names(workplace.path()), [""; 0]);
    assert_eq!(names(folders.data().parent().unwrap()), ["data", "data.cookies", "logs"]);
}

#[tokio::test]
async fn the_first_steps_are_printed_for_a_new_directory_only() {
    let folders = Folders::new();
    let mut server = Process::start(&folders, &[]).expect("it starts");
    let begin =
        read_until(&mut server, |printed| printed.iter().any(|line| line.contains("signup")));
    let line = begin.iter().find_map(|line| line.find("curl -c").map(|at| line[at..].to_owned()));
    let workplace = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &line.unwrap()]).current_dir(workplace.path()).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["user"]["email"], "ada@example.org", "{answer}");
    server.kill();
    let mut server = Process::start(&folders, &[]).expect("it starts again");
    let greeting =
        read_until(&mut server, |printed| printed.iter().any(|line| line.contains("Try:")));
    assert!(!greeting.join("").contains("signup"), "{greeting:?}");
}

#[tokio::test]
async fn the_demo_refuses_a_directory_with_records() {
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

#[tokio::test]
async fn only_a_server_creates_a_directory() {
    let folders = Folders::new();
    std::fs::create_dir_all(folders.root().join("empty")).unwrap();
    for (directory, why) in
        [("nowhere", "there is no directory nowhere"), ("empty", "empty is not a data directory")]
    {
        for command in [
            &["admin", "create", "--email", "ada@example.org", "--data-dir"][..],
            &["check", "--data-dir"],
            &["check"],
            &["checkpoint", "--data-dir"],
        ] {
            let mut command_line = goldstar(folders.root());
            command_line.args(command).arg(directory);
            let refused = run_with_input(command_line, "correct horse battery\n");
            assert_eq!(refused.status.code(), Some(1), "{command:?}: {}", said(&refused));
            assert!(said(&refused).contains(why), "{command:?}: {}", said(&refused));
        }
    }
    assert_eq!(names(folders.root()), ["empty"]);
    assert_eq!(names(&folders.root().join("empty")), [""; 0]);
}

#[tokio::test]
async fn a_packaged_installation_is_found_by_every_command() {
    let folders = served().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let settings = elsewhere.path().join("packaged.toml");
    let (data, logs) = (folders.data(), folders.logs());
    std::fs::write(&settings, format!("data_dir = {data:?}\nlog_dir = {logs:?}\n")).unwrap();
    let work = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = goldstar(work.path());
        command.args(arguments).env("GOLDSTAR_PACKAGED_CONFIG", &settings);
        run_with_input(command, "correct horse battery\n")
    };
    for arguments in [
        &["check"][..],
        &["checkpoint"],
        &["admin", "create", "--email", "ada@example.org"],
        &["salvage", "--out", "copy"],
        &["config"],
    ] {
        let done = run(arguments);
        assert_eq!(done.status.code(), Some(0), "{arguments:?}: {}", said(&done));
        assert!(said(&done).contains(&*data.to_string_lossy()), "{arguments:?}: {}", said(&done));
    }
    // Any other setting of a directory or a file takes precedence.
    std::fs::write(work.path().join("own.toml"), "data_dir = \"other\"\n").unwrap();
    for (arguments, directory) in [
        (&["check", "other"][..], "other"),
        (&["check", "--data-dir", "other"], "other"),
        (&["checkpoint", "--config", "own.toml"], "other"),
    ] {
        let refused = run(arguments);
        let why = format!("there is no directory {directory}:");
        assert!(said(&refused).contains(&why), "{arguments:?}: {}", said(&refused));
    }
    std::fs::rename(work.path().join("own.toml"), work.path().join("goldstar.toml")).unwrap();
    assert!(said(&run(&["check"])).contains("there is no directory other:"));
}

#[tokio::test]
async fn a_server_says_whether_it_has_created_its_directory() {
    let folders = Folders::new();
    let second_line = |server: &mut Process| {
        let printed = read_until(server, |printed| printed.len() > 1);
        printed[1].clone()
    };
    let data = folders.data();
    let mut server = Process::start(&folders, &[]).expect("it starts");
    assert_eq!(
        second_line(&mut server).trim(),
        format!("Data: {} (new, 0 accounts)", data.display())
    );
    server.stop_and_read("TERM");
    let created = create_admin(&folders, "ada@example.org", "correct horse battery\n");
    assert!(created.status.success(), "{}", said(&created));
    let mut server = Process::start(&folders, &[]).expect("it starts again");
    assert_eq!(second_line(&mut server).trim(), format!("Data: {} (1 account)", data.display()));
}
