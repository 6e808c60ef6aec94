//! Starts commands as a reader does.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Much longer than anything takes on a busy machine. It ends a test that hangs.
const DEADLINE: Duration = Duration::from_mins(1);

/// A shell in a folder, without the environment's settings of Goldstar.
fn shell(script: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GOLDSTAR_") {
            command.env_remove(name);
        }
    }
    let path = std::env::var("PATH").unwrap_or_default();
    // Another test must not find a document's temporary files.
    command.env("TMPDIR", folder);
    command.env("PATH", format!("{}:{path}", folder.join("bin").display()));
    // The server listens on a free port, whatever address a document names, because other tests run
    // at the same time.
    command.env("GOLDSTAR_LISTEN", "127.0.0.1:0");
    command
}

/// Runs commands, which must succeed. Returns everything that they print.
pub(crate) fn run(script: &str, folder: &Path) -> Result<String, String> {
    let script = format!("exec 2>&1\nset -e\n{script}");
    let mut command = Command::new("timeout");
    let shell = shell(&script, folder);
    command.arg(DEADLINE.as_secs().to_string()).arg(shell.get_program()).args(shell.get_args());
    command.current_dir(folder).stdin(Stdio::null());
    for (name, value) in shell.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    if output.status.success() { Ok(printed) } else { Err(format!("{}: {printed}", output.status)) }
}

/// A running command, which is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    printed: Vec<String>,
}

impl Running {
    /// Starts it. The script's last command must be an `exec`, so that signals reach it and not the
    /// shell.
    pub(crate) fn start(script: &str, folder: &Path) -> Self {
        let mut shell = shell(script, folder);
        let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // If the test no longer reads, the command must still not block on a full pipe.
                sender.send(line).unwrap_or_default();
            }
        });
        Self { child, lines, printed: Vec::new() }
    }

    /// Waits for the first lines that it prints.
    pub(crate) fn lines(&mut self, count: usize) -> String {
        while self.printed.len() < count {
            let line = self.lines.recv_timeout(DEADLINE);
            let line = line.unwrap_or_else(|error| {
                panic!("{error}: {count} lines were expected, and came: {:#?}", self.printed)
            });
            self.printed.push(line);
        }
        self.printed[..count].join("\n") + "\n"
    }

    /// Waits for its end after a `kill -9`.
    pub(crate) fn killed(mut self) {
        let goes_on = loop {
            if let Err(end) = self.lines.recv_timeout(DEADLINE) {
                break end == RecvTimeoutError::Timeout;
            }
        };
        assert!(!goes_on, "nobody has killed it");
        let status = self.child.wait().unwrap();
        assert_eq!(status.signal(), Some(9), "{status}");
    }

    /// Stops it with SIGTERM, and waits for its end. It must succeed.
    pub(crate) fn stop(mut self) {
        let kill = format!("kill -TERM {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(status.success(), "it had ended already");
        // The output ends with the command; the deadline is for a command that hangs.
        while self.lines.recv_timeout(DEADLINE).is_ok() {}
        let ended = self.child.try_wait().unwrap();
        let status = ended.unwrap_or_else(|| self.child.wait().unwrap());
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail if it has already ended, as it should have.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
