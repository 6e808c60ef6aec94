//! The data directory: its format, disks that fail or are full, and files that disappear.

mod epochs;
mod failures;
mod flask;
mod flask_trip;
mod formats;
mod full_disk;
mod lost_files;
mod storage;
