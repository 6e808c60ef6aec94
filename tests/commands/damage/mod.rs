//! Damaged data directories: what is said of them, that nothing changes in them, and what comes out
//! of a salvage. `corpus` makes them by script, from a Flask service's directory and from one that
//! Goldstar was killed on.

mod bases;
mod corpus;
mod examine;
mod flask;
mod foreign;
mod killed;
mod output;
