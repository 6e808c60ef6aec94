//! The real TinyDB, the real werkzeug, and a reader of calendars.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs a script of `tests/python` with arguments and standard input.
pub(crate) fn python(script: &str, arguments: &[&Path], input: &str) -> Output {
    let mut command = python_command(script);
    let mut running = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}: {ADVICE}"));
    let mut stdin = running.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = running.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("ModuleNotFoundError"), "{errors}{ADVICE}");
    assert!(!errors.contains("Traceback"), "{script}: {errors}");
    output
}

/// A script of `tests/python`, without its arguments.
pub(crate) fn python_command(script: &str) -> Command {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let mut command = Command::new(interpreter());
    command.arg(tests.join(script));
    command
}

const ADVICE: &str = "This test needs Python with TinyDB and werkzeug: run `scripts/test`, which \
    installs them.";

fn interpreter() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    std::env::var_os("GOLDSTAR_TEST_PYTHON").map_or_else(own, PathBuf::from)
}
