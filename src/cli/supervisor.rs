//! What the server tells systemd: that it is ready, that it works, and that it stops.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Reports that the server is ready, and from then on that it works, as often as the watchdog of the unit
/// requires, until `shutdown` is cancelled. Without systemd, does nothing.
///
/// Must be called within a Tokio runtime. A runtime that no longer runs tasks sends no report.
pub(super) fn watch(shutdown: &CancellationToken) {
    if shutdown.is_cancelled() {
        return;
    }
    notify(NotifyState::Ready);
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        let period = sd_notify::watchdog_enabled();
        shutdown.run_until_cancelled(report(period)).await;
        notify(NotifyState::Stopping);
        // A stop may take longer than the period.
        report(period).await;
    });
}

/// Reports twice in each period of the watchdog.
async fn report(period: Option<Duration>) {
    let Some(period) = period else { return std::future::pending().await };
    let mut half = tokio::time::interval(period / 2);
    half.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        half.tick().await;
        notify(NotifyState::Watchdog);
    }
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd can't be notified");
    }
}
