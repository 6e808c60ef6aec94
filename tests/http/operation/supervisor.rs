//! What the server reports to systemd, and how it logs to systemd's journal.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};

use crate::harness::{DEADLINE, eventually, goldstar};

/// A started server, which is killed when this is dropped.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.args(["--listen", "127.0.0.1:0"]).stdout(Stdio::null()).spawn().unwrap())
    }

    fn terminate(&self) {
        let kill = format!("kill -TERM {}", self.0.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        self.0.kill().unwrap_or_default();
        self.0.wait().unwrap();
    }
}

#[test]
fn systemd_learns_that_the_server_is_ready_works_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let mut command = goldstar(folder.path());
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000").stderr(Stdio::null());
    let server = Running::start(command);
    let next = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).expect("a report");
        String::from_utf8(buffer[..length].to_vec()).unwrap().trim().to_owned()
    };
    assert_eq!([next(), next(), next()], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    server.terminate();
    let after = std::iter::repeat_with(next).find(|report| report != "WATCHDOG=1");
    assert_eq!(after.as_deref(), Some("STOPPING=1"));
}

#[tokio::test]
async fn lines_in_the_journal_have_no_time_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    // A daily file has the same lines, and needs the times.
    for (is_journal, flags, begins) in [
        (true, &[][..], " INFO goldstar"),
        (false, &[], "20"),
        (true, &["--server-log-dir=daily"], "20"),
    ] {
        let file = File::create(&log).unwrap();
        let data = file.metadata().unwrap();
        let inode = if is_journal { data.ino() } else { data.ino() + 1 };
        let mut command = goldstar(folder.path());
        command.env("JOURNAL_STREAM", format!("{}:{inode}", data.dev())).stderr(file);
        command.args(flags);
        let _server = Running::start(command);
        let line = eventually("a line", async || {
            let text = fs::read_to_string(&log).unwrap();
            text.contains(" serving ").then_some(text)
        })
        .await;
        assert!(line.starts_with(begins), "{line}");
    }
}
