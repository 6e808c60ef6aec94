//! Servers, each in a process of its own.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server; it is stopped when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the line with its address.
    pub(crate) start: Duration,
    /// Later output is discarded, but the pipe must stay open.
    _output: Box<dyn Read>,
}

/// The line in which a server prints its address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    OnOutput,
    OnError,
}

impl Server {
    /// Starts Goldstar on the records in `folder/data`, with its logs beside them, and without limits of
    /// accounts and addresses.
    pub(crate) fn goldstar(folder: &Path, more: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_goldstar"));
        let unlimited = [
            "--logins-per-account=0",
            "--logins-per-address=0",
            "--signups-per-address=0",
            "--changes-per-account=0",
            "--changes-per-address=0",
            "--sessions-per-family=0",
            "--max-connections-per-address=1000000",
        ];
        command.args(["--listen", "127.0.0.1:0"]).args(unlimited).args(more);
        command.arg("--data-dir").arg(folder.join("data"));
        without_settings(&mut command);
        command.arg("--log-dir").arg(folder.join("logs"));
        Self::start(&mut command, Says::OnOutput)
    }

    /// Starts any server, and waits for its address.
    pub(crate) fn start(command: &mut Command, says: Says) -> io::Result<Self> {
        let begun = Instant::now();
        match says {
            Says::OnOutput => command.stdout(Stdio::piped()).stderr(Stdio::null()),
            Says::OnError => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let mut process = command.spawn()?;
        let output: Option<Box<dyn Read>> = match says {
            Says::OnOutput => process.stdout.take().map(|pipe| Box::new(pipe) as _),
            Says::OnError => process.stderr.take().map(|pipe| Box::new(pipe) as _),
        };
        let missing = || io::Error::other(format!("{command:?} doesn't say where it serves"));
        let mut output = BufReader::new(output.ok_or_else(missing)?);
        let mut said = String::new();
        let address = loop {
            said.clear();
            if output.read_line(&mut said)? == 0 {
                return Err(missing());
            }
            let address = said.split_once("http://").map(|(_, rest)| rest.split_whitespace());
            if let Some(address) = address.and_then(|mut words| words.next()?.parse().ok()) {
                break address;
            }
        };
        Ok(Self { process, address, start: begun.elapsed(), _output: Box::new(output) })
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// A line of the process's status in kibibytes, converted to bytes.
    pub(crate) fn memory(&self, line: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let found = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':'));
        let kibibytes = found.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kibibytes.ok_or_else(|| io::Error::other(format!("no {line}")))? * 1024)
    }

    /// Kills the process, like a crash.
    pub(crate) fn kill(mut self) -> io::Result<()> {
        self.process.kill()?;
        self.process.wait().map(|_| ())
    }

    fn stop(&mut self) -> io::Result<()> {
        if self.process.try_wait()?.is_some() {
            return Ok(());
        }
        // Like an operator, so that the data files are complete.
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        self.process.wait().map(|_| ())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("a server could not be stopped: {error}");
        }
    }
}

/// Removes the settings of the environment.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("GOLDSTAR_") {
            command.env_remove(name);
        }
    }
}
