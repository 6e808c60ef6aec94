//! The real binary, for what only a process can show: signals, exit codes, a second server.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};

use super::{DEADLINE, Folders};

/// A `goldstar` command without the environment's settings, in an empty folder.
pub(crate) fn goldstar(folder: &Path) -> Command {
    in_folder(Command::new(env!("CARGO_BIN_EXE_goldstar")), folder)
}

/// The same after a shell command, such as one that sets a limit.
pub(crate) fn goldstar_after(script: &str, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    let script = format!("{script}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_goldstar")]);
    in_folder(shell, folder)
}

fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(folder);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GOLDSTAR_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// A running server; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    /// `http://127.0.0.1:<port>`.
    pub(crate) address: String,
    /// The lines of its output that were read.
    pub(crate) head: Vec<String>,
    pub(crate) lines: Receiver<String>,
    /// Reads its standard error output.
    errors: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts a server and waits for its address. The error is its output and its exit status.
    pub(crate) fn start(folders: &Folders, arguments: &[String]) -> Result<Self, Output> {
        let command = goldstar(folders.data().parent().unwrap());
        Self::start_by(command, &folders.data(), &folders.logs(), arguments)
    }

    /// The same after a shell command, such as one that sets a limit.
    pub(crate) fn start_after(
        script: &str,
        folders: &Folders,
        arguments: &[String],
    ) -> Result<Self, Output> {
        let command = goldstar_after(script, folders.data().parent().unwrap());
        Self::start_by(command, &folders.data(), &folders.logs(), arguments)
    }

    /// The same by a command without arguments, on these directories.
    pub(crate) fn start_by(
        mut command: Command,
        data: &Path,
        logs: &Path,
        arguments: &[String],
    ) -> Result<Self, Output> {
        let mut child = command
            .args(arguments)
            .arg("--data-dir")
            .arg(data)
            .arg("--log-dir")
            .arg(logs)
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || read_all(stderr));
        let mut head = Vec::new();
        while let Ok(line) = lines.recv_timeout(DEADLINE) {
            let address = address_in(&line);
            head.push(line);
            if let Some(address) = address {
                return Ok(Self { child, address, head, lines, errors: Some(errors) });
            }
        }
        // The output has ended without an address, or the deadline has expired.
        child.kill().unwrap();
        Err(Output {
            status: child.wait().unwrap(),
            stdout: head.join("\n").into_bytes(),
            stderr: errors.join().unwrap().into_bytes(),
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(status.success());
    }

    /// Stops it with a signal, and waits for its end.
    pub(crate) fn stop(self, signal: &str) -> ExitStatus {
        self.stop_and_read(signal).0
    }

    /// The same; also returns its complete standard error output.
    pub(crate) fn stop_and_read(self, signal: &str) -> (ExitStatus, String) {
        self.signal(signal);
        self.ended()
    }

    /// Waits for its end, which has another cause; returns the same as [`Self::stop_and_read`].
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        // The output ends with the process.
        let end = loop {
            if let Err(end) = self.lines.recv_timeout(DEADLINE) {
                break end;
            }
        };
        assert_eq!(end, RecvTimeoutError::Disconnected, "it goes on: {:?}", self.head);
        let ended = self.child.try_wait().unwrap();
        let status = ended.unwrap_or_else(|| self.child.wait().unwrap());
        let errors = self.errors.take().expect("it was not stopped before");
        (status, errors.join().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if it has already ended, as it should have.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

/// The address in a line.
fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://")?;
    let end =
        rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).unwrap_or(rest.len());
    let address = rest[..end].trim_end_matches(['.', ':']);
    address.contains(':').then(|| format!("http://{address}"))
}

/// The lines of a stream, as they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            // If the test no longer reads, the process must still not block on a full pipe.
            sender.send(line).unwrap_or_default();
        }
    });
    lines
}

/// The whole stream. Also prints it, so that a failed test shows it.
fn read_all(stream: impl Read) -> String {
    let mut text = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        eprintln!("goldstar: {line}");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Runs a command to its end, with a line on its standard input.
pub(crate) fn run_with_input(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command with wrong arguments ends without reading.
    stdin.write_all(input.as_bytes()).unwrap_or_default();
    drop(stdin);
    child.wait_with_output().unwrap()
}
