//! The real server, in a process of its own.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server; it is killed when this is dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the line that says where it serves.
    pub(crate) start: Duration,
}

impl Server {
    /// Starts a server on `folder`, with its logs beside it.
    pub(crate) fn start(folder: &Path) -> io::Result<Self> {
        let begun = Instant::now();
        let mut process = Command::new(env!("CARGO_BIN_EXE_goldstar"))
            .args(["--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.join("data"))
            .arg("--log-dir")
            .arg(folder.join("logs"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let missing = || io::Error::other("the server does not say where it serves");
        let mut lines = BufReader::new(process.stdout.take().ok_or_else(missing)?).lines();
        let line = lines.next().ok_or_else(missing)??;
        let start = begun.elapsed();
        let address = line.rsplit("http://").next().and_then(|address| address.parse().ok());
        Ok(Self { process, address: address.ok_or_else(missing)?, start })
    }

    /// The memory that the process has to itself, in bytes.
    pub(crate) fn anonymous_memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        Ok(kibibytes.ok_or_else(|| io::Error::other("no RssAnon"))? * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill().and_then(|()| self.process.wait()) {
            eprintln!("the server could not be killed: {error}");
        }
    }
}
