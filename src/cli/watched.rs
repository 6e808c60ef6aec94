//! A place for the log's lines that doesn't fail in silence.

use std::io::{self, Write};
use std::mem;

/// Writes lines to `W`, and loses those that can't be written. Says in the log, whose other places
/// have it, when that begins and when it is over.
pub(super) struct Watched<W> {
    inner: W,
    /// The lines that were lost since the last one that was written.
    lost: u64,
}

impl<W> Watched<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, lost: 0 }
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.inner.write_all(line) {
            Ok(()) => {
                let lost = mem::take(&mut self.lost);
                if lost > 0 {
                    tracing::warn!(lost, "the daily file of this log is written again");
                }
            }
            Err(error) => {
                self.lost += 1;
                if self.lost == 1 {
                    tracing::error!(%error, "the daily file of this log can't be written");
                }
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;

    /// Fails for the second and the third line.
    #[derive(Default)]
    struct FailsTwice(Vec<Vec<u8>>);

    impl Write for FailsTwice {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.push(line.to_owned());
            let fails = (2..=3).contains(&self.0.len());
            if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(line.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn that_lines_are_lost_is_said_once_and_so_is_its_end() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(log.reopen().unwrap());
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(writer).finish();
        tracing::subscriber::with_default(lines, || {
            let mut watched = Watched::new(FailsTwice::default());
            for line in ["a\n", "b\n", "c\n", "d\n", "e\n"] {
                watched.write_all(line.as_bytes()).unwrap();
            }
        });
        let said = fs::read_to_string(log).unwrap();
        let said: Vec<_> = said.lines().collect();
        let [failing, works] = said[..] else { panic!("{said:?}") };
        assert!(failing.contains("can't be written") && failing.contains("no storage space"));
        assert!(works.contains("written again") && works.contains("lost=2"), "{works}");
    }
}
