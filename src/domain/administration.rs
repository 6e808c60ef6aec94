//! The administration log: what administrators and the operator have done.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::erasures::hex;
use super::{Id, Timestamp, UserId};

/// The bytes of a hash in a pseudonym. The probability that two of a billion accounts share a pseudonym is
/// one in forty.
const NAME_BYTES: usize = 8;

/// An account's pseudonym in logs: the hash of its id with a stored random salt. It is always the same for
/// one account, and does not identify the account without the salt.
pub fn pseudonym(salt: &str, user_id: &UserId) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(user_id.as_str()).finalize();
    hex(&hash[..NAME_BYTES])
}

/// An action that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdminAction {
    AccountCreated,
    AccountUpdated,
    AccountPromoted,
    AccountDemoted,
    PasswordSet,
    ResetLinkCreated,
    SessionsEnded,
    AccountMarked,
    AccountUnmarked,
    AccountDeleted,
    DueAccountsDeleted,
    ThresholdSet,
    BackupCreated,
    ApiTokenCreated,
    ApiTokenRevoked,
    BackupDownloaded,
}

impl AdminAction {
    pub const ALL: [Self; 16] = [
        Self::AccountCreated,
        Self::AccountUpdated,
        Self::AccountPromoted,
        Self::AccountDemoted,
        Self::PasswordSet,
        Self::ResetLinkCreated,
        Self::SessionsEnded,
        Self::AccountMarked,
        Self::AccountUnmarked,
        Self::AccountDeleted,
        Self::DueAccountsDeleted,
        Self::ThresholdSet,
        Self::BackupCreated,
        Self::ApiTokenCreated,
        Self::ApiTokenRevoked,
        Self::BackupDownloaded,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountCreated => "account_created",
            Self::AccountUpdated => "account_updated",
            Self::AccountPromoted => "account_promoted",
            Self::AccountDemoted => "account_demoted",
            Self::PasswordSet => "password_set",
            Self::ResetLinkCreated => "reset_link_created",
            Self::SessionsEnded => "sessions_ended",
            Self::AccountMarked => "account_marked",
            Self::AccountUnmarked => "account_unmarked",
            Self::AccountDeleted => "account_deleted",
            Self::DueAccountsDeleted => "due_accounts_deleted",
            Self::ThresholdSet => "threshold_set",
            Self::BackupCreated => "backup_created",
            Self::ApiTokenCreated => "api_token_created",
            Self::ApiTokenRevoked => "api_token_revoked",
            Self::BackupDownloaded => "backup_downloaded",
        }
    }
}

pub type LogEntryId = Id<LogEntry>;

/// An entry of the administration log. It contains no name, no address and no id of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    pub id: LogEntryId,
    /// The pseudonym of the administrator; `None` for the operator.
    pub actor: Option<Arc<str>>,
    /// See [`AdminAction`]. A newer version may have written another one.
    pub action: Arc<str>,
    /// The pseudonym of the account that was changed; `None` if the action is about none.
    pub account: Option<Arc<str>>,
    pub created_at: Timestamp,
}

impl LogEntry {
    /// The number of entries that are kept, which limits what a stolen session can write.
    pub const MOST: usize = 10_000;
    const LIFETIME: Duration = Duration::from_hours(400 * 24);

    pub fn expires_at(&self) -> Timestamp {
        self.created_at.after(Self::LIFETIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_depends_on_the_account_and_the_salt() {
        let name = pseudonym("salt", &"u".into());
        assert_eq!(name.len(), 16);
        assert_eq!(pseudonym("salt", &"u".into()), name);
        assert_ne!(pseudonym("salt", &"v".into()), name);
        assert_ne!(pseudonym("tlas", &"u".into()), name);
    }

    #[test]
    fn actions_have_different_names() {
        let mut names = AdminAction::ALL.map(AdminAction::as_str);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
