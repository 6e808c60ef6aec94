//! Permissions: each route with each role, foreign ids, forbidden fields and hostile names.
//! `docs/reliability.md` lists the methods.

mod fields;
pub(crate) mod home;
mod ids;
mod names;
pub(crate) mod page;
mod private;
pub(crate) mod roles;
pub(crate) mod table;
