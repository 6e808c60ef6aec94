//! Badges, and awards: one for each child, badge, grade and period, which end with their child.

use std::sync::Arc;

use goldstar::domain::badges::{
    Award, AwardKey, AwardPeriod, Badge, BadgePeriod, Grade, Metric, Thresholds,
};
use goldstar::domain::{Icon, Name, Timestamp, UserId};
use goldstar::store::{Change, Changes, Context, Scope, Snapshot, Store};

use super::bench::{Bench, START, child, family, user};
use super::over_each;

fn badge(id: &str, user_id: &str) -> Badge {
    Badge {
        id: id.into(),
        user_id: Some(user_id.into()),
        name: Name::from_stored("Bookworm \u{1f41b}"),
        icon: Icon::find("book"),
        metric: Metric::TaskDone("good".into()),
        thresholds: Thresholds::parse("thresholds", &[5, 25, 100]).unwrap(),
        period: Some(BadgePeriod::Month),
        created_at: Some(Timestamp::from_micros(START)),
        updated_at: None,
    }
}

fn award(user_id: &str, child: &str, badge: &str, grade: Grade, period: Option<&str>) -> Award {
    Award {
        user_id: user_id.into(),
        key: AwardKey {
            child_id: child.into(),
            badge_id: badge.into(),
            grade,
            period: period.and_then(AwardPeriod::parse),
        },
        badge_name: Name::from_stored("Bookworm"),
        metric: Metric::TasksDone,
        threshold: 5,
        earned_at: Timestamp::from_micros(START),
        event_id: Some("e".into()),
        revoked_at: None,
    }
}

async fn awards_of(bench: &Bench, user: &str, child: &str) -> Vec<Arc<Award>> {
    bench.store.awards_of(&user.into(), &child.into()).await.unwrap()
}

fn two_families() -> Vec<Change> {
    let other = [
        Change::PutUser(user("other-family", "other@example.org")),
        Change::PutChild(child("c3", "other-family")),
    ];
    family().into_iter().chain(other).collect()
}

#[tokio::test]
async fn badges_are_records_of_their_family() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let badges = [badge("b1", "u"), badge("b2", "other-family")];
        bench.put(badges.map(Change::PutBadge)).await;
        let plain =
            Badge { metric: Metric::StreakDays, icon: None, period: None, ..badge("b1", "u") };
        bench.put([Change::PutBadge(plain.clone())]).await;
        let bench = bench.reopen().await;
        let records = bench.families().await;
        assert_eq!(*records.badge(&"b1".into()).unwrap(), plain);
        assert_eq!(*records.badge(&"b2".into()).unwrap(), badge("b2", "other-family"));
        assert_eq!(records.badges_of(&"u".into()), records.family(&"u".into()).badges);
        let own = bench.read(Scope::Family("u".into())).await;
        assert_eq!(own.badges_of(&"u".into()).len(), 1);
        assert!(
            own.badge(&"b2".into()).is_none() && own.badges_of(&"other-family".into()).is_empty()
        );
        bench.put([Change::RemoveBadge("b1".into())]).await;
        assert!(bench.reopen().await.families().await.badge(&"b1".into()).is_none());
    })
    .await;
}

#[tokio::test]
async fn an_award_has_one_row() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let awards = [
            award("u", "c1", "busy-week", Grade::Bronze, Some("2026-02-09")),
            award("u", "c1", "busy-week", Grade::Silver, Some("2026-02-09")),
            award("u", "c1", "busy-week", Grade::Bronze, Some("2026-02-16")),
            award("u", "c1", "busy-week", Grade::Bronze, Some("2026-02")),
            award("u", "c1", "busy-week", Grade::Bronze, None),
            award("u", "c2", "busy-week", Grade::Bronze, None),
            award("other-family", "c3", "busy-week", Grade::Bronze, None),
        ];
        bench.put(awards.clone().map(Change::PutAward)).await;
        let first =
            Award { revoked_at: Some(Timestamp::from_micros(START + 5)), ..awards[0].clone() };
        bench.put([Change::PutAward(first.clone())]).await;
        let bench = bench.reopen().await;
        let found = awards_of(&bench, "u", "c1").await;
        let found: Vec<Award> = found.iter().map(|award| Award::clone(award)).collect();
        assert_eq!(found[0], first);
        assert_eq!(found[1..], awards[1..5]);
        assert_eq!(awards_of(&bench, "u", "c2").await.len(), 1);
        assert!(awards_of(&bench, "u", "c3").await.is_empty(), "another family's");
        assert!(awards_of(&bench, "other-family", "c1").await.is_empty());
    })
    .await;
}

/// Ids of older files may contain any text.
#[tokio::test]
async fn children_with_similar_ids_have_their_own_awards() {
    over_each(async |bench| {
        bench.put([Change::PutUser(user("u", "parent@example.org"))]).await;
        let ids = ["c", "c:", "c:1", "c;", "1:c", "é", "c\0", "c%", ""];
        bench.put(ids.map(|id| Change::PutChild(child(id, "u")))).await;
        bench.put(ids.map(|id| Change::PutAward(award("u", id, "b", Grade::Gold, None)))).await;
        let bench = bench.reopen().await;
        for id in ids {
            let found = awards_of(&bench, "u", id).await;
            assert_eq!(found.len(), 1, "{id:?}");
            assert_eq!(found[0].key.child_id.as_str(), id);
        }
    })
    .await;
}

#[tokio::test]
async fn only_its_scope_contains_the_awards_of_a_child() {
    over_each(async |bench| {
        bench.put(family()).await;
        for child in ["c1", "c2"] {
            bench.put([Change::PutAward(award("u", child, "b", Grade::Gold, None))]).await;
        }
        let counts = |records: Arc<dyn Snapshot>| {
            ["c1", "c2"].map(|child| records.awards_of(&child.into()).len())
        };
        let awards = |user: &str| Scope::Awards(user.into(), "c1".into());
        assert_eq!(counts(bench.read(awards("u")).await), [1, 0]);
        assert_eq!(counts(bench.read(awards("nobody")).await), [0, 0]);
        assert_eq!(counts(bench.read(Scope::Family("u".into())).await), [0, 0]);
        assert!(bench.read(awards("u")).await.child(&"c2".into()).is_some());
    })
    .await;
}

#[tokio::test]
async fn transactions_see_the_awards_of_those_before_them() {
    over_each(async |bench| {
        bench.put(family()).await;
        let scope = || Scope::Awards("u".into(), "c1".into());
        let evaluate = move |records: &dyn Snapshot, _: &mut Context| {
            let missing = records.awards_of(&"c1".into()).is_empty();
            let new = missing.then(|| Change::PutAward(award("u", "c1", "b", Grade::Gold, None)));
            Ok((Changes::of(new), missing))
        };
        let all = (0..16).map(|_| bench.store.transact(scope(), evaluate));
        let commits = futures_util::future::join_all(all).await;
        let awarded = commits.into_iter().filter(|commit| commit.as_ref().unwrap().value);
        assert_eq!(awarded.count(), 1);
        assert_eq!(awards_of(&bench, "u", "c1").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn awards_end_with_their_child() {
    over_each(async |bench| {
        bench.put(two_families()).await;
        let of =
            |user: &str, child: &str, badge: &str| award(user, child, badge, Grade::Gold, None);
        let awards = [
            of("u", "c1", "b1"),
            of("u", "c1", "b2"),
            of("u", "c2", "b1"),
            of("other-family", "c3", "b1"),
        ];
        bench.put(awards.map(Change::PutAward)).await;
        // They outlive their badge and their task.
        bench.put([Change::RemoveBadge("b1".into()), Change::RemoveTask("good".into())]).await;
        assert_eq!(awards_of(&bench, "u", "c1").await.len(), 2);
        let removed = bench.store.transact(Scope::Family("u".into()), |_, _| {
            Ok((Changes::of([Change::RemoveChild("c1".into())]), ()))
        });
        removed.await.unwrap();
        let counts = async |bench: &Bench| {
            let mut counts = Vec::new();
            for (user, child) in [("u", "c1"), ("u", "c2"), ("other-family", "c3")] {
                counts.push(awards_of(bench, user, child).await.len());
            }
            counts
        };
        assert_eq!(counts(&bench).await, [0, 1, 1]);
        let bench = bench.reopen().await;
        // A new child with the same id has none.
        bench.put([Change::PutChild(child("c1", "u"))]).await;
        assert_eq!(counts(&bench).await, [0, 1, 1]);
        let account: UserId = "u".into();
        bench.put(["c1", "c2"].map(|id| Change::RemoveChild(id.into()))).await;
        bench.put([Change::RemoveUser(account)]).await;
        assert_eq!(counts(&bench.reopen().await).await, [0, 0, 1]);
    })
    .await;
}
