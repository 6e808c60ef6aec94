//! Records: reading returns what was written, in the order of creation, even after a restart.

use goldstar::domain::{AccountFilter, Deletion, Email, Page, Timestamp, TokenHash, User};
use goldstar::store::{Change, Scope, Store};

use super::bench::{self, family, pending, reward, session, task, user};
use super::over_each;

const ALL: Page = Page { limit: 500, offset: 0 };

#[tokio::test]
async fn a_new_store_is_empty_until_the_first_change() {
    over_each(async |bench| {
        assert!(bench.store.is_empty().await.unwrap());
        bench.put([Change::PutUser(user("u", "a@example.org"))]).await;
        assert!(!bench.store.is_empty().await.unwrap());
        assert_eq!(bench.store.count_accounts().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_stays_as_it_is() {
    over_each(async |bench| {
        let before = bench.families().await;
        bench.put(family()).await;
        assert!(before.user(&"u".into()).is_none());
        assert!(bench.families().await.user(&"u".into()).is_some());
    })
    .await;
}

#[tokio::test]
async fn an_account_is_found_by_its_email_in_any_case() {
    over_each(async |bench| {
        bench.put([Change::PutUser(user("u", "Parent@Example.org"))]).await;
        let found = bench.families().await.user_by_email(&Email::from_stored("PARENT@example.ORG"));
        assert_eq!(found.unwrap().email.as_str(), "Parent@Example.org");

        bench.put([Change::PutUser(user("u", "new@example.org"))]).await;
        let view = bench.families().await;
        let old = view.user_by_email(&Email::from_stored("parent@example.org"));
        assert!(old.is_none(), "the old address leads nowhere");
        assert!(view.user_by_email(&Email::from_stored("new@example.org")).is_some());
    })
    .await;
}

#[tokio::test]
async fn accounts_are_found_by_their_id_their_address_and_their_mark() {
    over_each(async |bench| {
        let marked = Some(Deletion::marked(Timestamp::EPOCH));
        let marked = User { deletion: marked, ..user("marked", "Marked@Example.org") };
        let odd = user("a%b", "50%_@example.net");
        let accounts = [user("u", "a@example.org"), marked, odd];
        bench.put(accounts.map(Change::PutUser)).await;
        let search = |text: &str| AccountFilter { search: Some(text.into()), ..Default::default() };
        let email =
            |text| AccountFilter { email: Some(Email::from_stored(text)), ..Default::default() };
        let state = |is_marked| AccountFilter { is_marked: Some(is_marked), ..Default::default() };
        for (filter, ids) in [
            (AccountFilter::default(), &["u", "marked", "a%b"][..]),
            (search("EXAMPLE.ORG"), &["u", "marked"]),
            (search("u"), &["u"]),
            (search("mark"), &["marked"]),
            (search("a%b"), &["a%b"]),
            (search("%_"), &["a%b"]),
            (search("*"), &[]),
            (email("A@example.ORG"), &["u"]),
            (email("@example.org"), &[]),
            (email("\0"), &[]),
            (state(true), &["marked"]),
            (state(false), &["u", "a%b"]),
            (AccountFilter { is_marked: Some(false), ..search("marked") }, &[]),
        ] {
            let found = bench.store.accounts(&filter, Page::ALL).await.unwrap();
            let found_ids: Vec<&str> = found.records.iter().map(|it| it.id.as_str()).collect();
            assert_eq!(found_ids, ids, "{filter:?}");
            let page = Page { limit: 1, offset: 1 };
            let page = bench.store.accounts(&filter, page).await.unwrap();
            assert_eq!(page.total, ids.len(), "{filter:?}");
            let found_ids = page.records.iter().map(|it| it.id.as_str());
            assert!(found_ids.eq(ids.iter().copied().skip(1).take(1)), "{filter:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn lists_are_in_the_order_of_creation_and_an_update_keeps_it() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench.put([Change::PutChild(bench::child("c0", "u"))]).await;
        let mut first = bench::child("c1", "u");
        first.age = Some(7);
        bench.put([Change::PutChild(first)]).await;
        let bench = bench.reopen().await;
        let children = bench.families().await.children_of(&"u".into());
        let ids: Vec<&str> = children.iter().map(|child| child.id.as_str()).collect();
        assert_eq!(ids, ["c1", "c2", "c0"]);
        assert_eq!(children[0].age, Some(7));
    })
    .await;
}

#[tokio::test]
async fn a_family_has_its_own_and_the_shared_tasks_and_rewards() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench
            .put([
                Change::PutTask(task("shared", None, 1, true)),
                Change::PutTask(task("other", Some("v"), 1, true)),
                Change::PutReward(reward("shared", None)),
                Change::PutReward(reward("other", Some("v"))),
            ])
            .await;
        let view = bench.families().await;
        let tasks = view.tasks_page(&"u".into(), ALL).records;
        let tasks: Vec<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
        assert_eq!(tasks, ["good", "bad", "shared"]);
        let rewards = view.rewards_page(&"u".into(), ALL).records;
        let rewards: Vec<&str> = rewards.iter().map(|reward| reward.id.as_str()).collect();
        assert_eq!(rewards, ["r", "shared"]);
        assert!(view.task(&"other".into()).is_none(), "another family's");
    })
    .await;
}

#[tokio::test]
async fn a_removal_can_be_repeated() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench.put([Change::PutPending(pending("p", "c1", "r"))]).await;
        for _ in 0..2 {
            bench
                .put([
                    Change::RemoveChild("c1".into()),
                    Change::RemoveTask("bad".into()),
                    Change::RemoveReward("r".into()),
                    Change::RemovePending("p".into()),
                ])
                .await;
        }
        let bench = bench.reopen().await;
        let view = bench.families().await;
        assert!(view.child(&"c1".into()).is_none());
        assert!(view.task(&"bad".into()).is_none());
        assert!(view.reward(&"r".into()).is_none());
        assert!(view.pending(&"c1".into(), &"r".into()).is_none());
        assert_eq!(view.children_of(&"u".into()).len(), 1);
        assert_eq!(view.tasks_page(&"u".into(), ALL).records.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_request_is_found_by_child_and_reward() {
    over_each(async |bench| {
        bench.put(family()).await;
        bench
            .put([
                Change::PutPending(pending("p1", "c1", "r")),
                Change::PutPending(pending("p2", "c2", "r")),
            ])
            .await;
        let view = bench.families().await;
        let found = view.pending(&"c2".into(), &"r".into()).unwrap();
        assert_eq!(found.id.as_str(), "p2");
        assert!(view.pending(&"c2".into(), &"other".into()).is_none());
        assert_eq!(view.pending_of(&"u".into()).len(), 2);
        assert!(view.pending_of(&"v".into()).is_empty());
    })
    .await;
}

#[tokio::test]
async fn sessions_are_found_by_account_and_by_token() {
    over_each(async |bench| {
        bench
            .put([
                Change::PutSession(session("a", "u")),
                Change::PutSession(session("b", "u")),
                Change::PutSession(session("c", "v")),
            ])
            .await;
        let bench = bench.reopen().await;
        let view = bench.families().await;
        assert_eq!(view.sessions_of(&"u".into()).len(), 2);
        assert!(view.session(&TokenHash("c".into())).is_none(), "another family's");
        let view = bench.read(Scope::Session(TokenHash("c".into()))).await;
        let found = view.session(&TokenHash("c".into())).unwrap();
        assert_eq!(found.user_id.as_str(), "v");
        assert_eq!(found.expires_at, session("c", "v").expires_at);
        bench.put([Change::RemoveSession(TokenHash("a".into()))]).await;
        assert_eq!(bench.families().await.sessions_of(&"u".into()).len(), 1);
    })
    .await;
}
