//! A family with two children and records of every kind.

use serde_json::Value;

use crate::harness::{Parent, activate_path};

/// A family whose records are of every kind.
pub(crate) struct Home {
    pub(crate) parent: Parent,
    /// Each starts with 100 points.
    pub(crate) children: [String; 2],
    task: String,
    penalty: String,
    /// Costs 20 points.
    reward: String,
    /// Costs 30 points.
    dream: String,
}

impl Home {
    pub(crate) async fn of(parent: Parent) -> Self {
        Self {
            children: [parent.child("Mía", 100).await, parent.child("Noah", 100).await],
            task: parent.task("Make the bed", 5).await,
            penalty: parent.penalty("Hit a sibling", 8).await,
            reward: parent.reward("Ice cream", 20).await,
            dream: parent.reward("Cinema", 30).await,
            parent,
        }
    }

    /// Seven events for a child with enough points, at least one of each kind; one request remains.
    pub(crate) async fn day(&self, child: &str) {
        let Self { parent, task, penalty, reward, dream, .. } = self;
        let path = activate_path(child, task);
        parent.act_once(&path, &format!("bed of {child}")).await.expect(200);
        parent.activate(child, penalty).await.expect(200);
        parent.ask_for(child, reward).await.expect(200);
        parent.redeem(child, reward).await.expect(200);
        parent.ask_for(child, reward).await.expect(200);
        parent.cancel(child, reward).await.expect(200);
        parent.ask_for(child, dream).await.expect(200);
    }

    /// Activates the task for the first child, and returns the event.
    pub(crate) async fn event(&self) -> Value {
        let answer = self.parent.activate(&self.children[0], &self.task).await;
        answer.expect(200)["tracking_event"].take()
    }

    /// Everything that the family can read: the texts of the responses.
    pub(crate) async fn sight(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for path in ["/auth/me", "/children", "/tasks", "/rewards", "/rewards/pending"] {
            texts.push(self.parent.get(path).await.text);
        }
        for child in &self.children {
            for path in ["tracking?limit=500", "rewards"] {
                texts.push(self.parent.get(&format!("/children/{child}/{path}")).await.text);
            }
        }
        texts
    }
}

/// Two families whose events are interleaved.
pub(crate) async fn interleaved(one: &Home, other: &Home) {
    for number in 0..2 {
        for home in [one, other] {
            home.day(&home.children[number]).await;
        }
    }
}
