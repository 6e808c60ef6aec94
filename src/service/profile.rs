//! What the owner of an account changes in it, except the password.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Adult, Service, ServiceError};
use crate::domain::input::FieldUpdate;
use crate::domain::{Email, Language, Name, User};

/// A change of an account by its owner; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct UserPatch {
    pub first_name: Option<Name>,
    pub last_name: Option<Name>,
    pub image_id: FieldUpdate<Arc<str>>,
    pub language: FieldUpdate<Language>,
}

impl Service {
    /// Changes the address that the caller logs in with, for a client at `address`. Sessions stay.
    ///
    /// Fails if `password` is wrong, after too many attempts, and if another account has the email
    /// address.
    pub async fn change_email(
        &self,
        address: IpAddr,
        adult: &Adult,
        email: Email,
        password: String,
    ) -> Result<Arc<User>, ServiceError> {
        self.confirm(address, adult, password).await?;
        let decider = adult.clone();
        self.update_account_of(adult, move |records, context| {
            let user = User::clone(&*decider.current_account(records)?);
            Ok(User { email: email.clone(), updated_at: Some(context.now()), ..user })
        })
        .await
    }

    /// Updates the caller's own account.
    pub async fn update_user(
        &self,
        adult: &Adult,
        patch: UserPatch,
    ) -> Result<Arc<User>, ServiceError> {
        let decider = adult.clone();
        self.update_account_of(adult, move |records, context| {
            let user = User::clone(&*decider.current_account(records)?);
            Ok(User {
                first_name: patch.first_name.clone().unwrap_or(user.first_name),
                last_name: patch.last_name.clone().unwrap_or(user.last_name),
                image_id: patch.image_id.clone().apply(user.image_id),
                language: patch.language.clone().apply(user.language),
                updated_at: Some(context.now()),
                ..user
            })
        })
        .await
    }
}
