//! The transfer of a family to another owner.

use std::net::IpAddr;
use std::sync::Arc;

use super::caller::member_of;
use super::members::sessions_in;
use super::sessions::Ending;
use super::{Owner, Service, ServiceError};
use crate::domain::{FamilyRole, Member, MemberId, RecordKind, RuleViolation, User};
use crate::store::Change;

impl Service {
    /// Exchanges the persons behind two accounts: the member becomes the owner of the family, and the owner a parent
    /// with the member's account. Ends the sessions and links of both. For a client at `address`.
    ///
    /// Fails if `password` is not the owner's, and after too many attempts.
    pub async fn transfer_family(
        self: &Arc<Self>,
        address: IpAddr,
        owner: &Owner,
        id: MemberId,
        password: String,
    ) -> Result<(), ServiceError> {
        self.confirm(address, owner, password).await?;
        let family = owner.user().id.clone();
        self.decide_on_member(owner, id, move |records, member, context| {
            let own = member_of(records, &family, &family).ok_or(RuleViolation::SessionEnded)?;
            let account = |id| records.user(id).ok_or(RuleViolation::NotFound(RecordKind::Member));
            let (from, to) = (account(&family)?, account(&member.account_id)?);
            if to.deletion.is_some() {
                return Err(RuleViolation::NotFound(RecordKind::Member));
            }
            let mut sessions = sessions_in(records, &family, &to.id);
            sessions.extend(sessions_in(records, &from.id, &from.id));
            sessions.extend(sessions_in(records, &to.id, &to.id));
            let updated_at = Some(context.now());
            let put = |of: &User, person: &User| {
                Change::PutUser(User { updated_at, ..with_person(of, person) })
            };
            let new_owner =
                Member { account_id: from.id.clone(), role: own.role, ..member.clone() };
            let former =
                Member { account_id: to.id.clone(), role: FamilyRole::Parent, ..(*own).clone() };
            let changes = vec![
                put(&from, &to),
                put(&to, &from),
                Change::PutMember(new_owner),
                Change::PutMember(former),
            ];
            Ok(Ending { sessions, changes, value: () })
        })
        .await
    }
}

/// An account with the personal fields of another one.
fn with_person(of: &User, person: &User) -> User {
    User {
        first_name: person.first_name.clone(),
        last_name: person.last_name.clone(),
        email: person.email.clone(),
        password: Arc::clone(&person.password),
        role: person.role,
        image_id: person.image_id.clone(),
        language: person.language.clone(),
        ..of.clone()
    }
}
