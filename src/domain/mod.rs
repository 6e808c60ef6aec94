//! Floor 0: the records of a family and the rules for them. Pure: no I/O, no clock, no randomness,
//! no async; nothing here knows how records are stored or asked for.

mod clock;
pub mod deletion;
mod idempotency;
pub mod ledger;
pub mod password;
mod points;
mod records;
mod refusal;
mod text;
mod timestamp;
mod tracking;

mod id;

pub use clock::{ClockWatch, Jump};
pub use id::Id;
pub use idempotency::{IdempotencyKey, KeyTime, Mutation, Remembered, RowNumber};
pub use points::{Amount, Points};
pub use records::{
    Child, ChildId, Deletion, Extra, PendingReward, PendingRewardId, Reward, RewardId, Role,
    Session, Setting, Task, TaskId, TokenHash, User, UserId,
};
pub use refusal::{FamilyLimit, Invalid, Kind, Refusal};
pub use text::{Email, Name, check_line};
pub use timestamp::Timestamp;
pub use tracking::{
    Action, EntityType, EventError, EventFields, EventFilter, EventId, Page, SortOrder,
    TrackingEvent, check_action, check_delta, is_usual_delta,
};
