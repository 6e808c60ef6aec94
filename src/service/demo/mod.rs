//! The demo: a family with two years of history and an administrator, for trying the server.
//!
//! The family acts through the same use cases as everybody else, at the times of a simulated clock. So its records keep
//! all rules, and what follows the history, such as the audit log, follows it with the right times.

mod dice;
mod family;
mod people;
mod plan;
mod play;
mod records;
mod time;

pub use people::DemoLogin;
pub use time::SimulatedTime;

use std::collections::HashMap;
use std::sync::Arc;

use super::{Authority, Service, ServiceError};
use crate::domain::calendar::{Calendar, Day, DayStart};
use crate::domain::{Child, FamilyRole, Reward, Role, Task, UserId};
use family::{Adult, BED, HIT, ICE_CREAM, Kid};
use people::new_login;
use play::Stage;

/// Every so many days the sessions of the family are used, and what has expired is removed.
const HOUSEKEEPING: usize = 14;
/// When the family creates its records, in seconds since the start of the day.
const FIRST_SECOND: u32 = 61_200;

/// The records that `--demo` creates and their logins.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The owner of the family.
    pub parent: DemoLogin,
    pub second_parent: DemoLogin,
    pub helper: DemoLogin,
    pub admin: DemoLogin,
    pub family: UserId,
    pub child: Arc<Child>,
    /// Not done yet today.
    pub task: Arc<Task>,
    pub penalty: Arc<Task>,
    /// The child has enough points for it.
    pub reward: Arc<Reward>,
}

impl Service {
    /// Creates a family with its history, and an administrator. `time` must be that of the service's clock.
    ///
    /// Fails if there is a record of any kind.
    pub async fn fill_with_demo(
        self: &Arc<Self>,
        time: &SimulatedTime,
    ) -> Result<Demo, ServiceError> {
        if !self.is_new().await? {
            return Err(ServiceError::NotEmpty);
        }
        let calendar = Calendar::new(self.default_zone(), DayStart::MIDNIGHT);
        let today = calendar.day_of(time.end());
        let since = time.end().since(calendar.start_of(today)).as_secs();
        let plans = plan::history(today, u32::try_from(since).unwrap_or(u32::MAX));
        time.set(calendar.start_of(today.plus(-i32::from(plan::FIRST))), FIRST_SECOND);
        let (demo, mut stage) = self.start_demo(time, today).await?;
        for (number, plan) in plans.iter().enumerate() {
            if number % HOUSEKEEPING == 0 {
                self.use_sessions(&mut stage.people).await?;
                self.remove_expired(None).await?;
            }
            stage.play(plan).await?;
        }
        self.end_sessions_of(&mut stage.people).await?;
        self.remove_expired(None).await?;
        Ok(demo)
    }

    /// Creates the accounts and the records of the demo.
    async fn start_demo<'a>(
        self: &'a Arc<Self>,
        time: &'a SimulatedTime,
        today: Day,
    ) -> Result<(Demo, Stage<'a>), ServiceError> {
        let (admin, account) = new_login("admin@example.org", "Ada", "Admin")?;
        let (parent, owner) = new_login("parent@example.org", "Paula", "Parent")?;
        // Two passwords are hashed at the same time.
        let created = self.create_account(&Authority::Operator, account, Role::Admin, None);
        let (created, people) = tokio::join!(created, self.create_owner(owner));
        created?;
        let mut people = people?;
        let (second_parent, pablo) = new_login("pablo@example.org", "Pablo", "Parent")?;
        let (helper, rosa) = new_login("rosa@example.org", "Rosa", "Romero")?;
        let owner = people.adult(Adult::Paula).clone().into_owner()?;
        let pablo = self.invite_adult(&owner, (Adult::Pablo, FamilyRole::Parent), pablo);
        let rosa = self.invite_adult(&owner, (Adult::Rosa, FamilyRole::Helper), rosa);
        let (pablo, rosa) = tokio::join!(pablo, rosa);
        people.add([pablo?, rosa?]);
        let owner = people.owner()?;
        let records = self.create_demo_records(&owner, today).await?;
        let children = Kid::ALL.map(|kid| (kid, records.child(kid)));
        self.pair_devices(&mut people, children).await?;
        let demo = Demo {
            parent,
            second_parent,
            helper,
            admin,
            family: owner.user().id.clone(),
            child: Arc::clone(&records.children[&Kid::Mia]),
            task: Arc::clone(records.task(BED)?),
            penalty: Arc::clone(records.task(HIT)?),
            reward: Arc::clone(records.reward(ICE_CREAM)?),
        };
        let stage = Stage { service: self, time, people, records, last: HashMap::new() };
        Ok((demo, stage))
    }

    /// Stores what the children of the demo have earned, without messages.
    pub async fn settle_demo(&self, demo: &Demo) {
        self.settle_family(&demo.family, None).await;
    }
}
