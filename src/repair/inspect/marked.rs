//! The accounts that are marked for deletion.

use serde_json::Value;

use super::report::Marked;
use crate::domain::Timestamp;
use crate::domain::deletion::{FIRST_START, Policy, THRESHOLD, Threshold};
use crate::store::json::state::State;

/// The marked accounts; `is_new` is true if no Goldstar has opened the directory.
pub(super) fn marked(state: &State, is_new: bool) -> Marked {
    let accounts = state
        .users
        .numbered()
        .filter_map(|(row, user)| Some((row, user.id.clone(), user.deletion.clone()?)));
    let setting = |name| state.settings.get(name).map(|setting| setting.value.clone());
    let first_start = setting(FIRST_START);
    let began = first_start.as_ref().and_then(Value::as_f64).and_then(Timestamp::from_unix_seconds);
    let hours = setting(THRESHOLD).as_ref().and_then(Value::as_i64);
    Marked {
        accounts: accounts.collect(),
        threshold: hours.and_then(Threshold::from_hours),
        not_before: began.map(|began| began.after(Policy::FIRST_HOLD)),
        is_first_start: first_start.map_or(is_new, |value| value.is_null()),
    }
}
