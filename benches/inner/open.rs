//! A start: reading the files of a directory, and replaying the write-ahead log.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use goldstar::store::json::CHECKPOINT_BYTES;

use crate::directory::{activate, copy, fill, in_memory, open, wait};

/// A start after a crash, by the number of commits since the last checkpoint.
pub(crate) fn replay(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10);
    for commits in [1_000, 10_000] {
        let (folder, crashed) = (in_memory(), in_memory());
        fill(folder.path(), 1_000);
        let store = open(folder.path(), u64::MAX);
        for n in 0..commits {
            wait(activate(&store, n, true));
        }
        // As a crash leaves it: the store is still open.
        copy(folder.path(), crashed.path());
        group.throughput(Throughput::Elements(commits));
        group.bench_function(BenchmarkId::from_parameter(commits), |bencher| {
            let again = || {
                let folder = in_memory();
                copy(crashed.path(), folder.path());
                folder
            };
            let start = |folder: tempfile::TempDir| (open(folder.path(), u64::MAX), folder);
            bencher.iter_batched(again, start, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// A start without a replay, by the rows of the tracking table.
pub(crate) fn open_tables(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open");
    group.sample_size(10);
    for events in [1_000, 100_000, 1_000_000] {
        let folder = in_memory();
        fill(folder.path(), events);
        group.throughput(Throughput::Elements(events));
        group.bench_function(BenchmarkId::from_parameter(events), |bencher| {
            // Closing the store is not measured.
            bencher.iter_batched(
                || (),
                |()| open(folder.path(), CHECKPOINT_BYTES),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
