//! A commit: its frame, the sync, the row of the tracking table.

use criterion::{BenchmarkId, Criterion, Throughput};
use futures_util::future::join_all;
use goldstar::store::json::CHECKPOINT_BYTES;

use crate::directory::{activate, fill, in_memory, on_disk, open, wait};

/// One commit at a time, and many at once. In memory only the work on the frames remains.
pub(crate) fn commit(criterion: &mut Criterion) {
    for (place, folder) in [("memory", in_memory()), ("disk", on_disk())] {
        let mut group = criterion.benchmark_group(format!("commit/{place}"));
        fill(folder.path(), 1_000);
        let store = open(folder.path(), CHECKPOINT_BYTES);
        for at_once in [1, 64] {
            group.throughput(Throughput::Elements(at_once));
            group.bench_function(BenchmarkId::from_parameter(at_once), |bencher| {
                bencher.iter(|| wait(join_all((0..at_once).map(|n| activate(&store, n, true)))));
            });
        }
        group.finish();
    }
}

/// The cost of the row of the tracking table, at each size of the table: a commit of a child's points
/// with an event, and without one.
pub(crate) fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for events in [1_000, 1_000_000] {
        let folder = in_memory();
        fill(folder.path(), events);
        let store = open(folder.path(), CHECKPOINT_BYTES);
        for (name, with_event) in [("with an event", true), ("without", false)] {
            group.bench_function(BenchmarkId::new(name, events), |bencher| {
                let mut n = 0;
                bencher.iter(|| {
                    n += 1;
                    wait(activate(&store, n, with_event));
                });
            });
        }
    }
    group.finish();
}
