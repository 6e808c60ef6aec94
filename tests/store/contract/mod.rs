//! What every implementation of the store's trait must do, in plain domain types. A further
//! implementation gets one more line in `IMPLEMENTATIONS`.

mod bench;
mod commits;
mod departures;
mod history;
mod records;
mod sinks;

use std::path::Path;
use std::sync::Arc;

use goldstar::clock::Clock;
use goldstar::disk::RealDisk;
use goldstar::metrics;
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, Options, Progress};
use goldstar::store::{BoxFuture, EventSink, Store};

use bench::{Bench, Open};

const IMPLEMENTATIONS: &[Open] = &[json];

/// Runs a test over every implementation, on a store that holds nothing.
async fn over_each(test: impl AsyncFn(Bench)) {
    for open in IMPLEMENTATIONS {
        test(Bench::new(*open).await).await;
    }
}

fn json(
    folder: &Path,
    clock: Clock,
    sinks: Vec<Box<dyn EventSink>>,
) -> BoxFuture<'_, Arc<dyn Store>> {
    let options = Options {
        data_dir: folder.to_owned(),
        disk: Arc::new(RealDisk),
        metrics: metrics::Store::default(),
        now: Arc::new(move || clock.now()),
        checkpoint_bytes: CHECKPOINT_BYTES,
        progress: Progress::silent(),
    };
    Box::pin(async move {
        let store = JsonStore::open(options, sinks).unwrap();
        Arc::new(store) as Arc<dyn Store>
    })
}
