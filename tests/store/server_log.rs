//! The server log lines of the store and the audit log. Their threads do not belong to a test, so
//! the lines of all tests of this program are collected together.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

static LINES: LazyLock<Lines> = LazyLock::new(|| {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(log).unwrap();
    lines
});

/// The lines since the first call.
pub(crate) fn server_log() -> String {
    String::from_utf8_lossy(&LINES.0.lock()).into_owned()
}
