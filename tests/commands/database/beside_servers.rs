//! A check and an export see one moment, while two servers change the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::spawn_blocking;

use super::answers::server_on;
use super::check::check;
use super::{exported, run};
use crate::harness::cluster::new_database;
use crate::harness::{Family, Folders, PASSWORD, Parent, activate_path};

/// Changes records, sessions and the history until the end.
async fn change(family: &Family, end: &AtomicBool) -> usize {
    let (child, reward) = (&family.child, &family.reward);
    let mut rounds = 0;
    while !end.load(Ordering::SeqCst) {
        family.event().await;
        let path = activate_path(child, &family.task);
        family.parent.act_once(&path, &format!("{child}-{rounds}")).await.expect(200);
        family.parent.ask_for(child, reward).await.expect(200);
        family.parent.cancel(child, reward).await.expect(200);
        rounds += 1;
    }
    rounds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_and_an_export_see_one_moment() {
    let url = new_database();
    let mut servers = Vec::new();
    for _ in 0..2 {
        servers.push(server_on(&Folders::new(), Some(&url)).await);
    }
    let (one, other) = (servers[0].family().await, servers[1].family().await);
    // Both servers change the same family, too.
    let elsewhere = Parent::log_in(servers[1].nobody(), &one.parent.email, PASSWORD).await;
    let again = Family::of(elsewhere).await;
    let end = Arc::new(AtomicBool::new(false));
    let looked = {
        let (url, end) = (url.clone(), Arc::clone(&end));
        spawn_blocking(move || {
            for _ in 0..3 {
                let (code, report) = check(&url);
                assert_eq!((code, report["status"].as_str()), (0, Some("clean")), "{report:#}");
                let copy = exported(&url);
                let (code, text, error) = run(&copy, &["check", "data"]);
                assert_eq!(code, 0, "{text}{error}");
            }
            end.store(true, Ordering::SeqCst);
        })
    };
    let changes =
        async { tokio::join!(change(&one, &end), change(&again, &end), change(&other, &end)) };
    let (rounds, looked) = tokio::join!(changes, looked);
    looked.unwrap();
    assert!(rounds.0 > 3 && rounds.1 > 3 && rounds.2 > 3, "{rounds:?}");
    for server in &mut servers {
        server.stop().await;
    }
    assert_eq!(check(&url).0, 0);
}
