//! The signals that stop a server.

use std::fs;
use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::server_log::ServerLog;

/// The exit code after a second signal.
const ENDED_AT_ONCE: i32 = 1;

/// Cancels `shutdown` at the first SIGTERM, SIGINT or SIGHUP, and ends the process at the second,
/// which loses no committed change: the journal contains them.
///
/// To be called before anything else starts: until then, the first signal ends the process.
pub(super) fn cancel_on_signal(
    shutdown: &CancellationToken,
    log: &ServerLog,
) -> Result<(), Failure> {
    let mut signals = Signals::watch()?;
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
    Ok(())
}

/// The watched signals and their names.
struct Signals(Vec<(&'static str, Signal)>);

impl Signals {
    fn watch() -> Result<Self, Failure> {
        let mut kinds =
            vec![("SIGTERM", SignalKind::terminate()), ("SIGINT", SignalKind::interrupt())];
        if !is_hangup_ignored() {
            kinds.push(("SIGHUP", SignalKind::hangup()));
        }
        let watched = kinds.into_iter().map(|(name, kind)| signal(kind).map(|it| (name, it)));
        let watched = watched.collect::<Result<_, _>>();
        watched.map(Self).map_err(Failure::io("signals can't be watched"))
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
