//! Children, tasks and rewards: fields, lists, limits, and the older Flask service's paths.

mod badges;
mod children;
mod details;
mod family_limits;
mod family_settings;
mod keys;
mod legacy;
mod lists;
mod rewards;
mod tasks;
mod validation;
