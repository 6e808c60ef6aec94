use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::super::{EventKind, Place, Summary};
use super::*;
use crate::domain::{Action, EntityType};

const USERS: [&str; 2] = ["u", "v"];
const CHILDREN: [&str; 5] = ["a", "b", "c", "d", "e"];
const ENTITIES: [&str; 3] = ["s", "t", "r"];
const TYPES: [&str; 3] = ["task", "penalty", "?"];
const ACTIONS: [&str; 3] = ["activated", "cancelled", "?"];

#[derive(Clone, Debug)]
struct Event {
    seconds: (i64, i64),
    user: Option<&'static str>,
    child: &'static str,
    entity: &'static str,
    kind: (&'static str, &'static str),
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

impl Event {
    fn summary(&self, at: usize) -> Summary<'static> {
        let row = at as u64 + 1;
        Summary {
            row,
            place: Place { offset: row * 100, len: 50 },
            id: "e",
            user_id: self.user,
            child_id: self.child,
            entity_id: self.entity,
            kind: EventKind::parse(self.kind.0, self.kind.1),
            occurred_at: moment(self.seconds.0),
            created_at: moment(self.seconds.1),
        }
    }

    fn matches(&self, filter: &EventFilter) -> bool {
        let occurred = moment(self.seconds.0);
        filter.child_id.as_ref().is_none_or(|child| child.as_str() == self.child)
            && filter.user_id.as_ref().is_none_or(|user| Some(user.as_str()) == self.user)
            && filter.entity_id.as_ref().is_none_or(|entity| entity == self.entity)
            && filter.entity_type.is_none_or(|one| EntityType::parse(self.kind.0) == Some(one))
            && filter.action.is_none_or(|one| Action::parse(self.kind.1) == Some(one))
            && filter.from.is_none_or(|from| occurred >= from)
            && filter.to.is_none_or(|to| occurred < to)
    }
}

/// An event. Those of the first children are ordered by time more often than not, as they are in practice.
fn events() -> impl Strategy<Value = Vec<Event>> {
    let one_of = |count: usize| 0..count;
    let event = (
        (option::weighted(0.3, 0..20_i64), 0..2_i64),
        option::weighted(0.9, one_of(USERS.len())),
        prop_oneof![3 => 0..2_usize, 1 => one_of(CHILDREN.len())],
        one_of(ENTITIES.len()),
        (one_of(TYPES.len()), one_of(ACTIONS.len())),
    );
    vec(event, 0..60).prop_map(|events| {
        let events = events.into_iter().zip(0..);
        let event = events.map(|(((occurred, created), user, child, entity, kind), n)| Event {
            seconds: (occurred.unwrap_or(n / 3), created),
            user: user.map(|user| USERS[user]),
            child: CHILDREN[child],
            // One is shared by all, the others nearly always belong to one child each.
            entity: ENTITIES[if child < 2 && entity > 0 { child + 1 } else { entity }],
            kind: (TYPES[kind.0], ACTIONS[kind.1]),
        });
        event.collect()
    })
}

/// A filter for each set of these values, of which the times may be in the wrong order.
fn filters((child, entity): (usize, usize), (from, to): (i64, i64)) -> Vec<EventFilter> {
    let filter = |set: u32| {
        let has = |bit: u32| set >> bit & 1 == 1;
        EventFilter {
            child_id: has(0).then(|| CHILDREN[child].into()),
            user_id: has(1).then(|| USERS[0].into()),
            entity_type: has(2).then_some(EntityType::Task),
            entity_id: has(3).then(|| ENTITIES[entity].to_owned()),
            action: has(4).then_some(Action::Activated),
            from: has(5).then(|| moment(from)),
            to: has(6).then(|| moment(to)),
        }
    };
    (0..1 << 7).map(filter).collect()
}

/// What happens with the first events of an index.
#[derive(Clone, Copy, Debug)]
struct Past {
    /// So many are loaded at the start.
    loaded: usize,
    /// Whether they are loaded from a saved index.
    is_saved: bool,
    /// The first account loses so many events afterwards.
    lost: usize,
    /// The index is saved with one of these numbers of events, and used when there are as many as the other; in the end
    /// it is saved again, with the larger one.
    saves: [usize; 2],
}

fn pasts() -> impl Strategy<Value = Past> {
    let counts = (0..60_usize, any::<bool>(), 0..30_usize, (0..60_usize, 0..60_usize));
    counts.prop_map(|(loaded, is_saved, lost, saves)| Past {
        loaded,
        is_saved,
        lost,
        saves: saves.into(),
    })
}

/// The index of the events, and those of them that are left.
fn index_of(events: &mut [Event], past: Past) -> Index {
    let loaded = past.loaded.min(events.len());
    let mut index = Index::new();
    for (at, event) in events[..loaded].iter().enumerate() {
        index.push_unsorted(&event.summary(at));
    }
    index.sort();
    if past.is_saved {
        index = index.restored();
    }
    let is_first = |event: &Event| event.user == Some(USERS[0]);
    let first = events[..loaded].iter().enumerate().filter(|(_, event)| is_first(event));
    let lost: Vec<usize> = first.map(|(at, _)| at).take(past.lost).collect();
    let (early, late) = lost.split_at(lost.len() / 2);
    for at in early {
        index.anonymize(*at);
    }
    let [rows, middle] = past.saves.map(|count| count.clamp(loaded, events.len()));
    let (rows, middle) = (rows.min(middle), rows.max(middle));
    let push = |index: &mut Index, range: Range<usize>| {
        range.for_each(|at| index.push(&events[at].summary(at)));
    };
    push(&mut index, loaded..rows);
    index.save_and_adopt(rows, |index| {
        push(index, rows..middle);
        for at in late {
            index.anonymize(*at);
        }
    });
    push(&mut index, middle..events.len());
    // Events that were added while a file was written.
    index.save_and_adopt(middle, |_| {});
    for at in lost {
        events[at].user = None;
    }
    if !events.iter().any(is_first) {
        index.forget_user(USERS[0]);
    }
    index
}

/// The positions that a query finds, and the total, from a visit of all events.
fn naive(
    events: &[Event],
    filter: &EventFilter,
    order: SortOrder,
    page: Page,
) -> (Vec<usize>, usize) {
    let matches = events.iter().enumerate().filter(|(_, event)| event.matches(filter));
    let mut matches: Vec<_> = matches.map(|(at, event)| (event.seconds, at)).collect();
    matches.sort_unstable();
    if order == SortOrder::Descending {
        matches.reverse();
    }
    let found = matches.iter().skip(page.offset).take(page.limit).map(|(_, at)| *at);
    (found.collect(), matches.len())
}

proptest! {
    #[test]
    fn a_query_finds_what_a_visit_of_all_events_finds(
        mut events in events(),
        past in pasts(),
        values in (0..CHILDREN.len(), 0..ENTITIES.len()),
        times in (0..20_i64, 0..24_i64),
        (offset, limit) in (0..20_usize, 0..9_usize),
    ) {
        let index = index_of(&mut events, past);
        for filter in filters(values, times) {
            for order in [SortOrder::Ascending, SortOrder::Descending] {
                for page in [Page { limit: 100, offset: 0 }, Page { limit, offset }] {
                    let Matches { found, total, visited } = index.query(&filter, order, page);
                    let found: Vec<_> = found.into_iter().map(|found| found.at).collect();
                    let expected = naive(&events, &filter, order, page);
                    prop_assert_eq!((&found, total), (&expected.0, expected.1), "{:?}", filter);
                    prop_assert!((found.len()..=events.len()).contains(&visited));
                }
            }
        }
    }
}

#[test]
fn a_total_does_not_need_a_visit_of_all_events() {
    let mut index = Index::new();
    for at in 0..1000 {
        let is_rare = at == 500;
        let kind = (if is_rare { "penalty" } else { "task" }, "activated");
        let (child, entity) = if at % 100 < 5 { ("a", "s") } else { ("b", "t") };
        let seconds = (i64::try_from(at).unwrap(), 0);
        index.push(&Event { seconds, user: None, child, entity, kind }.summary(at));
    }
    let all = EventFilter::default();
    let rare = EventFilter { entity_type: Some(EntityType::Penalty), ..all.clone() };
    let activated = EventFilter { action: Some(Action::Activated), ..all.clone() };
    let later = EventFilter { from: Some(moment(3)), to: Some(moment(998)), ..activated.clone() };
    let child = EventFilter { child_id: Some("a".into()), ..activated.clone() };
    let entity = EventFilter { entity_id: Some("s".to_owned()), ..all };
    for order in [SortOrder::Ascending, SortOrder::Descending] {
        for (filter, total, visited) in [
            (&rare, 1, 4),
            (&activated, 1000, 4),
            (&later, 995, 10),
            (&child, 50, 50),
            (&entity, 50, 50),
        ] {
            let matches = index.query(filter, order, Page { limit: 2, offset: 0 });
            assert_eq!(matches.total, total);
            assert!(matches.visited <= visited, "{} visited for {filter:?}", matches.visited);
        }
        let far = index.query(&activated, order, Page { limit: 2, offset: 600 });
        assert_eq!((far.found.len(), far.visited), (2, 4));
    }
}
