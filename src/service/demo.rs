//! The demo: a family and an administrator for trying the server.

use std::sync::Arc;

use super::{
    Authority, NewAccount, NewChild, NewReward, NewTask, Parent, SentSessions, Service,
    ServiceError, Token,
};
use crate::domain::input::{amount, opening_points};
use crate::domain::password::NewPassword;
use crate::domain::{Child, Email, Name, Reward, Role, Task};

/// The records that `--demo` creates and their logins.
#[derive(Clone, Debug)]
pub struct Demo {
    pub parent: DemoLogin,
    pub admin: DemoLogin,
    pub child: Arc<Child>,
    pub task: Arc<Task>,
    pub penalty: Arc<Task>,
    /// The child has enough points for it.
    pub reward: Arc<Reward>,
}

#[derive(Clone, Debug)]
pub struct DemoLogin {
    pub email: &'static str,
    /// Random, because other people may reach a demo server.
    pub password: String,
}

impl Service {
    /// Creates a family with children, tasks, penalties and rewards, and an administrator.
    ///
    /// Fails if there is a record of any kind.
    pub async fn fill_with_demo(self: &Arc<Self>) -> Result<Demo, ServiceError> {
        if !self.is_new().await? {
            return Err(ServiceError::NotEmpty);
        }
        let (admin, account) = login("admin@example.org", "Ada", "Admin")?;
        self.create_account(&Authority::Operator, account, Role::Admin, None).await?;
        let (login, account) = login("parent@example.org", "Paula", "Parent")?;
        let token = self.create_parent(account, SentSessions::default()).await?.token;
        let parent = self.authenticate(&token).await?.into_parent()?;
        let child = self.demo_child(&parent, "Mía", 7, 45).await?;
        self.demo_child(&parent, "Noah", 10, 10).await?;
        let task = self.demo_task(&parent, "Make the bed", 5, true).await?;
        self.demo_task(&parent, "Walk the dog", 10, true).await?;
        self.demo_task(&parent, "Homework", 15, true).await?;
        let penalty = self.demo_task(&parent, "Hit a sibling", 8, false).await?;
        self.demo_task(&parent, "Left the lights on", 2, false).await?;
        let reward = self.demo_reward(&parent, "Ice cream", 20).await?;
        self.demo_reward(&parent, "Extra screen time", 35).await?;
        self.demo_reward(&parent, "A trip to the zoo", 150).await?;
        self.logout(&parent, SentSessions::default()).await?;
        Ok(Demo { parent: login, admin, child, task, penalty, reward })
    }

    async fn demo_child(
        &self,
        parent: &Parent,
        name: &str,
        age: i64,
        points: i64,
    ) -> Result<Arc<Child>, ServiceError> {
        let new = NewChild {
            name: Name::parse("name", name)?,
            age: Some(age),
            points: opening_points(points)?,
            image_id: None,
            tasks: [].into(),
            rewards: [].into(),
            colour: None,
        };
        Ok(Arc::clone(&self.create_child(parent, None, new).await?.record.child))
    }

    async fn demo_task(
        &self,
        parent: &Parent,
        name: &str,
        points: i64,
        is_good: bool,
    ) -> Result<Arc<Task>, ServiceError> {
        let new = NewTask {
            name: Name::parse("name", name)?,
            points: amount("points", points)?,
            is_good,
            image_id: None,
            is_requestable: true,
            limit: None,
            schedule: None,
            icon: None,
        };
        Ok(self.create_task(parent, None, new).await?.record)
    }

    async fn demo_reward(
        &self,
        parent: &Parent,
        name: &str,
        cost: i64,
    ) -> Result<Arc<Reward>, ServiceError> {
        let new = NewReward {
            name: Name::parse("name", name)?,
            description: "".into(),
            cost: amount("cost", cost)?,
            image_id: None,
            icon: None,
        };
        Ok(self.create_reward(parent, None, new).await?.record)
    }
}

fn login(
    email: &'static str,
    first_name: &str,
    last_name: &str,
) -> Result<(DemoLogin, NewAccount), ServiceError> {
    // Sixteen of a token's digits are 64 random bits.
    let password: String = Token::random().reveal().chars().take(16).collect();
    let account = NewAccount {
        first_name: Name::parse("first_name", first_name)?,
        last_name: Name::parse("last_name", last_name)?,
        email: Email::parse(email)?,
        password: NewPassword::parse("password", &password)?,
    };
    Ok((DemoLogin { email, password }, account))
}
