//! The systemd unit and its settings file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

use goldstar::config::Config;

use super::{read, root, settings_in};
use crate::harness::forbidden;

const UNIT: &str = "packaging/goldstar.service";
const SETTINGS_FILE: &str = "packaging/goldstar.toml";
/// The highest accepted exposure by `systemd-analyze security`, in tenths of its points: the
/// service needs the network and little else.
const EXPOSURE: &str = "15";

/// The value of a key of the unit.
fn unit(key: &str) -> String {
    let text = read(UNIT);
    let mut values = text.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("the unit has no {key}")).to_owned()
}

/// The program, without the environment's settings.
fn goldstar() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goldstar"));
    command.env_clear();
    command
}

/// Runs `systemd-analyze` on the unit, with the program under test instead of the installed one.
/// `None` if the machine has no systemd.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goldstar.service");
    let installed = "ExecStart=goldstar ";
    assert!(read(UNIT).contains(installed));
    let here = format!("ExecStart={} ", env!("CARGO_BIN_EXE_goldstar"));
    fs::write(&path, read(UNIT).replace(installed, &here)).unwrap();
    let output = Command::new("systemd-analyze").args(arguments).arg(&path).output();
    match output {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            forbidden("the check of the systemd unit: there is no systemd-analyze");
            None
        }
        output => Some(output.unwrap()),
    }
}

#[test]
fn systemd_accepts_the_unit() {
    let Some(output) = analyze(&["verify"]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn the_service_is_sandboxed() {
    let threshold = format!("--threshold={EXPOSURE}");
    let Some(output) = analyze(&["security", "--offline=true", "--no-pager", &threshold]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_unit_fits_the_program() {
    assert_eq!(unit("ExecStart"), "goldstar serve --config /etc/goldstar/goldstar.toml");
    let settings = settings_in(&read(SETTINGS_FILE));
    let limits = Config::default().http.limits;
    let number = |key: &str| unit(key).parse::<u64>().unwrap();
    assert!(number("TimeoutStopSec") > limits.shutdown_timeout.as_secs());
    assert!(number("LimitNOFILE") > u64::try_from(limits.max_connections).unwrap());
    assert_eq!(unit("KillSignal"), "SIGTERM");
    for (key, parent, setting) in
        [("StateDirectory", "/var/lib", "data_dir"), ("LogsDirectory", "/var/log", "log_dir")]
    {
        let made = format!("{parent}/{}", unit(key));
        assert_eq!(settings[setting].as_str(), Some(&*made), "{key}");
        assert_eq!(unit(&format!("{key}Mode")), "0700");
    }
}

/// These are all exit codes after which a person must do something.
#[test]
fn the_unit_is_not_restarted_after_errors_that_need_an_operator() {
    assert_eq!(unit("RestartPreventExitStatus"), "2 78");
    let folder = tempfile::tempdir().unwrap();
    let ends = |arguments: &[&str]| {
        let output = goldstar().current_dir(&folder).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = ends(&["serve", "--points-floor", "low"]);
    assert_eq!(code, Some(2), "{said}");
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("children.json"), "{").unwrap();
    let (code, said) = ends(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(78), "{said}");
}

/// The output of `goldstar config` for a file.
fn resolved(path: &Path) -> toml::Table {
    let output = goldstar().args(["config", "--config"]).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    settings_in(&String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_example_file_is_read() {
    let resolved = resolved(&root().join(SETTINGS_FILE));
    let written = settings_in(&read(SETTINGS_FILE));
    assert!(written.len() > 2, "{written:?}");
    for (key, value) in written {
        assert_eq!(resolved[&key], value, "{key}");
    }
}

/// The commented settings are valid too, once the comment sign is removed.
#[test]
fn the_comments_of_the_example_are_settings() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "0123456789abcdef").unwrap();
    let is_shown =
        |rest: &str| rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains(" = ");
    let mut shown = Vec::new();
    for line in read(SETTINGS_FILE).lines() {
        if let Some(rest) = line.strip_prefix('#').filter(|rest| is_shown(rest)) {
            shown.push(rest.replace("/etc/goldstar/monitoring_token", &token.to_string_lossy()));
        }
    }
    assert!(shown.len() > 3, "{shown:?}");
    let path = folder.path().join("goldstar.toml");
    fs::write(&path, shown.join("\n")).unwrap();
    resolved(&path);
}
