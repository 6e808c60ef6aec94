//! The search for the families with something due by their schedules.

use std::fmt::Write as _;
use std::fs;

use criterion::{BenchmarkId, Criterion};
use goldstar::clock::Clock;
use goldstar::domain::Timestamp;
use goldstar::store::Store;
use goldstar::store::json::CHECKPOINT_BYTES;

use crate::directory::{in_memory, open, wait};
use crate::generate::{Size, USER, generate, id};

/// The number of families that are due.
const DUE: u64 = 10;
/// The families that the job reads at once.
const LIMIT: usize = 200;

/// All families have schedules, and ten of them are due.
pub(crate) fn due(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("due families");
    let now = Clock::system().now();
    for users in [1_000, 10_000, 100_000] {
        let folder = in_memory();
        let size = Size { users, children: users, events: 0, departing: false };
        generate(folder.path(), size).unwrap();
        let mut rows = String::new();
        for n in 0..users {
            let at = now.as_micros() / 1_000_000 + if n < DUE { -60 } else { 86_400 };
            let comma = if n == 0 { "" } else { "," };
            let user = id(USER, n);
            write!(rows, r#"{comma}"{}":{{"id":"{user}","schedule_at":{at}.0}}"#, n + 1).unwrap();
        }
        let file = folder.path().join("user_details.json");
        fs::write(file, format!("{{\"_default\":{{{rows}}}}}")).unwrap();
        let store = open(folder.path(), CHECKPOINT_BYTES);
        group.bench_function(BenchmarkId::from_parameter(users), |bencher| {
            bencher.iter(|| {
                let found = wait(store.due_families(Timestamp::MIN..=now, LIMIT)).unwrap();
                assert_eq!(found.len() as u64, DUE);
                found
            });
        });
    }
    group.finish();
}
