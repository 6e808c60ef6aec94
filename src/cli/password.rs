//! A password that a command reads. It is never an argument, which other users could see.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::Path;

use clap::Args;

use super::failure::Failure;

#[derive(Args)]
pub(super) struct Password {
    /// File whose first line is the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<OsString>,
}

impl Password {
    /// Reads it from the file. Without one, asks on the terminal, or reads a line of the standard input.
    pub(super) fn read(&self) -> Result<String, Failure> {
        read_password(self.password_file.as_ref())
    }
}

/// Reads a password from a file. An empty path counts as none.
pub(super) fn read_password(file: Option<&OsString>) -> Result<String, Failure> {
    match file.filter(|path| !path.is_empty()) {
        Some(path) => read_password_in(Path::new(path)),
        None => ask_for_password(),
    }
}

fn read_password_in(path: &Path) -> Result<String, Failure> {
    let unreadable = || Failure::io(format!("{} can't be read", path.display()));
    let file = File::open(path).map_err(unreadable())?;
    first_line(BufReader::new(file)).map_err(unreadable())
}

fn ask_for_password() -> Result<String, Failure> {
    let unreadable = "the password could not be read";
    if io::stdin().is_terminal() {
        let ask = |prompt| rpassword::prompt_password(prompt).map_err(Failure::io(unreadable));
        let password = ask("Password: ")?;
        if ask("Again: ")? != password {
            return Err(Failure::PasswordsDiffer);
        }
        return Ok(password);
    }
    first_line(io::stdin().lock()).map_err(Failure::io(unreadable))
}

/// Without its line break.
fn first_line(mut input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
