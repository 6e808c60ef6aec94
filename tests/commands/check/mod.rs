//! `goldstar check` and `goldstar checkpoint`: the real binary on copies of a Flask service's
//! directory, on what a killed server has left behind, and on files that were damaged in every way
//! that has a name.

mod after_a_kill;
mod arguments;
mod damage;
mod directory;
mod events;
mod old_files;
mod output;
mod records;
