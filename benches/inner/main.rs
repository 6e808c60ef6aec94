//! Benchmarks of single parts: `cargo bench --bench inner`. `-- query/1000` selects the benchmarks
//! with that in their name.
#![expect(clippy::unwrap_used, reason = "a benchmark that can't go on has failed")]

mod commit;
mod directory;
mod due;
#[path = "../support/generate.rs"]
#[expect(dead_code, reason = "nobody logs in here")]
mod generate;
mod open;
mod query;
mod stream;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// Few samples, so that everything takes some minutes.
fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = benches;
    config = criterion();
    targets = commit::commit, commit::append, query::query, due::due, open::replay, open::open_tables,
        stream::render, stream::fan_out
}
criterion_main!(benches);
