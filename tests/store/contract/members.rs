//! Members: records of a family, sessions that name another account, and the exchange of email addresses.

use std::sync::Arc;

use goldstar::domain::{
    Email, FamilyRole, Invitation, Member, Name, Role, RuleViolation, Session, Timestamp, User,
};
use goldstar::store::{Change, Changes, CommitError, Scope};

use super::bench::{START, family, session, user};
use super::over_each;

fn member(id: &str, account: &str, role: FamilyRole) -> Member {
    Member {
        id: id.into(),
        user_id: "u".into(),
        account_id: account.into(),
        first_name: Name::from_stored("Oma"),
        last_name: Name::from_stored("Example"),
        role,
        created_at: Timestamp::from_micros(START),
    }
}

#[tokio::test]
async fn members_are_records_of_their_family() {
    over_each(async |bench| {
        let rows = [member("m1", "u", FamilyRole::Owner), member("m2", "v", FamilyRole::Helper)];
        let other = User { member_of: Some("u".into()), ..user("v", "v@example.org") };
        bench.put(family().into_iter().chain([Change::PutUser(other)])).await;
        bench.put(rows.clone().map(Change::PutMember)).await;
        let of_member = Session { member: Some("v".into()), ..session("member-1", "u") };
        let offer =
            Invitation { role: FamilyRole::Parent, email: Some(Email::from_stored("w@x.org")) };
        let invitation =
            Session { invitation: Some(Arc::new(offer)), ..session("invitation-1", "u") };
        bench.put([of_member.clone(), invitation.clone()].map(Change::PutSession)).await;
        let bench = bench.reopen().await;
        let own = bench.read(Scope::Family("u".into())).await;
        let found: Vec<_> = own.members_of(&"u".into()).iter().map(|it| (**it).clone()).collect();
        assert_eq!(found, rows);
        assert_eq!(own.family(&"u".into()).members, own.members_of(&"u".into()));
        assert!(own.members_of(&"v".into()).is_empty() && own.user(&"v".into()).is_none());
        for expected in [of_member, invitation] {
            let hash = expected.token_hash.clone();
            let found = bench.read(Scope::Session(hash.clone())).await.session(&hash).unwrap();
            assert_eq!(
                (&found.member, &found.invitation),
                (&expected.member, &expected.invitation)
            );
        }
        let both = bench.read(Scope::of_families(["u".into(), "v".into()])).await;
        assert_eq!(both.user(&"v".into()).unwrap().member_of, Some("u".into()));
        let freed = User { member_of: None, ..User::clone(&both.user(&"v".into()).unwrap()) };
        bench.put([Change::RemoveMember("m2".into()), Change::PutUser(freed)]).await;
        let bench = bench.reopen().await;
        let both = bench.read(Scope::of_families(["u".into(), "v".into()])).await;
        assert_eq!(both.members_of(&"u".into()).len(), 1);
        assert_eq!(both.user(&"v".into()).unwrap().member_of, None);
    })
    .await;
}

#[tokio::test]
async fn two_accounts_exchange_their_addresses_and_roles() {
    over_each(async |bench| {
        let users = ["u", "other-family", "w"];
        let users = users.map(|id| user(id, &format!("{id}@example.org")));
        bench.put(users.clone().map(Change::PutUser)).await;
        let named = |user: &User, like: &User| {
            Change::PutUser(User { email: like.email.clone(), ..user.clone() })
        };
        let [u, v, w] = &users;
        // The last administrator remains one, unless another account becomes one.
        let role = |user: &User, role| Change::PutUser(User { role, ..user.clone() });
        bench.put([role(u, Role::Admin)]).await;
        let changes = Changes::of([role(u, Role::Parent), role(v, Role::Admin)]);
        bench.commit(move |_, _| Ok(changes.clone())).await.unwrap();
        let changes = Changes::of([role(v, Role::Parent)]);
        let refused = bench.commit(move |_, _| Ok(changes.clone())).await;
        assert!(matches!(refused, Err(CommitError::Refused(RuleViolation::LastAdministrator))));
        bench.put([role(w, Role::Admin)]).await;
        let changes = Changes::of([named(u, v), named(v, u)]);
        bench.commit(move |_, _| Ok(changes.clone())).await.unwrap();
        let bench = bench.reopen().await;
        for (email, id) in [(&u.email, "other-family"), (&v.email, "u"), (&w.email, "w")] {
            let found = bench.read(Scope::Email(email.clone())).await.user_by_email(email).unwrap();
            assert_eq!(found.id.as_str(), id);
        }
        // The address of an account that keeps it is taken.
        let changes = Changes::of([named(u, w), named(v, u)]);
        let refused = bench.commit(move |_, _| Ok(changes.clone())).await;
        assert!(matches!(refused, Err(CommitError::Refused(RuleViolation::EmailTaken))));
    })
    .await;
}
