use super::*;
use crate::domain::{EntityType, Page};

fn event(row: RowNumber, second: i64, child: &'static str) -> Summary<'static> {
    let moment = Timestamp::from_micros(second * 1_000_000);
    Summary {
        row,
        place: Place { offset: row * 100, len: 50 },
        id: "e",
        user_id: Some("u"),
        child_id: child,
        entity_id: "t",
        kind: EventKind::parse("task", "activated"),
        occurred_at: moment,
        created_at: moment,
    }
}

fn rows(index: &Index, filter: &EventFilter, order: SortOrder) -> Vec<RowNumber> {
    let page = Page { limit: 100, offset: 0 };
    let Matches { found, total, .. } = index.query(filter, order, page);
    assert_eq!(found.len(), total);
    found.into_iter().map(|found| found.row).collect()
}

#[test]
fn events_are_ordered_by_time_then_writing() {
    let mut index = Index::new();
    for (row, second) in [(1, 5), (2, 3), (3, 9), (4, 5), (5, 6)] {
        index.push(&event(row, second, if row % 2 == 0 { "a" } else { "b" }));
    }
    let all = EventFilter::default();
    assert_eq!(rows(&index, &all, SortOrder::Ascending), [2, 1, 4, 5, 3]);
    assert_eq!(rows(&index, &all, SortOrder::Descending), [3, 5, 4, 1, 2]);
    let of_a = EventFilter { child_id: Some("a".into()), ..EventFilter::default() };
    assert_eq!(rows(&index, &of_a, SortOrder::Ascending), [2, 4]);
    let moment = |second: i64| Some(Timestamp::from_micros(second * 1_000_000));
    let middle = EventFilter { from: moment(5), to: moment(9), ..EventFilter::default() };
    assert_eq!(rows(&index, &middle, SortOrder::Ascending), [1, 4, 5]);
    let nothing = EventFilter { from: moment(9), to: moment(5), ..EventFilter::default() };
    assert!(rows(&index, &nothing, SortOrder::Ascending).is_empty());
    assert_eq!(index.newest(), moment(9));
    assert_eq!(index.last_of("u"), moment(6), "by the order of writing");
}

#[test]
fn rows_are_found_by_their_numbers() {
    let mut index = Index::new();
    for row in [1, 3, 5, 7] {
        index.push(&event(row, 1, "a"));
    }
    let after = index.after(3, &EventFilter::default(), 10);
    assert_eq!(after.iter().map(|found| found.row).collect::<Vec<_>>(), [5, 7]);
    assert!(index.rows_ascend());
    for row in [7, 6] {
        index.push(&event(row, 1, "a"));
        assert!(!index.rows_ascend());
    }
    assert_eq!(index.last_row(), 7);
}

proptest::proptest! {
    #[test]
    fn sorting_at_once_and_one_by_one_is_the_same(seconds in proptest::collection::vec(0..9_i64, 0..40)) {
        let (mut at_once, mut one_by_one) = (Index::new(), Index::new());
        for (row, second) in (1..).zip(&seconds) {
            let event = event(row, *second, ["a", "b", "c", "d"][usize::try_from(row % 4).unwrap()]);
            let kind = if row % 3 == 0 { event.kind } else { EventKind::parse("reward", "redeemed") };
            let event = Summary { kind, ..event };
            at_once.push_unsorted(&event);
            one_by_one.push(&event);
        }
        at_once.sort();
        proptest::prop_assert_eq!(at_once.by_time, one_by_one.by_time);
        proptest::prop_assert_eq!(at_once.by_child, one_by_one.by_child);
        proptest::prop_assert_eq!(at_once.by_entity, one_by_one.by_entity);
    }
}

/// The rows that a scan finds in parts of at most 2.
fn scanned(index: &Index, filter: &EventFilter, order: SortOrder) -> Vec<RowNumber> {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let (part, next) = index.scan(filter, order, index.len(), after, 2);
        assert!(part.len() <= 2);
        found.extend(part.into_iter().map(|found| found.row));
        if next.is_none() {
            return found;
        }
        after = next;
    }
}

#[test]
fn a_scan_visits_a_bounded_number_of_events_at_once() {
    let mut index = Index::new();
    let count = 2 * SCANNED_AT_ONCE as u64 + 7;
    for row in 1..=count {
        let is_rare = [1, SCANNED_AT_ONCE as u64, count].contains(&row);
        let kind = EventKind::parse(if is_rare { "penalty" } else { "task" }, "activated");
        index.push_unsorted(&Summary { kind, ..event(row, 5, "a") });
    }
    index.sort();
    let rare = EventFilter { entity_type: Some(EntityType::Penalty), ..EventFilter::default() };
    for order in [SortOrder::Ascending, SortOrder::Descending] {
        let expected = rows(&index, &rare, order);
        assert_eq!(expected.len(), 3);
        assert_eq!(scanned(&index, &rare, order), expected);
        let (part, next) = index.scan(&rare, order, index.len(), None, 100);
        assert!(part.len() < 3 && next.is_some(), "it visited all events");
    }
}

#[test]
fn an_unknown_name_matches_no_event() {
    let mut index = Index::new();
    index.push(&event(1, 1, "a"));
    let filter = EventFilter { user_id: Some("nobody".into()), ..EventFilter::default() };
    assert!(rows(&index, &filter, SortOrder::Ascending).is_empty());
}

#[test]
fn an_account_is_anonymised_in_pieces() {
    for (count, limit) in [(10, 2), (2 * SCANNED_AT_ONCE as u64, 3000)] {
        let mut index = Index::new();
        for row in 1..=count {
            let user_id = Some(if row % 3 == 0 { "v" } else { "u" });
            let second = i64::try_from(count - row).unwrap();
            index.push_unsorted(&Summary { user_id, ..event(row, second, "a") });
        }
        index.sort();
        let (mut from, mut taken) = (0, Vec::new());
        while from < index.len() {
            let (found, next) = index.of_user("u", from, limit);
            assert!(found.len() <= limit && found.iter().all(|found| found.is_owned));
            for found in found {
                index.anonymize(found.at);
                taken.push(found.row);
            }
            from = next;
        }
        assert!(taken.into_iter().eq((1..=count).filter(|row| row % 3 != 0)));
    }
}

#[test]
fn an_account_that_is_forgotten_gives_its_number_to_no_other() {
    let mut index = Index::new();
    for (row, user_id) in [(1, "u"), (2, "u"), (3, "v")] {
        index.push(&Summary { user_id: Some(user_id), ..event(row, 1, "a") });
    }
    for at in 0..2 {
        index.anonymize(at);
    }
    index.forget_user("u");
    let of = |user: &str| EventFilter { user_id: Some(user.into()), ..EventFilter::default() };
    assert!(rows(&index, &of("u"), SortOrder::Ascending).is_empty());
    assert_eq!(rows(&index, &of("v"), SortOrder::Ascending), [3]);
    index.push(&Summary { user_id: Some("w"), ..event(4, 1, "a") });
    index.push(&Summary { user_id: Some("u"), ..event(5, 1, "a") });
    assert_eq!(rows(&index, &of("v"), SortOrder::Ascending), [3]);
    assert_eq!(rows(&index, &of("u"), SortOrder::Ascending), [5]);
}

#[test]
fn events_are_found_by_their_ids() {
    let mut index = Index::new();
    for (row, id) in [(1, "one"), (2, "two"), (3, "one")] {
        index.push(&Summary { id, ..event(row, 1, if row == 3 { "b" } else { "a" }) });
    }
    let of = |child: &str, user: &str| EventFilter {
        child_id: Some(child.into()),
        user_id: Some(user.into()),
        ..EventFilter::default()
    };
    let found = |id, filter: &EventFilter| {
        let found = index.with_id(id, filter);
        found.iter().map(|found| found.row).collect::<Vec<_>>()
    };
    assert_eq!(found("one", &of("a", "u")), [1]);
    assert_eq!(found("one", &of("b", "u")), [3]);
    assert!(found("three", &of("a", "u")).is_empty());
    assert!(found("one", &of("a", "v")).is_empty(), "of another account");
    assert_eq!(index.hash_of(&index.found(1)), id_hash("two"));
}
