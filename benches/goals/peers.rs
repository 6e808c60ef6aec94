//! The programs that Goldstar is compared with: the limits of axum and of a disk, a service on axum and `SQLite`, and a
//! Flask + TinyDB service.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::support::process::{Says, Server};

/// A program that `scripts/bench` has built or installed.
pub(crate) fn program(variable: &str) -> OsString {
    let program = env::var_os(variable);
    program.unwrap_or_else(|| panic!("{variable} is not set: start this by scripts/bench"))
}

/// Starts `benches/limits`. Its POST responses have that number of bytes, and its page is `page`.
pub(crate) fn limits(folder: &Path, answer_bytes: usize, page: &[u8]) -> Server {
    let (file, journal) = (folder.join("page"), folder.join("limit.journal"));
    fs::write(&file, page).unwrap();
    let mut command = Command::new(program("BENCH_LIMITS"));
    command.arg(file).arg(journal).arg(answer_bytes.to_string());
    Server::start(&mut command, Says::OnOutput).unwrap()
}

/// Starts `benches/peers/sqlite` on a copy of the records in `folder/data`.
pub(crate) fn sqlite(folder: &Path) -> Server {
    let mut command = Command::new(program("BENCH_SQLITE"));
    command.arg(folder.join("data")).arg(folder.join("peer.sqlite"));
    Server::start(&mut command, Says::OnOutput).unwrap()
}

/// Starts `benches/peers/flask_tinydb` on the records in `folder/data`, with its logs beside them.
pub(crate) fn flask(folder: &Path) -> Server {
    let logs = folder.join("logs");
    fs::create_dir_all(&logs).unwrap();
    let app = format!("app:create_app('{}', '{}')", folder.join("data").display(), logs.display());
    let mut command = Command::new(program("BENCH_PYTHON"));
    command.args(["-m", "gunicorn", "--workers", "1", "--threads", "8"]);
    command.args(["--bind", "127.0.0.1:0", "--chdir", "benches/peers/flask_tinydb", &app]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    Server::start(&mut command, Says::OnError).unwrap()
}
