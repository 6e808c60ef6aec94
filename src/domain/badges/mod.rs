//! Badges: what children can earn, and what they have earned.

mod award;
mod built_in;
mod definition;
mod image;
mod metric;

pub use award::{Award, AwardKey, AwardPeriod};
pub use built_in::built_in;
pub use definition::{Badge, BadgeId, BadgePeriod, Grade, Thresholds};
pub use image::image;
pub use metric::Metric;
