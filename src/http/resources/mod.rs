//! The handlers, one file per resource.

pub(crate) mod account;
pub(crate) mod account_changes;
pub(crate) mod account_export;
pub(crate) mod auth;
pub(crate) mod backups;
pub(crate) mod children;
pub(crate) mod corrections;
pub(crate) mod credentials;
pub(crate) mod crud;
pub(crate) mod deletion;
pub(crate) mod event_list;
pub(crate) mod events;
pub(crate) mod exports;
pub(crate) mod family;
pub(crate) mod health;
pub(crate) mod managed_accounts;
pub(crate) mod metrics;
pub(crate) mod mutations;
pub(crate) mod pending;
pub(crate) mod records;
pub(crate) mod rewards;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod tasks;
pub(crate) mod tracking;
pub(crate) mod users;
