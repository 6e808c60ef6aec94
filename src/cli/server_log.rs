//! The server's own log, for its operator.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::Metadata;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::writer::{BoxMakeWriter, MakeWriterExt};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Failure;
use super::daily_file::DailyFile;
use super::plain_line::{PlainFields, PlainLine};
use super::watched::Watched;
use crate::clock::Clock;
use crate::config::{LogFormat, ServerLogConfig};
use crate::disk::with_permission_advice;

/// How many lines may wait to be written: some hundred milliseconds' worth of a server under the
/// heaviest load. There is room for them from the start, 32 bytes for each.
const MAX_WAITING_LINES: usize = 8_000;
/// How long lines are collected after each write: nobody who reads them sees it.
const PAUSE: Duration = Duration::from_millis(5);

/// The log's writers. A clone has the same.
#[derive(Clone)]
pub(super) struct ServerLog(Arc<Mutex<Vec<WorkerGuard>>>);

impl ServerLog {
    /// Starts the log of this process, panics included: on the standard error output, and in a file
    /// a day where a directory is set. Lines are written by threads of their own, so that a slow
    /// terminal or disk holds no request up; where [`MAX_WAITING_LINES`] wait, further ones are dropped.
    ///
    /// Fails where the directory can't be used.
    pub(super) fn start(config: &ServerLogConfig) -> Result<Self, Failure> {
        let filter = EnvFilter::builder().parse(&config.filter);
        let unfit = Failure::io("the server's own log can't be filtered so");
        let filter = filter.map_err(|error| unfit(io::Error::other(error)))?;
        let (stderr, guard) = non_blocking(Paced(BufWriter::new(io::stderr())));
        let mut writers = vec![guard];
        // A line is rendered once for both places, and escape codes have no place in a file.
        let is_colored = config.directory.is_none() && io::stderr().is_terminal();
        let writer = match daily_file(config)? {
            Some(file) => {
                let (file, guard) = non_blocking(Watched::new(file));
                writers.push(guard);
                BoxMakeWriter::new(stderr.and(file))
            }
            None => BoxMakeWriter::new(stderr),
        };
        let log = tracing_subscriber::registry().with(filter).with(filter_fn(is_own));
        let lines = tracing_subscriber::fmt::layer().with_writer(writer);
        match config.format {
            LogFormat::Text if is_colored => log.with(lines).init(),
            LogFormat::Text => {
                let lines = lines.event_format(PlainLine { clock: Clock::system() });
                log.with(lines.with_ansi(false).fmt_fields(PlainFields)).init();
            }
            LogFormat::Json => {
                log.with(lines.json().flatten_event(true).with_span_list(false)).init();
            }
        }
        panic::set_hook(Box::new(log_panic));
        Ok(Self(Arc::new(Mutex::new(writers))))
    }

    /// Writes what waits to be written, and ends the log; to be called before the process ends,
    /// whichever way. Takes some two seconds where nothing can be written any more.
    pub(super) fn finish(&self) {
        // Under the lock: whoever comes second is to find it all written, too.
        self.0.lock().clear();
    }
}

/// A thread that writes lines there.
fn non_blocking(writer: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default().buffered_lines_limit(MAX_WAITING_LINES).finish(writer)
}

/// Writes what has come, whenever no line waits, and then pauses: of many lines, few have to wake the
/// thread that writes them, and many share a write.
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

/// Only Goldstar's own lines: of what a library says, nobody here can vouch that it holds no secret,
/// nor a path with an account's id in it.
fn is_own(metadata: &Metadata<'_>) -> bool {
    metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
}

/// The file a day, where a directory is set.
fn daily_file(config: &ServerLogConfig) -> Result<Option<DailyFile>, Failure> {
    let Some(directory) = &config.directory else {
        return Ok(None);
    };
    let what = format!("the server's own log can't be kept in {}", directory.display());
    let file = DailyFile::open(directory, config.files, Clock::system());
    let file = file.map_err(|error| with_permission_advice(directory, directory, error));
    file.map(Some).map_err(Failure::io(what))
}

/// As any other line, so that the id of the request that it happened in stands on it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(tracing::field::display);
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| tracing::field::display(backtrace));
    tracing::error!(location, reason = panic.payload_as_str(), backtrace, "panicked");
}
