//! Badges: what children can earn, and what they have earned.

mod award;
mod built_in;
mod definition;
mod evaluation;
mod history;
mod image;
mod metric;
mod rank;
mod reached;
mod runs;
mod value;

#[cfg(test)]
mod tests;

pub use award::{Award, AwardKey, AwardPeriod};
pub use built_in::built_in;
pub use definition::{Badge, BadgeId, BadgePeriod, Grade, Thresholds};
pub use evaluation::{Held, NewAward, Plan, plan};
pub use history::History;
pub use image::image;
pub use metric::Metric;
pub use rank::{RankChange, is_rank_outdated};
pub use reached::{Family, Reached};
pub use value::value;
