//! The real program, killed while it activates the penalties of many occurrences.

use std::collections::HashSet;
use std::time::Duration;

use goldstar::clock::Clock;
use serde_json::{Value, json};

use super::penalties::penalties;
use crate::harness::{DAY, Hand, Parent, Settings, TestServer, eventually, text};
use crate::points::awards::messages;

const CHILDREN: usize = 6;
const TASKS: usize = 40;
/// The program is killed when it has activated at least so many penalties of [`MISSED`].
pub(crate) const KILLS: [usize; 4] = [1, 30, 60, 90];
const MISSED: usize = CHILDREN * TASKS;

/// A family whose children are to do each task every day, or miss it at the cost of a point.
pub(crate) struct Chores {
    pub(crate) parent: Parent,
    children: Vec<String>,
}

/// The settings of a server whose clock shows yesterday's time.
pub(crate) fn yesterday() -> Settings {
    let (hand, machine) = Hand::new();
    let now = |clock: &Clock| clock.now().as_micros();
    hand.jump(now(&Clock::system()) - DAY - now(&machine.clock));
    Settings { machine, ..Settings::default() }
}

/// The settings of the real program.
pub(crate) fn today() -> Settings {
    Settings { binary: true, ..Settings::default() }
}

/// A time zone in which it is the hour after noon: no day ends during the test.
fn zone_at_noon() -> String {
    let hour = Clock::system().now().as_micros().div_euclid(DAY / 24).rem_euclid(24);
    // These names have the sign of the hours from the zone to UTC.
    format!("Etc/GMT{:+}", hour - 12)
}

impl Chores {
    pub(crate) async fn of(parent: Parent) -> Self {
        let zone = json!({"time_zone": zone_at_noon()});
        parent.put("/family/settings", zone).await.expect(200);
        let mut children = Vec::new();
        for _ in 0..CHILDREN {
            children.push(parent.child("Mía", 100).await);
        }
        let penalty = parent.penalty("Missed", 1).await;
        for _ in 0..TASKS {
            let schedule = json!({"who": "all", "every": "day", "on_missed": penalty});
            let task = json!({"name": "Chore", "points": 1, "schedule": schedule});
            parent.post("/tasks", task).await.expect(201);
        }
        Self { parent, children }
    }

    /// The penalties of all children.
    async fn penalties(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for child in &self.children {
            all.extend(penalties(&self.parent, child).await);
        }
        all
    }

    /// Waits until there are at least so many penalties. Returns their number.
    pub(crate) async fn wait_for(&self, count: usize) -> usize {
        eventually(&format!("{count} penalties"), async || {
            let found = self.penalties().await.len();
            (found >= count).then_some(found)
        })
        .await
    }

    /// Waits until the job has processed everything: each occurrence has one penalty, and one message of each child
    /// sums up.
    pub(crate) async fn assert_processed(&self) {
        let summaries = eventually("the end of the job", async || {
            let found = messages(&self.parent, "tasks_summary").await;
            (!found.is_empty()).then_some(found)
        })
        .await;
        let children: HashSet<_> = summaries.iter().map(|it| text(&it["child_id"])).collect();
        assert_eq!((summaries.len(), children.len()), (CHILDREN, CHILDREN));
        for summary in summaries {
            assert_eq!(summary["missed"], TASKS, "{summary}");
        }
        let found = self.penalties().await;
        let of = |it: &Value| (text(&it["child_id"]), it["metadata"]["occurrence"].to_string());
        let occurrences: HashSet<_> = found.iter().map(of).collect();
        assert_eq!((found.len(), occurrences.len()), (MISSED, MISSED));
        for child in &self.children {
            assert_eq!(self.parent.points(child).await, 100 - i64::try_from(TASKS).unwrap());
        }
    }
}

#[tokio::test]
async fn a_killed_server_continues_with_the_other_occurrences() {
    let mut server = TestServer::with(yesterday()).await;
    let chores = Chores::of(server.parent().await).await;
    server.stop().await;
    server.reconfigure(today());
    let mut interrupted = 0;
    for count in KILLS {
        server.start_again().await;
        interrupted += usize::from(chores.wait_for(count).await < MISSED);
        server.kill();
    }
    assert!(interrupted > 0, "every kill came when all was done");
    server.start_again().await;
    chores.assert_processed().await;
    server.stop().await;
    let details = server.folders.record("user_details.json", &chores.parent.id);
    let next = Duration::from_secs_f64(details["schedule_at"].as_f64().unwrap());
    let now = Clock::system().now().as_micros().unsigned_abs();
    assert!(next > Duration::from_micros(now), "{details}");
}
