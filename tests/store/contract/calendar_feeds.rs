//! Calendar feeds: records of their family, which is found by the hash of a feed's secret.

use goldstar::domain::{CalendarFeed, Timestamp, TokenHash};
use goldstar::store::{Change, Scope};

use super::bench::{START, child, family, session, user};
use super::over_each;

fn feed(secret: &str, user_id: &str, child_id: &str) -> CalendarFeed {
    CalendarFeed {
        secret_hash: hash(secret),
        id: format!("id of {secret}").into(),
        user_id: user_id.into(),
        child_id: child_id.into(),
        created_at: Timestamp::from_micros(START),
    }
}

fn hash(secret: &str) -> TokenHash {
    TokenHash(secret.into())
}

#[tokio::test]
async fn a_secret_leads_to_its_family_and_to_no_other() {
    over_each(async |bench| {
        let other =
            [Change::PutUser(user("v", "v@example.org")), Change::PutChild(child("c3", "v"))];
        bench.put(family().into_iter().chain(other)).await;
        let feeds = [feed("s1", "u", "c1"), feed("s2", "u", "c2"), feed("s3", "v", "c3")];
        bench.put(feeds.clone().map(Change::PutFeed)).await;
        bench.put([Change::PutSession(session("token", "v"))]).await;
        let bench = bench.reopen().await;
        let own = bench.read(Scope::CalendarFeed(hash("s1"))).await;
        assert_eq!(*own.feed(&hash("s1")).unwrap(), feeds[0]);
        assert!(own.user(&"u".into()).is_some() && own.child(&"c2".into()).is_some());
        assert!(own.user(&"v".into()).is_none() && own.feed(&hash("s3")).is_none());
        assert!(own.feeds_of(&"v".into()).is_empty());
        let all: Vec<_> =
            own.feeds_of(&"u".into()).iter().map(|it| CalendarFeed::clone(it)).collect();
        assert_eq!(all, feeds[..2]);
        assert_eq!(own.family(&"u".into()).feeds, own.feeds_of(&"u".into()));
        let by_session = bench.read(Scope::Session(hash("token"))).await;
        assert!(
            by_session.session(&hash("s3")).is_none() && by_session.feed(&hash("token")).is_none()
        );
        // A session's token is no secret of a feed, and the other way round.
        for scope in [Scope::CalendarFeed(hash("token")), Scope::CalendarFeed(hash("unknown"))] {
            assert!(bench.read(scope).await.feed(&hash("token")).is_none());
        }
        let crossed = bench.read(Scope::Session(hash("s3"))).await;
        assert!(crossed.session(&hash("s3")).is_none());
        bench.put([Change::RemoveFeed(hash("s1")), Change::RemoveFeed(hash("unknown"))]).await;
        let bench = bench.reopen().await;
        let gone = bench.read(Scope::CalendarFeed(hash("s1"))).await;
        assert!(gone.feed(&hash("s1")).is_none() && gone.user(&"u".into()).is_none());
        assert!(bench.read(Scope::CalendarFeed(hash("s2"))).await.user(&"u".into()).is_some());
    })
    .await;
}
