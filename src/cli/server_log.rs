//! The server log, for the operator.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::Metadata;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, reload};

use super::daily_file::DailyFile;
use super::failure::Failure;
use crate::clock::Clock;
use crate::config::{LogFormat, ServerLogConfig};
use crate::disk::with_permission_advice;

/// How many lines can wait to be written: a few hundred milliseconds of a server under the heaviest
/// load. Their queue is allocated at the start, 32 bytes per line.
const MAX_WAITING_LINES: usize = 8_000;
/// How long lines are collected after each write. No reader notices it.
const PAUSE: Duration = Duration::from_millis(5);

/// The log of this process. A clone is the same log.
#[derive(Clone)]
pub(super) struct ServerLog {
    writers: Arc<Mutex<Vec<WorkerGuard>>>,
    filter: reload::Handle<EnvFilter, Registry>,
    /// Set to make the daily file open again.
    is_moved: Arc<AtomicBool>,
}

impl ServerLog {
    /// Starts the log of this process, which includes panics: on the standard error output, and in
    /// daily files if a directory is set. Threads of their own write the lines, so that a slow terminal
    /// or disk delays no request; while [`MAX_WAITING_LINES`] wait, further lines are dropped.
    ///
    /// Fails if the directory can't be used.
    pub(super) fn start(config: &ServerLogConfig) -> Result<Self, Failure> {
        let filter = EnvFilter::builder().parse(&config.filter);
        let invalid = Failure::io("the filter of the server log is not valid");
        let filter = filter.map_err(|error| invalid(io::Error::other(error)))?;
        let (filter, handle) = reload::Layer::new(filter);
        let is_moved = Arc::new(AtomicBool::new(false));
        let (stderr, guard) = non_blocking(Paced(BufWriter::new(io::stderr())));
        let mut writers = vec![guard];
        // A line is formatted once for both places, and a file must not contain escape codes.
        let is_colored = config.directory.is_none() && io::stderr().is_terminal();
        let writer = match daily_file(config, &is_moved)? {
            Some(file) => {
                let (file, guard) = non_blocking(file);
                writers.push(guard);
                BoxMakeWriter::new(stderr.and(file))
            }
            None => BoxMakeWriter::new(stderr),
        };
        let log = tracing_subscriber::registry().with(filter).with(filter_fn(is_own));
        let lines = tracing_subscriber::fmt::layer().with_writer(writer);
        let lines = lines.with_timer(Time(Clock::system())).with_ansi(is_colored);
        match config.format {
            // systemd's journal has the time of each line. A daily file does not.
            LogFormat::Text if config.directory.is_none() && is_journal() => {
                log.with(lines.without_time()).init();
            }
            LogFormat::Text => log.with(lines).init(),
            LogFormat::Json => {
                log.with(lines.json().flatten_event(true).with_span_list(false)).init();
            }
        }
        panic::set_hook(Box::new(log_panic));
        Ok(Self { writers: Arc::new(Mutex::new(writers)), filter: handle, is_moved })
    }

    /// Replaces the filter.
    pub(super) fn set_filter(&self, filter: &str) {
        let set = EnvFilter::builder().parse(filter).map_err(io::Error::other);
        let set = set.and_then(|filter| self.filter.reload(filter).map_err(io::Error::other));
        if let Err(error) = set {
            tracing::error!(%error, "the filter of the server log stays as it is");
        }
    }

    /// Makes the next line open its daily file again, for a program that has moved the file.
    pub(super) fn reopen(&self) {
        self.is_moved.store(true, Ordering::Relaxed);
    }

    /// Writes the lines that wait, and ends the log; to be called before the process ends, in every
    /// way. Takes about two seconds if nothing can be written any more.
    pub(super) fn finish(&self) {
        // Under the lock: a second caller returns only when all lines are written.
        self.writers.lock().clear();
    }
}

/// The time of a line.
struct Time(Clock);

impl FormatTime for Time {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{}", self.0.now())
    }
}

/// Starts a thread that writes lines there.
fn non_blocking(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(MAX_WAITING_LINES).finish(writer)
}

/// Writes all collected lines when no further line waits, and then pauses. Under load, few lines wake
/// the thread that writes them, and many lines share a write.
struct Paced<W: Write>(BufWriter<W>);

impl<W: Write> Write for Paced<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.0.flush();
        thread::sleep(PAUSE);
        flushed
    }
}

/// Only Goldstar's own lines: those of a library could contain a secret, or a path with the id of an
/// account.
fn is_own(metadata: &Metadata<'_>) -> bool {
    metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
}

/// Whether the standard error output goes to systemd's journal, by the device and the inode that systemd
/// passes.
fn is_journal() -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else { return false };
    let stat = rustix::fs::fstat(io::stderr());
    stat.is_ok_and(|stat| format!("{}:{}", stat.st_dev, stat.st_ino) == journal)
}

/// The daily files, if a directory is set.
fn daily_file(
    config: &ServerLogConfig,
    is_moved: &Arc<AtomicBool>,
) -> Result<Option<DailyFile>, Failure> {
    let Some(directory) = &config.directory else {
        return Ok(None);
    };
    let what = format!("the server log can't be written to {}", directory.display());
    let file = DailyFile::open(directory, config.files, Clock::system(), Arc::clone(is_moved));
    let file = file.map_err(|error| with_permission_advice(directory, directory, error));
    file.map(Some).map_err(Failure::io(what))
}

/// Logs a panic like any other line, so that the line has the id of the request.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(tracing::field::display);
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| tracing::field::display(backtrace));
    tracing::error!(location, reason = panic.payload_as_str(), backtrace, "panicked");
}
