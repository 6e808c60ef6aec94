//! The people of the demo: their accounts, and their sessions while the history is written.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::family::{Adult, Kid};
use crate::domain::password::NewPassword;
use crate::domain::{ChildId, Email, FamilyRole, Invitation, Name};
use crate::service::{
    Caller, DeviceTokens, LoggedIn, NewAccount, Owner, Parent, SentSessions, Service, ServiceError,
    Token,
};

#[derive(Clone, Debug)]
pub struct DemoLogin {
    pub email: &'static str,
    /// Random, because other people may reach a demo server.
    pub password: String,
}

/// The attempts of the demo count for this address, in memory only.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The sessions of the family.
pub(super) struct People {
    adults: HashMap<Adult, LoggedIn>,
    kids: HashMap<Kid, LoggedIn>,
}

impl People {
    /// The caller that acts for an adult.
    ///
    /// # Panics
    ///
    /// Panics if that adult has not joined.
    pub(super) fn adult(&self, adult: Adult) -> &Caller {
        &self.adults[&adult].caller
    }

    /// The caller with the session of a child.
    ///
    /// # Panics
    ///
    /// Panics before [`Service::pair_devices`].
    pub(super) fn kid(&self, kid: Kid) -> &Caller {
        &self.kids[&kid].caller
    }

    pub(super) fn owner(&self) -> Result<Parent, ServiceError> {
        self.adult(Adult::Paula).clone().into_parent()
    }

    pub(super) fn add(&mut self, joined: [(Adult, LoggedIn); 2]) {
        self.adults.extend(joined);
    }

    fn all(&mut self) -> impl Iterator<Item = &mut LoggedIn> {
        self.adults.values_mut().chain(self.kids.values_mut())
    }
}

impl Service {
    /// Creates the account of the family's owner.
    pub(super) async fn create_owner(
        self: &Arc<Self>,
        account: NewAccount,
    ) -> Result<People, ServiceError> {
        let owner = self.create_parent(account, SentSessions::default()).await?;
        Ok(People { adults: [(Adult::Paula, owner)].into(), kids: HashMap::new() })
    }

    /// Invites an adult to the family, who joins it.
    pub(super) async fn invite_adult(
        self: &Arc<Self>,
        owner: &Owner,
        (adult, role): (Adult, FamilyRole),
        account: NewAccount,
    ) -> Result<(Adult, LoggedIn), ServiceError> {
        let email = Some(account.email.clone());
        let invitation = self.invite(owner, None, Invitation { role, email }).await?;
        let secret = invitation.secret.ok_or_else(|| ServiceError::internal("no secret"))?;
        let joined = self.join(ADDRESS, account, &secret, SentSessions::default()).await?;
        Ok((adult, joined))
    }

    /// Pairs a device with each child.
    pub(super) async fn pair_devices(
        self: &Arc<Self>,
        people: &mut People,
        children: impl IntoIterator<Item = (Kid, ChildId)>,
    ) -> Result<(), ServiceError> {
        let owner = people.owner()?;
        for (kid, id) in children {
            let name = Name::parse("name", kid.name())?;
            let codes = self.open_device_request(ADDRESS, name).await?;
            let typed = codes.user_code.to_string();
            self.pair_device(ADDRESS, &owner, None, id, &typed).await?;
            let held = DeviceTokens::default();
            let session = self.fetch_device_session(ADDRESS, &codes.device_code, &held).await?;
            people.kids.insert(kid, session);
        }
        Ok(())
    }

    /// Uses all sessions, so that they do not expire, and reads the family's members again.
    pub(super) async fn use_sessions(&self, people: &mut People) -> Result<(), ServiceError> {
        for person in people.all() {
            person.caller = self.use_session(&person.token).await?;
        }
        Ok(())
    }

    /// Ends all sessions.
    pub(super) async fn end_sessions_of(
        self: &Arc<Self>,
        people: &mut People,
    ) -> Result<(), ServiceError> {
        for person in people.all() {
            self.logout(&person.caller, SentSessions::default()).await?;
        }
        Ok(())
    }
}

/// An account with a random password, because other people may reach a demo server.
pub(super) fn new_login(
    email: &'static str,
    first_name: &str,
    last_name: &str,
) -> Result<(DemoLogin, NewAccount), ServiceError> {
    // Sixteen of a token's digits are 64 random bits.
    let password: String = Token::random().reveal().chars().take(16).collect();
    let account = NewAccount {
        first_name: Name::parse("first_name", first_name)?,
        last_name: Name::parse("last_name", last_name)?,
        email: Email::parse(email)?,
        password: NewPassword::parse("password", &password)?,
    };
    Ok((DemoLogin { email, password }, account))
}
