use crate::domain::calendar::Day;
use crate::domain::schedule::Plan;
use crate::domain::{ChildId, Email, EventId, TokenHash, UserId};

/// What a read or a transaction is about. A snapshot contains the records of its scope and nothing
/// else: a record of another family is not found.
///
/// Transactions of one scope are executed one after the other. With every family come the tasks and
/// rewards that are shared by all families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An account with all of its records.
    Family(UserId),
    /// A family, and whether that event is reversed.
    Event(UserId, EventId),
    /// A family, and the awards of that child.
    Awards(UserId, ChildId),
    /// A family, and its marks of occurrences on that day or later.
    Marks(UserId, Day),
    /// Several families, such as that of an administrator and that of the account that is administered.
    Families(Vec<UserId>),
    /// The family whose account has that email address, ignoring case; no records if there is none.
    Email(Email),
    /// The family that the session with that token belongs to; no records if there is none.
    Session(TokenHash),
    /// The family that the calendar feed with that secret belongs to; no records if there is none.
    CalendarFeed(TokenHash),
    /// The server: its settings.
    Server,
}

impl Scope {
    /// One family, or several.
    pub fn of_families(ids: impl IntoIterator<Item = UserId>) -> Self {
        let mut families: Vec<UserId> = Vec::new();
        for id in ids {
            if !families.contains(&id) {
                families.push(id);
            }
        }
        match <[UserId; 1]>::try_from(families) {
            Ok([id]) => Self::Family(id),
            Err(families) => Self::Families(families),
        }
    }

    /// A family, and the marks of the occurrences that can be done on a day or later.
    pub fn marks_since(family: &UserId, first: Day) -> Self {
        Self::Marks(family.clone(), first.plus(-i32::from(Plan::MAX_GRACE) - 1))
    }
}
