//! The signals that stop a server, and the one that makes it read its settings again.

use std::fs::{self, File};
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::server_log::ServerLog;

/// The exit code after a second signal.
const ENDED_AT_ONCE: i32 = 1;

/// Cancels `shutdown` at the first SIGTERM or SIGINT, and ends the process at the second, which loses
/// no committed change: the journal contains them. SIGHUP does the same in a terminal, which sends it
/// when it is closed. Without a terminal, SIGHUP notifies the returned object.
///
/// To be called before anything else starts: until then, the first signal ends the process.
pub(super) fn cancel_on_signal(
    shutdown: &CancellationToken,
    log: &ServerLog,
) -> Result<Arc<Notify>, Failure> {
    let has_terminal = File::open("/dev/tty").is_ok();
    let hangup = Arc::new(Notify::new());
    let is_ignored = is_hangup_ignored();
    if !has_terminal && !is_ignored {
        notify_on_hangup(Arc::clone(&hangup))?;
    }
    let mut signals = Signals::watch(has_terminal && !is_ignored)?;
    let (shutdown, log) = (shutdown.clone(), log.clone());
    tokio::spawn(async move {
        let signal = signals.next().await;
        shutdown.cancel();
        tracing::info!(signal, "stopping; a second signal ends the server at once");
        let signal = signals.next().await;
        tracing::warn!(signal, "ended at once; the next start completes the files");
        log.finish();
        std::process::exit(ENDED_AT_ONCE);
    });
    Ok(hangup)
}

fn notify_on_hangup(hangup: Arc<Notify>) -> Result<(), Failure> {
    let mut signals = signal(SignalKind::hangup()).map_err(unwatchable())?;
    tokio::spawn(async move {
        while signals.recv().await.is_some() {
            hangup.notify_one();
        }
    });
    Ok(())
}

fn unwatchable() -> impl FnOnce(io::Error) -> Failure {
    Failure::io("signals can't be watched")
}

/// The watched signals and their names.
struct Signals(Vec<(&'static str, Signal)>);

impl Signals {
    fn watch(with_hangup: bool) -> Result<Self, Failure> {
        let mut kinds =
            vec![("SIGTERM", SignalKind::terminate()), ("SIGINT", SignalKind::interrupt())];
        if with_hangup {
            kinds.push(("SIGHUP", SignalKind::hangup()));
        }
        let watched = kinds.into_iter().map(|(name, kind)| signal(kind).map(|it| (name, it)));
        let watched = watched.collect::<Result<_, _>>();
        watched.map(Self).map_err(unwatchable())
    }

    /// Waits for the next signal, and returns its name.
    async fn next(&mut self) -> &'static str {
        poll_fn(|context| {
            let mut come = self
                .0
                .iter_mut()
                .filter_map(|(name, signal)| signal.poll_recv(context).is_ready().then_some(*name));
            come.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// Whether the server was started with `nohup`, and must outlive its terminal. Known on Linux only.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, the mask's lowest bit.
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}
