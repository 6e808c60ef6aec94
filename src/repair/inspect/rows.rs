//! Faults of one row of a small table, without regard to others.

use super::FindingKind;
use crate::domain::{Child, Reward, Task, Timestamp, TrackingEvent, User, password};
use crate::repair::salvage::kind::latest_of;
use crate::store::json::tinydb::deletion;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::Record;

/// Calls `say` for each fault of a row of that file.
pub(super) fn inspect_row(
    file: &str,
    text: &str,
    now: Timestamp,
    mut say: impl FnMut(FindingKind, String),
) {
    // A text that is not an object is damage, and already reported.
    let Ok(fields) = Fields::parse(text) else { return };
    let latest = latest_of(&fields);
    if let Some(message) = latest.and_then(|latest| ahead_of(now, latest)) {
        say(FindingKind::TimeAhead, message);
    }
    match file {
        User::FILE => inspect_account(&fields, say),
        Child::FILE => {
            if let Some(number) = fields.points().ok().filter(|points| points.get() < 0) {
                let message = format!("the child has {number} points, which is below zero");
                say(FindingKind::NegativePoints, message);
            }
        }
        Task::FILE => inspect_amount(&fields, "points", say),
        Reward::FILE => inspect_amount(&fields, "cost", say),
        _ => {}
    }
}

/// The fault of a row with a time in the future, beyond the error of a fast clock.
pub(super) fn ahead_of(now: Timestamp, moment: Timestamp) -> Option<String> {
    let is_ahead = moment > now.after(TrackingEvent::LEEWAY);
    is_ahead.then(|| format!("it has the time {moment}, and the clock shows {now}"))
}

fn inspect_account(fields: &Fields<'_>, mut say: impl FnMut(FindingKind, String)) {
    let Ok(user) = User::decode(fields) else { return };
    if let Some(fault) = password::fault(&user.password) {
        let message = format!("{fault}: nobody can log in to this account");
        say(FindingKind::UnverifiablePassword, message);
    } else if password::is_expensive(&user.password) {
        let message = "a check of the password hash takes more than four times the time or memory of \
                       a new hash; the next login to the account replaces it";
        say(FindingKind::ExpensivePassword, message.to_owned());
    }
    if let Some(fault) = deletion::fault(fields) {
        let message = format!(
            "{fault}: the account is locked, and is deleted or unmarked only if an administrator \
             requests it"
        );
        say(FindingKind::UnreadableMark, message);
    }
}

fn inspect_amount(
    fields: &Fields<'_>,
    field: &'static str,
    mut say: impl FnMut(FindingKind, String),
) {
    if let Some(amount) = fields.amount(field).ok().filter(|amount| amount.get() < 0) {
        let message = format!(
            "`{field}` is {}, which is below zero: every use of it is an error",
            amount.get()
        );
        say(FindingKind::NegativeAmount, message);
    }
}
