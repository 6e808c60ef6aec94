//! A page of the tracking table, with its total, by each filter.

use criterion::{BenchmarkId, Criterion};
use goldstar::domain::{Action, EntityType, EventFilter, Page, SortOrder, Timestamp};
use goldstar::store::Store;
use goldstar::store::json::CHECKPOINT_BYTES;

use crate::directory::{fill, in_memory, open, wait};
use crate::generate::{CHILD, TASK, USER, id};

pub(crate) fn query(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("query");
    for events in [1_000, 10_000, 100_000, 1_000_000] {
        let folder = in_memory();
        fill(folder.path(), events);
        let store = open(folder.path(), CHECKPOINT_BYTES);
        for (name, filter) in filters() {
            let page = Page { limit: 50, offset: 0 };
            group.bench_function(BenchmarkId::new(name, events), |bencher| {
                bencher.iter(|| {
                    let found = wait(store.events(&filter, SortOrder::Descending, page)).unwrap();
                    assert_ne!(found.total, 0);
                    found
                });
            });
        }
    }
    group.finish();
}

fn filters() -> [(&'static str, EventFilter); 11] {
    let none = EventFilter::default;
    let child_id = Some(id(CHILD, 0).as_str().into());
    let user_id = Some(id(USER, 0).as_str().into());
    let from = Timestamp::parse_iso("2024-01-01T00:05:00Z");
    let to = Timestamp::parse_iso("2024-01-01T00:10:00Z");
    let (entity_type, action) = (Some(EntityType::Task), Some(Action::Activated));
    let entity_id = Some(id(TASK, 0));
    let all = EventFilter {
        child_id: child_id.clone(),
        user_id: user_id.clone(),
        entity_type,
        entity_id: entity_id.clone(),
        action,
        from: None,
        to,
    };
    [
        ("none", none()),
        ("child", EventFilter { child_id, ..none() }),
        ("user", EventFilter { user_id, ..none() }),
        ("type", EventFilter { entity_type, ..none() }),
        ("entity", EventFilter { entity_id: entity_id.clone(), ..none() }),
        ("action", EventFilter { action, ..none() }),
        ("from", EventFilter { from, ..none() }),
        ("to", EventFilter { to, ..none() }),
        ("action from", EventFilter { action, from, ..none() }),
        ("entity from", EventFilter { entity_id, from, ..none() }),
        ("all", all),
    ]
}
