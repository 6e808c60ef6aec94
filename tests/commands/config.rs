//! Settings: their sources and their precedence.

mod errors;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use goldstar::config::{FIXED, Kind, SETTINGS, Setting};
use tempfile::TempDir;

use crate::harness::{goldstar, names};

const TOKEN: &str = "0123456789abcdef-secret";

/// A folder with a file of settings in it.
fn folder_with(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command: Command = goldstar(folder);
    command.args(arguments).envs(variables.iter().copied()).output().unwrap()
}

/// The output of `goldstar config`: the line of each setting without its origin, and the origin.
fn config(
    folder: &Path,
    flags: &[&str],
    variables: &[(&str, &str)],
) -> BTreeMap<String, (String, String)> {
    let output = run(folder, &[&["config"], flags].concat(), variables);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{flags:?} {variables:?}: {errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains(TOKEN), "{text}");
    let line = |line: &str| {
        let (assignment, origin) = line.rsplit_once("  # ").unwrap();
        let key = assignment.trim_start_matches("# ").split(' ').next().unwrap();
        // A secret in a file and a secret as text are one setting.
        let key = key.trim_end_matches("_file");
        (key.to_owned(), (assignment.trim().to_owned(), origin.to_owned()))
    };
    text.lines().map(line).collect()
}

/// Checks that `config` and `serve` fail with the same message and exit code 2, and change nothing.
/// Returns the message.
#[track_caller]
fn refusal(folder: &Path, flags: &[&str], variables: &[(&str, &str)]) -> String {
    let before = names(folder);
    let outputs = ["config", "serve"].map(|command| {
        let output = run(folder, &[&[command], flags].concat(), variables);
        assert_eq!(output.status.code(), Some(2), "{flags:?} {variables:?}: {output:?}");
        assert_eq!(output.stdout, b"");
        String::from_utf8(output.stderr).unwrap()
    });
    assert_eq!(outputs[0], outputs[1]);
    assert!(!outputs[0].contains(TOKEN), "{}", outputs[0]);
    assert_eq!(names(folder), before, "something was made");
    outputs[0].clone()
}

#[track_caller]
fn assert_set(
    printed: &BTreeMap<String, (String, String)>,
    key: &str,
    assignment: &str,
    origin: &str,
) {
    assert_eq!(printed[key], (assignment.to_owned(), origin.to_owned()));
}

#[test]
fn all_four_sources_are_combined() {
    let folder = folder_with(
        "goldstar.toml",
        "listen = \"127.0.0.1:1\"\nlog_dir = \"a\"\nmax_connections = 1\nsignup = \"closed\"\n",
    );
    let variables =
        [("GOLDSTAR_LISTEN", "127.0.0.1:2"), ("GOLDSTAR_LOG_DIR", "b"), ("GOLDSTAR_DEMO", "yes")];
    let printed = config(folder.path(), &["--listen", "127.0.0.1:3", "--data-dir=c"], &variables);
    assert_eq!(printed.len(), SETTINGS.len(), "{printed:?}");
    // Flag over variable over file, flag over default, variable over file, variable over default,
    // file over default, and a default.
    assert_set(&printed, "listen", "listen = \"127.0.0.1:3\"", "--listen");
    assert_set(&printed, "data_dir", "data_dir = \"c\"", "--data-dir");
    assert_set(&printed, "log_dir", "log_dir = \"b\"", "GOLDSTAR_LOG_DIR");
    assert_set(&printed, "demo", "demo = true", "GOLDSTAR_DEMO");
    assert_set(&printed, "max_connections", "max_connections = 1", "goldstar.toml");
    assert_set(&printed, "signup", "signup = \"closed\"", "goldstar.toml");
    assert_set(&printed, "login_window", "login_window = 600", "default");
    // Flag over file, without a variable between them.
    let printed = config(folder.path(), &["--max-connections", "7", "--signup=open"], &[]);
    assert_set(&printed, "max_connections", "max_connections = 7", "--max-connections");
    assert_set(&printed, "signup", "signup = \"open\"", "--signup");
}

#[test]
fn an_overridden_value_is_not_validated() {
    let folder = folder_with(
        "goldstar.toml",
        "login_window = 0\npublic_url = \"x\"\nmonitoring_token_file = \"not there\"\n",
    );
    let token = folder.path().join("token");
    fs::write(&token, TOKEN).unwrap();
    let variables = [("GOLDSTAR_LOGIN_WINDOW", "often"), ("GOLDSTAR_PUBLIC_URL", "http://a")];
    let token = token.to_string_lossy();
    let flags = ["--login-window=9", "--monitoring-token-file", &token];
    let printed = config(folder.path(), &flags, &variables);
    assert_set(&printed, "login_window", "login_window = 9", "--login-window");
}

/// The last of the values that a setting accepts.
fn last(setting: &Setting, separator: &str) -> String {
    setting.range().unwrap().rsplit(separator).next().unwrap().to_owned()
}

/// A valid value that is not the default, as it would be written in a variable.
fn other_value(setting: &Setting) -> String {
    match (&*setting.key, setting.kind) {
        ("listen", _) => "[::1]:81".to_owned(),
        ("public_url", _) => "https://goldstar.example.org".to_owned(),
        ("allowed_origins", _) => "http://a,https://b".to_owned(),
        ("trusted_proxies", _) => "10.0.0.0/8,::1".to_owned(),
        ("webhook_allow", _) => "192.168.1.0/24,home.local".to_owned(),
        ("account_fields", _) => "timezone,locale".to_owned(),
        ("session_cookie", _) => "family".to_owned(),
        ("server_log", _) => "warn,goldstar=debug".to_owned(),
        ("body_timeout", _) => "59".to_owned(),
        ("time_zone", _) => "Europe/Berlin".to_owned(),
        (_, Kind::Number) => last(setting, " to "),
        (_, Kind::Switch) => (setting.default != "true").to_string(),
        (_, Kind::Secret | Kind::Hidden) => TOKEN.to_owned(),
        (_, Kind::Text) if setting.range().is_some() => last(setting, " or "),
        (key, Kind::Text) => format!("another '{key}' \"or two\""),
        (key, Kind::List) => panic!("which value can {key} have?"),
    }
}

/// The variable of another setting without which a setting is an error.
fn needed_by(key: &str) -> Option<&'static str> {
    (key == "backup_dir").then_some("GOLDSTAR_ERASURES_DIR")
}

/// In the form of a settings file.
fn assignment(setting: &Setting, value: &str) -> String {
    let text = match setting.kind {
        Kind::Number | Kind::Switch => value.to_owned(),
        Kind::List => format!("{:?}", value.split(',').collect::<Vec<_>>()),
        Kind::Text | Kind::Secret | Kind::Hidden => format!("{value:?}"),
    };
    format!("{} = {text}", setting.key)
}

/// Whether the value of a setting is printed.
fn is_shown(setting: &Setting) -> bool {
    !matches!(setting.kind, Kind::Secret | Kind::Hidden)
}

#[test]
fn the_url_of_a_database_is_never_shown() {
    let url = "postgres://ada:secret-1@db.example.org/goldstar";
    let line = format!("database_url = \"{url}\"\ndatabase_listen_url = \"{url}\"");
    let folder = folder_with("goldstar.toml", &line);
    let empty = tempfile::tempdir().unwrap();
    let flags = ["--database-url", "--database-listen-url"].map(|flag| format!("{flag}={url}"));
    let variables = ["GOLDSTAR_DATABASE_URL", "GOLDSTAR_DATABASE_LISTEN_URL"];
    for (printed, origins) in [
        (config(folder.path(), &[], &[]), ["goldstar.toml", "goldstar.toml"]),
        (config(empty.path(), &[], &variables.map(|name| (name, url))), variables),
        (
            config(empty.path(), &[&flags[0], &flags[1]], &[]),
            ["--database-url", "--database-listen-url"],
        ),
    ] {
        assert_set(&printed, "database_url", "# database_url is set", origins[0]);
        let listen = "# database_listen_url is set";
        assert_set(&printed, "database_listen_url", listen, origins[1]);
    }
    let alone = run(empty.path(), &["config", &flags[1]], &[]);
    let text = String::from_utf8(alone.stderr).unwrap();
    assert_eq!(alone.status.code(), Some(2), "{text}");
    assert!(text.contains("needs `database_url`") && !text.contains("secret-1"), "{text}");
    for wrong in ["secret-1", "postgres://ada:secret-1@/goldstar", "postgres://ada:secret-1@h/?x=1"]
    {
        let refused = run(empty.path(), &["config", &format!("--database-url={wrong}")], &[]);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains("--database-url must have the form postgres://"), "{text}");
        assert!(!text.contains("secret-1"), "{text}");
    }
    let (flag, variables) = ("--database-url=postgres://ada:secret-1@127.0.0.1:1/goldstar", &[]);
    for command in [&["salvage", "--out=new"][..], &["checkpoint"]] {
        let refused = run(empty.path(), command, &[("GOLDSTAR_DATABASE_URL", url)]);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains("name the data directory with --data-dir"), "{text}");
    }
    for command in [&["serve", "--listen=127.0.0.1:0", flag][..], &["check", flag]] {
        let refused = run(empty.path(), command, variables);
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains("start PostgreSQL there"), "{text}");
        assert!(!refused.status.success() && !text.contains("secret-1"), "{text}");
    }
}

#[test]
fn every_setting_has_its_key_its_variable_and_its_flag() {
    let empty = tempfile::tempdir().unwrap();
    let parse = |line: &str| line.parse::<toml::Table>().unwrap();
    for setting in SETTINGS.iter().filter(|setting| is_shown(setting)) {
        let key = &*setting.key;
        let value = other_value(setting);
        let line = assignment(setting, &value);
        let folder = folder_with("goldstar.toml", &line);
        let flag = format!("{}={value}", setting.flag());
        let variable = setting.variable();
        let needed = needed_by(key);
        let needed_variables = needed.map(|needed| (needed, "x"));
        let needed_variables = needed_variables.as_slice();
        let with_needed = [needed_variables, &[(&*variable, &*value)]].concat();
        for (printed, origin) in [
            (config(folder.path(), &[], needed_variables), "goldstar.toml"),
            (config(empty.path(), &[], &with_needed), &*variable),
            (config(empty.path(), &[&flag], needed_variables), &setting.flag()),
        ] {
            assert_eq!(parse(&printed[key].0), parse(&line));
            assert_eq!(printed[key].1, origin);
            let is_other = |(other, (_, origin)): &(&String, &(String, String))| {
                *other != key && needed.is_none_or(|needed| needed != origin)
            };
            let others = printed.iter().filter(is_other);
            assert!(others.into_iter().all(|(_, (_, origin))| origin == "default"), "{printed:?}");
        }
    }
}

#[test]
fn the_printed_settings_mean_the_same_as_a_file() {
    let folder = folder_with("token", TOKEN);
    let mut flags = Vec::new();
    for setting in SETTINGS.iter().filter(|setting| setting.kind != Kind::Hidden) {
        let is_secret = setting.kind == Kind::Secret;
        let value = if is_secret { "token".to_owned() } else { other_value(setting) };
        flags.push(format!("{}={value}", setting.flag()));
    }
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let saved = run(folder.path(), &[&["config"], &*flags].concat(), &[]).stdout;
    fs::write(folder.path().join("goldstar.toml"), &saved).unwrap();
    let assignments = |printed: BTreeMap<String, (String, String)>| {
        printed.into_iter().map(|(key, (assignment, _))| (key, assignment)).collect::<Vec<_>>()
    };
    let (before, after) = (config(folder.path(), &flags, &[]), config(folder.path(), &[], &[]));
    let mut origins = after.iter().filter(|(key, _)| !key.starts_with("database_"));
    assert!(origins.all(|(_, (_, origin))| origin == "goldstar.toml"), "{after:?}");
    assert_eq!(assignments(before), assignments(after));
}

#[test]
fn the_printed_defaults_are_a_valid_file() {
    let folder = tempfile::tempdir().unwrap();
    let saved = run(folder.path(), &["config"], &[]).stdout;
    fs::write(folder.path().join("mine.toml"), saved).unwrap();
    let printed = config(folder.path(), &["--config", "mine.toml"], &[]);
    for setting in SETTINGS.iter() {
        assert_eq!(printed[&setting.key].1, "mine.toml");
    }
}

#[test]
fn unusual_spellings_are_printed_in_the_form_of_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [
        ("GOLDSTAR_DEMO", "YES"),
        ("GOLDSTAR_NAMED_EVENTS", "0"),
        ("GOLDSTAR_LOG_BACKUPS", "+007"),
        ("GOLDSTAR_TRUSTED_PROXIES", " ::1 ,, 10.0.0.0/8,"),
    ];
    let printed = config(folder.path(), &["--points-floor", "-5"], &variables);
    assert_eq!(printed["demo"].0, "demo = true");
    assert_eq!(printed["named_events"].0, "named_events = false");
    assert_eq!(printed["log_backups"].0, "log_backups = 7");
    assert_eq!(printed["trusted_proxies"].0, "trusted_proxies = [\"::1\", \"10.0.0.0/8\"]");
    assert_eq!(printed["points_floor"].0, "points_floor = -5");
    assert_eq!(config(folder.path(), &["--demo"], &[])["demo"].0, "demo = true");
    assert_eq!(config(folder.path(), &["--demo=off"], &variables)["demo"].0, "demo = false");
}

#[test]
fn a_secret_comes_from_four_places_and_is_never_shown() {
    let folder = folder_with("token", &format!("{TOKEN}\n"));
    let path = folder.path();
    let file = "monitoring_token_file = \"token\"";
    let is_set = "# monitoring_token is set";
    let printed = |flags: &[&str], variables: &[(&str, &str)], text: &str| {
        fs::write(path.join("goldstar.toml"), text).unwrap();
        config(path, flags, variables)["monitoring_token"].clone()
    };
    for (flags, variables, text, assignment, origin) in [
        (&[][..], &[][..], "", "monitoring_token = \"\"", "default"),
        (&[], &[], "monitoring_token = \"0123456789abcdef-secret\"", is_set, "goldstar.toml"),
        (&[], &[], file, file, "goldstar.toml"),
        (&[], &[("GOLDSTAR_MONITORING_TOKEN", TOKEN)], "", is_set, "GOLDSTAR_MONITORING_TOKEN"),
        (
            &[],
            &[("GOLDSTAR_MONITORING_TOKEN_FILE", "token")],
            "monitoring_token = \"overridden\"",
            file,
            "GOLDSTAR_MONITORING_TOKEN_FILE",
        ),
        (
            &["--monitoring-token-file", "token"],
            &[("GOLDSTAR_MONITORING_TOKEN", "overridden")],
            "monitoring_token_file = \"not there\"",
            file,
            "--monitoring-token-file",
        ),
    ] {
        let expected = (assignment.to_owned(), origin.to_owned());
        assert_eq!(printed(flags, variables, text), expected);
    }
}

#[test]
fn the_settings_that_need_a_restart_are_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operations.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, section) = text.split_once("\n### Changing settings while the server runs\n").unwrap();
    let (section, _) = section.split_once("\n### ").unwrap();
    let (_, list) = section.split_once("These settings need a restart").unwrap();
    let (list, _) = list.split_once(". If a setting is wrong").unwrap();
    let documented: Vec<_> = list.split('`').skip(1).step_by(2).collect();
    assert_eq!(documented, FIXED);
    assert!(FIXED.iter().all(|key| SETTINGS.iter().any(|setting| setting.key == *key)));
}
