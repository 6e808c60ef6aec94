//! Writes the account deletion log, in which accounts have pseudonyms.

use std::io;
use std::sync::Arc;

use super::super::token::hexadecimal;
use super::super::{Causes, Service, ServiceError, spawn};
use crate::clock;
use crate::domain::{User, UserId, pseudonym};
use crate::followers::audit_log::{DeletionEvent, LeftCopy};
use crate::store::{Change, Changes, Scope, Snapshot, Store};

/// The name of the setting that contains the salt.
const SALT: &str = "account_deletion_salt";
/// The longest suffix of a file's name that is shown.
const LONGEST_SUFFIX: usize = 40;

impl Service {
    /// Writes a line. A failure is logged and otherwise ignored, because the event has already happened.
    pub(super) async fn log_deletion(&self, user_id: &UserId, event: DeletionEvent) {
        if let Err(error) = self.try_log_deletion(user_id, event).await {
            tracing::error!(error = %Causes(&error), "cannot write a line to the account deletion log");
        }
    }

    async fn try_log_deletion(
        &self,
        user_id: &UserId,
        event: DeletionEvent,
    ) -> Result<(), ServiceError> {
        let account = self.pseudonym(user_id).await?;
        let (log, now) = (Arc::clone(&self.deletions.log), self.clock.now());
        let written = spawn::blocking(move || log.write(now, &account, &event));
        written.await.map_err(ServiceError::internal)?.map_err(ServiceError::internal)
    }

    /// Returns an account's pseudonym in the logs.
    pub(super) async fn pseudonym(&self, user_id: &UserId) -> Result<String, ServiceError> {
        let salt = self.salt().await?;
        Ok(pseudonym(&salt, user_id))
    }

    /// The salt of pseudonyms.
    pub(in crate::service) async fn salt(&self) -> Result<String, ServiceError> {
        if let Some(salt) = stored_salt(&*self.store.read(Scope::Server).await?) {
            return Ok(salt);
        }
        let new = hexadecimal(&clock::random::<32>());
        let outcome = self.transact(Scope::Server, move |records, _| {
            // Of concurrent calls, the first one creates it.
            Ok(stored_salt(records).map_or_else(
                || (Changes::of([put_salt(&new)]), new.clone()),
                |salt| (Changes::none(), salt),
            ))
        });
        Ok(outcome.await?.value)
    }
}

fn put_salt(salt: &str) -> Change {
    Change::PutSetting { name: SALT.into(), value: salt.into() }
}

fn stored_salt(records: &dyn Snapshot) -> Option<String> {
    let salt = records.setting(SALT)?;
    salt.as_str().filter(|salt| !salt.is_empty()).map(str::to_owned)
}

/// Describes an error without a path, because the name of a log contains the account's id.
pub(super) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => format!("{} (os error {code})", error.kind()),
        None => error.kind().to_string(),
    }
}

/// Describes the remaining copies of an account's log, without identifying the account.
pub(super) fn left(left: &[LeftCopy], user: Option<&User>) -> String {
    let mut kinds: Vec<_> = left
        .iter()
        .map(|copy| format!("{} ({})", kind(&copy.suffix, user), reason(&copy.error)))
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds.join(", ")
}

/// The suffix of a copy's name, unless it could identify the account.
fn kind(suffix: &str, user: Option<&User>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let lower = suffix.to_lowercase();
    let tells = |text: &str| !text.is_empty() && lower.contains(&text.to_lowercase());
    let names_user = user.is_some_and(|user| {
        let email = user.email.as_str();
        let local = email.split('@').next().unwrap_or(email);
        [user.id.as_str(), user.first_name.as_str(), user.last_name.as_str(), local]
            .into_iter()
            .any(tells)
    });
    if names_user || suffix.len() > LONGEST_SUFFIX || !suffix.chars().all(is_plain) {
        return "a file with another ending".to_owned();
    }
    format!(".log{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remaining_copies_are_named_by_their_suffix() {
        let copy = |suffix: &str| LeftCopy {
            suffix: suffix.to_owned(),
            error: io::ErrorKind::PermissionDenied.into(),
        };
        let copies = [copy("-20261127"), copy(".1.gz"), copy(" of Zoë"), copy("\u{1b}[31m")];
        assert_eq!(
            left(&copies, None),
            ".log-20261127 (permission denied), .log.1.gz (permission denied), a file with another \
             ending (permission denied)"
        );
    }

    #[test]
    fn a_reason_contains_no_path() {
        let error = io::Error::new(io::ErrorKind::PermissionDenied, "logs/tracking_user_1.log");
        assert_eq!(reason(&error), "permission denied");
        assert_eq!(reason(&io::Error::from_raw_os_error(28)), "no storage space (os error 28)");
    }
}
