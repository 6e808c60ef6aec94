//! Removes accounts from the tables of a directory.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::{Deletion, ErasureList, IdempotencyRecord, Session, User, UserId};
use crate::repair::salvage::kind::TABLES;
use crate::store::json::state::State;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::record::Record as _;

/// The accounts that must not be in an archive, or not return from it.
pub(crate) struct Erased {
    is_erased: Box<dyn Fn(&str) -> bool + Send>,
    known: HashMap<Arc<str>, bool>,
}

impl Erased {
    /// The accounts of a list.
    pub(crate) fn listed(list: ErasureList) -> Self {
        Self::new(move |id| list.contains(id))
    }

    /// The accounts whose deletion has started.
    pub(crate) fn started(state: &State) -> Self {
        let state = state.clone();
        Self::new(move |id| {
            let user = state.users.get(id);
            user.is_some_and(|user| user.deletion.as_ref().is_some_and(Deletion::has_started))
        })
    }

    fn new(is_erased: impl Fn(&str) -> bool + Send + 'static) -> Self {
        Self { is_erased: Box::new(is_erased), known: HashMap::new() }
    }

    pub(crate) fn contains(&mut self, id: &str) -> bool {
        if let Some(known) = self.known.get(id) {
            return *known;
        }
        let is_erased = (self.is_erased)(id);
        self.known.insert(id.into(), is_erased);
        is_erased
    }

    /// Whether an event names such an account.
    pub(crate) fn has_event(&mut self, row: &str) -> bool {
        let id = Fields::parse(row).ok().and_then(|fields| fields.optional_text("user_id"));
        id.is_some_and(|id| self.contains(&id))
    }
}

/// Removes the rows of the accounts, and all sessions and idempotency keys. Returns the accounts.
pub(crate) fn erase(state: &mut State, erased: &mut Erased) -> Vec<UserId> {
    let mut accounts = Vec::new();
    for table in state.tables_mut() {
        let file = table.file();
        let is_dropped = file == Session::FILE || file == IdempotencyRecord::FILE;
        let Some(kind) = TABLES.into_iter().find(|kind| kind.file == file) else { continue };
        let mut removed = Vec::new();
        for (number, text) in table.texts() {
            let fields = Fields::parse(&text).ok();
            let owner = fields.and_then(|fields| fields.optional_text(kind.owner));
            let owner = owner.filter(|owner| erased.contains(owner));
            if let Some(owner) = &owner
                && file == User::FILE
            {
                accounts.push(UserId::from(&**owner));
            }
            if is_dropped || owner.is_some() {
                removed.push(number);
            }
        }
        for number in removed {
            table.set(number, None);
        }
    }
    accounts
}
