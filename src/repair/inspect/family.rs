//! A family of a database, and its row in the look-up table of accounts.

use tokio_postgres::Row;

use super::{Finding, FindingKind};
use crate::domain::{Deletion, Timestamp, User, UserId};
use crate::store::json::state::State;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::record::Record as _;
use crate::store::postgres::Failure;
use crate::store::postgres::administration::LOG;

pub(super) struct Family {
    pub(super) key: i64,
    /// The number of its last event.
    pub(super) seq: i64,
    pub(super) last_occurred_at: Option<i64>,
    pub(super) account: Option<Account>,
}

/// A row of the look-up table of accounts.
pub(super) struct Account {
    pub(super) id: UserId,
    email: Option<String>,
    is_active_admin: bool,
    is_marked: bool,
    deletion_has_started: bool,
    schedule_at: Option<i64>,
}

impl Family {
    pub(super) fn read(row: &Row) -> Result<Self, Failure> {
        let id: Option<&str> = row.try_get("account_id")?;
        Ok(Self {
            key: row.try_get("id")?,
            seq: row.try_get("seq")?,
            last_occurred_at: row.try_get("last_occurred_at")?,
            account: id.map(|id| Account::read(id, row)).transpose()?,
        })
    }

    /// The account that owns the family's records.
    pub(super) fn owner(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.id.as_str())
    }

    /// Names the family in a message.
    pub(super) fn name(&self) -> String {
        name_of(self.key, self.owner())
    }

    /// The finding about a row of the look-up table that does not match the account. `is_empty` is true
    /// if the family has no record of its own.
    pub(super) fn look_up(&self, state: &State, is_empty: bool) -> Option<Finding> {
        let of_account = |row: RowNumber, message: &str| {
            let kind = FindingKind::WrongColumn;
            Some(Finding::of_row(kind, User::FILE, row, None, message.to_owned()))
        };
        let of_family = |message: &str| {
            Some(Finding::of_file(FindingKind::WrongColumn, User::FILE, message.to_owned()))
        };
        let mut users = state.users.numbered();
        let first = users.next();
        if let Some((row, _)) = users.next() {
            return of_account(
                row,
                "the family has a second account: move it to a family of its own",
            );
        }
        match (first, &self.account) {
            (Some((row, user)), Some(account)) if account.id != user.id => of_account(
                row,
                "the table `accounts` leads to another account: correct `accounts.id`",
            ),
            (Some((row, user)), Some(account)) if !account.is_of(user) => of_account(
                row,
                "the table `accounts` has another email address or state of this account: correct it",
            ),
            (Some((row, _)), None) => of_account(
                row,
                "the table `accounts` has no row of this account, which cannot log in: add it",
            ),
            (None, Some(account)) if !account.is_without_record() => of_family(
                "the table `accounts` has an email address or a state, but the account has no record: \
                 clear the columns, or restore a backup",
            ),
            (None, None) if !is_empty && ![0, LOG].contains(&self.key) => of_family(
                "the family has records, but the table `accounts` has no row of it: add it, or restore \
                 a backup",
            ),
            _ => None,
        }
    }
}

impl Account {
    fn read(id: &str, row: &Row) -> Result<Self, Failure> {
        Ok(Self {
            id: UserId::from(id),
            email: row.try_get("email")?,
            is_active_admin: row.try_get("is_active_admin")?,
            is_marked: row.try_get("is_marked")?,
            deletion_has_started: row.try_get("deletion_has_started")?,
            schedule_at: row.try_get("schedule_at")?,
        })
    }

    fn is_of(&self, user: &User) -> bool {
        let has_started = user.deletion.as_ref().is_some_and(Deletion::has_started);
        self.email.as_deref() == Some(&**user.email.folded())
            && self.is_active_admin == user.is_active_admin()
            && self.is_marked == user.deletion.is_some()
            && self.deletion_has_started == has_started
            && self.schedule_at == user.schedules_due_at().map(Timestamp::as_micros)
    }

    fn is_without_record(&self) -> bool {
        self.email.is_none()
            && !self.is_active_admin
            && !self.is_marked
            && !self.deletion_has_started
            && self.schedule_at.is_none()
    }
}

/// Names a family in a message.
pub(super) fn name_of(key: i64, account: Option<&str>) -> String {
    match account {
        _ if key == 0 => "family 0, which all families share".to_owned(),
        _ if key == LOG => "the administration log".to_owned(),
        Some(id) => format!("family {key} of account {id}"),
        None => format!("family {key} without an account"),
    }
}
