//! `goldstar check` and `goldstar checkpoint`: the real binary on copies of a Flask service's
//! directory, on the files of a killed server, and on files with every kind of damage.

mod after_a_kill;
mod arguments;
mod damage;
pub(crate) mod directory;
mod events;
mod old_files;
mod output;
mod records;
mod reversals;
