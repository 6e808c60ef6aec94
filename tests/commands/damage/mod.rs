//! Damaged data directories: reports about them leave them unchanged, and `salvage` copies what can
//! be read. `corpus` creates them from a Flask service's directory and from one on which Goldstar
//! was killed.

mod bases;
mod corpus;
mod examine;
mod flask;
mod foreign;
mod killed;
mod output;
