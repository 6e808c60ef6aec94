//! API tokens: they are stored like sessions, and listed and shortened otherwise.

use goldstar::domain::{
    ApiToken, KeyTime, Name, Page, Session, Timestamp, TokenHash, TokenScope, UserId,
};
use goldstar::store::{Change, Expiry, Scope, Store as _};

use super::bench::{START, family, session};
use super::over_each;

fn token(hash: &str, expires_at: Option<Timestamp>) -> Session {
    let token = ApiToken {
        name: Name::from_stored("Home Assistant"),
        prefix: "gs_Ab3d".into(),
        scopes: [TokenScope::Read, TokenScope::AdminWrite].into(),
        has_fixed_end: expires_at.is_some(),
        last_address: Some("2001:db8::1".into()),
    };
    let (family, account) = (UserId::from("u"), UserId::from("v"));
    let hash = TokenHash::of_api_token(&TokenHash(hash.into()));
    let now = Timestamp::from_micros(START);
    Session::api_token(hash, family, &account, Some("c1".into()), token, expires_at, now)
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_and_is_no_session() {
    over_each(async |bench| {
        let end = Timestamp::from_micros(START).after(Session::LIFETIME);
        let tokens = [token("00", None), token("01", Some(end))];
        let puts = tokens.clone().into_iter().chain([session("s", "u")]).map(Change::PutSession);
        bench.put(family().into_iter().chain(puts)).await;
        let bench = bench.reopen().await;
        for expected in &tokens {
            let hash = expected.token_hash.clone();
            let found = bench.read(Scope::Session(hash.clone())).await.session(&hash).unwrap();
            assert_eq!(found.api_token, expected.api_token);
            assert_eq!((&found.member, &found.child_id), (&expected.member, &expected.child_id));
            assert_eq!(found.expires_at, expected.expires_at);
        }
        let records = bench.families().await;
        assert_eq!(records.sessions_of(&"u".into()).len(), 3);
        assert_eq!(records.sessions_of_child(&"u".into(), &"c1".into()).len(), 2);
        let now = Timestamp::from_micros(START);
        let listed = bench.store.administration().sessions(now, Page::ALL).await.unwrap();
        assert_eq!(listed.total, 1, "only the session is one");
        // Tokens end with their child.
        let removed = tokens.map(|it| Change::RemoveSession(it.token_hash));
        bench.put(removed.into_iter().chain([Change::RemoveChild("c1".into())])).await;
        assert_eq!(bench.reopen().await.families().await.sessions_of(&"u".into()).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_token_may_be_valid_for_a_year() {
    over_each(async |bench| {
        let start = Timestamp::from_micros(START);
        let year = start.after(ApiToken::LIFETIME);
        let usual = token("00", None);
        let late = token("01", Some(year.after(2 * Session::LIFETIME)));
        bench.put(family().into_iter().chain([usual, late].map(Change::PutSession))).await;
        let expiry = Expiry { now: start, keys: KeyTime::at(start), sessions: true, lease: None };
        assert_eq!(bench.store.remove_expired(expiry).await.unwrap(), []);
        let records = bench.reopen().await.families().await;
        let ends = records.sessions_of(&"u".into()).into_iter().map(|it| it.expires_at);
        assert_eq!(ends.collect::<Vec<_>>(), [year, year], "only a later end is moved");
    })
    .await;
}
