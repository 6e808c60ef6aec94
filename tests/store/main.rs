//! The store on real files, with a disk that can fail, and with directories as a crash leaves them.

mod crashes;
mod faults;
mod harness;
mod shapes;
