//! What handlers read from a request.

pub(crate) mod caller;
pub(crate) mod confirmed;
pub(crate) mod cookies;
pub(crate) mod device;
pub(crate) mod field_types;
pub(crate) mod fields;
pub(crate) mod input;
pub(crate) mod origin;
pub(crate) mod query;
pub(crate) mod schedule;
mod token_scopes;
