//! Floor 0: the records of a family and the rules for them. No I/O, no clock, no randomness, no
//! async, and nothing about storage or HTTP.

mod account_filter;
mod administration;
mod api_token;
pub mod badges;
pub mod calendar;
mod calendar_feed;
mod clock_watch;
pub mod deletion;
mod device;
mod display;
mod erasures;
mod event;
mod family_role;
mod id;
mod idempotency;
pub mod input;
mod invalid;
pub mod ledger;
mod log_name;
mod member;
mod message;
mod mutation;
mod pairing;
pub mod password;
mod points;
pub mod progress;
mod ranks;
mod records;
mod requests;
mod reset_link;
mod rule_violation;
pub mod schedule;
mod seq;
mod task_limit;
mod text;
mod timestamp;
mod token_session;
pub mod webhooks;

pub use account_filter::AccountFilter;
pub use administration::{AdminAction, LogEntry, LogEntryId, pseudonym};
pub use api_token::{ApiToken, TokenScope};
pub use calendar_feed::{CalendarFeed, CalendarFeedId};
pub use clock_watch::{ClockJump, ClockWatch};
pub use deletion::Deletion;
pub use device::{Device, DeviceId, NewPin, UserCode};
pub use display::{Colour, Icon, Language};
pub(crate) use erasures::hex;
pub use erasures::{ErasureList, Missing};
pub use event::{
    Action, EntityType, EventError, EventFields, EventFilter, EventId, Page, SortOrder,
    TrackingEvent, check_action, check_delta, is_usual_delta,
};
pub use family_role::{FamilyRole, Invitation};
pub use id::Id;
pub use idempotency::{IdempotencyKey, IdempotencyRecord, KeyLife, KeyResult, KeyTime};
pub use invalid::Invalid;
pub use log_name::log_name;
pub use member::{Member, MemberId};
pub use message::{ChangedKind, Message};
pub use mutation::{Mutation, MutationDetails, Operation};
pub use points::{Amount, Points};
pub use ranks::{Rank, Ranks, Standing};
pub use records::{
    Child, ChildId, Extra, PendingReward, PendingTask, Request, RequestId, Reward, RewardId, Role,
    Session, Setting, Task, TaskId, TokenHash, User, UserId,
};
pub use requests::{EndedRequest, Ending};
pub use rule_violation::{FamilyLimit, RecordKind, RuleViolation};
pub use seq::{Epoch, MessagePosition, Position, Seq};
pub use task_limit::{LimitPeriod, TaskLimit};
pub use text::{Email, Name, Note, check_line};
pub use timestamp::Timestamp;
