//! Two servers follow the same schedules.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::cluster::execute;
use crate::harness::{DAY, Hand, Settings, TestServer, assert_error, eventually, text};
use crate::points::awards::messages;
use crate::schedules::kills::{Chores, KILLS, today, yesterday};
use crate::schedules::penalties::penalties;
use crate::schedules::{again, daily, schedule_task};

/// Two servers with one clock, which starts on Monday, 2026-02-09, at 18:42:15 UTC.
async fn on_a_calendar() -> ([TestServer; 2], Hand) {
    let (clock, machine) = Hand::new();
    (TestServer::two(Settings { machine, ..Settings::default() }).await, clock)
}

#[tokio::test]
async fn of_64_activations_on_two_servers_all_that_succeed_are_of_one_child() {
    const ATTEMPTS: usize = 64;
    let (servers, _) = on_a_calendar().await;
    let family = servers[0].family().await;
    let mut children = vec![family.child.clone()];
    for name in ["Tom", "Ida", "Ben"] {
        children.push(family.parent.child(name, 0).await);
    }
    daily(&family, json!({"first_only": true})).await;
    let parents = servers.each_ref().map(|it| family.parent.beside(&it.nobody()));
    let activate = async |number: usize| {
        let child = &children[number / 2 % children.len()];
        let answer = parents[number % 2].activate(child, &family.task).await;
        if answer.status != 200 {
            assert_error(&answer, 409, "LIMIT_REACHED");
            return None;
        }
        Some(child)
    };
    let answers = join_all((0..ATTEMPTS).map(activate)).await;
    let successes: Vec<_> = answers.into_iter().flatten().collect();
    // Nothing limits how often the first child does it.
    assert_eq!(successes.len(), ATTEMPTS / children.len());
    assert_eq!(successes.iter().collect::<HashSet<_>>().len(), 1);
}

#[tokio::test]
async fn each_missed_occurrence_has_one_penalty_and_one_message() {
    const TASKS: usize = 10;
    let (mut servers, clock) = on_a_calendar().await;
    let family = servers[0].family().await;
    let sibling = family.parent.child("Tom", 1000).await;
    for _ in 0..TASKS {
        let task = family.parent.task("Chore", 1).await;
        let schedule = json!({"who": [sibling], "every": "day", "on_missed": family.penalty});
        schedule_task(&family.parent, &task, schedule).await;
    }
    // Of two servers, one has the lease. Each is stopped when it may have activated that many penalties.
    for (night, so_many) in (0..).zip([1, 3, 5, TASKS]) {
        let before = night * TASKS;
        let parent = family.parent.beside(&servers[(night + 1) % 2].nobody());
        clock.forward(if night == 0 { DAY / 4 } else { DAY });
        again(&parent).await;
        eventually("some penalties", async || {
            let found = penalties(&parent, &sibling).await.len();
            (found >= before + so_many).then_some(())
        })
        .await;
        servers[night % 2].stop().await;
        let expected = before + TASKS;
        eventually("all messages", async || {
            (messages(&parent, "task_missed").await.len() >= expected).then_some(())
        })
        .await;
        let occurrence = |it: &Value| it["metadata"]["occurrence"].to_string();
        let found: Vec<_> = penalties(&parent, &sibling).await.iter().map(occurrence).collect();
        assert_eq!(found.len(), expected);
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), expected);
        let of = |it: &Value| (text(&it["task_id"]), text(&it["date"]));
        let found: Vec<_> = messages(&parent, "task_missed").await.iter().map(of).collect();
        assert_eq!(found.len(), expected);
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), expected);
        servers[night % 2].start_again().await;
    }
}

#[tokio::test]
async fn a_killed_server_leaves_the_other_occurrences_to_the_other_one() {
    let mut servers = TestServer::two(yesterday()).await;
    let url = servers[0].folders.database.get().unwrap().clone();
    let mut chores = Chores::of(servers[0].parent().await).await;
    for server in &mut servers {
        server.stop().await;
        server.reconfigure(today());
    }
    for server in &mut servers {
        server.start_again().await;
    }
    for (number, count) in KILLS.into_iter().enumerate() {
        chores.parent = chores.parent.beside(&servers[(number + 1) % 2].nobody());
        again(&chores.parent).await;
        chores.wait_for(count).await;
        servers[number % 2].kill();
        // Another server can take the lease of a killed one after some seconds. If the other one has it, it loses it.
        execute(&url, "UPDATE leases SET expires_at = '-infinity' WHERE name = 'schedules'");
        servers[number % 2].start_again().await;
    }
    chores.assert_processed().await;
    let is_later = "SELECT schedule_at > extract(epoch FROM now()) * 1e6 FROM accounts
        WHERE schedule_at IS NOT NULL";
    assert_eq!(execute(&url, is_later), ["t"]);
}
