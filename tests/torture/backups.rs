//! Backups in a loop while clients send mutations, accounts are deleted, checkpoints are made, and the
//! server is killed. Each complete backup restores into both stores.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::budget::{Rounds, Run};
use crate::harness::cluster::new_database;
use crate::harness::{Admin, Family, Folders, PASSWORD, TestServer, activate_path, goldstar};
use crate::kills::book::check_with_tinydb;
use crate::kills::home::{Home, grow_the_journal, prepared, settings};
use crate::kills::load::{self, Told, id};
use crate::random::Random;

const ROUNDS: Rounds = Rounds { short: 1, long: 40 };
const FAMILIES: usize = 8;
/// The number of accounts that are deleted in a round.
const LEAVERS: usize = 4;
/// How many tasks each of them activates before.
const ACTIVATIONS: usize = 16;
/// How many backups of a round are restored.
const RESTORED: usize = 3;

/// Counts for the report.
#[derive(Default)]
struct Tally {
    backups: usize,
    cut_off: usize,
    restored: usize,
    acknowledged: usize,
    deleted: usize,
    absent: usize,
}

/// A complete backup, and what was known when it began.
struct Backup {
    archive: Vec<u8>,
    /// The number of acknowledged events.
    acknowledged: usize,
    /// The accounts whose deletion had ended.
    deleted: usize,
    /// The accounts whose deletion had not begun.
    present: usize,
}

/// The accounts that are deleted one after the other.
#[derive(Default)]
struct Deletions {
    begun: usize,
    ended: usize,
}

#[tokio::test]
async fn every_complete_backup_restores() {
    let mut run = Run::of("backups", &ROUNDS);
    let mut tally = Tally::default();
    while let Some(mut random) = run.next() {
        round(&mut random, &mut tally).await;
    }
    let Tally { backups, cut_off, restored, acknowledged, deleted, absent } = tally;
    run.report(&format!(
        "{backups} backups beside 64 clients, and {cut_off} that a kill cut off; {restored} restored into \
         both stores: each is clean, contains every one of {acknowledged} events that was acknowledged \
         before it began, and has no gap; {deleted} accounts deleted meanwhile, {absent} times searched for \
         in a later backup or a restore: found nowhere"
    ));
}

async fn round(random: &mut Random, tally: &mut Tally) {
    let server = TestServer::on(prepared(), settings()).await;
    let mut leavers = Vec::new();
    for _ in 0..LEAVERS {
        let leaver = server.family().await;
        leaver.event().await;
        leavers.push(leaver);
    }
    let mut home = Home::of(vec![server], FAMILIES).await;
    let (told, deletions) = (RefCell::new(Told::default()), RefCell::new(Deletions::default()));
    let backups = RefCell::new(Vec::new());
    let time = Duration::from_millis(800 + random.below(1200) as u64);
    {
        let Home { servers, gates, families, admin } = &mut home;
        let (server, is_over, keys) = (&mut servers[0], CancellationToken::new(), RefCell::new(0));
        let kill = async {
            tokio::time::sleep(time).await;
            server.kill();
        };
        let (cut_off, ..) = tokio::join!(
            back_up_until_killed(admin, (&told, &deletions), &backups),
            load::work(families, gates, random, (&keys, &told), &is_over),
            delete(admin, &leavers, &deletions),
            grow_the_journal(admin),
            kill,
        );
        tally.cut_off += cut_off;
    }
    home.servers[0].start_again().await;
    home.servers[0].stop().await;
    let (told, deletions) = (told.into_inner(), deletions.into_inner());
    tally.backups += backups.borrow().len();
    tally.acknowledged += told.acknowledged.len();
    tally.deleted += deletions.ended;
    let mut backups = backups.into_inner();
    while backups.len() > RESTORED {
        backups.swap_remove(random.below(backups.len()));
    }
    assert!(!backups.is_empty(), "no backup was complete within {time:?}");
    for backup in &backups {
        look(backup, &home, &leavers, (&told, &deletions), tally);
    }
}

/// Makes backups until the server is killed. Returns how many were cut off.
async fn back_up_until_killed(
    admin: &Admin,
    (told, deletions): (&RefCell<Told>, &RefCell<Deletions>),
    backups: &RefCell<Vec<Backup>>,
) -> usize {
    loop {
        let acknowledged = told.borrow().acknowledged.len();
        let deleted = deletions.borrow().ended;
        let sent = admin.request(Method::POST, "/admin/backup").send().await;
        let Ok(response) = sent else { return 0 };
        assert_eq!(response.status(), 200);
        // The response has begun, and so has the backup.
        let present = LEAVERS - deletions.borrow().begun;
        let Ok(archive) = response.bytes().await else { return 1 };
        let archive = archive.to_vec();
        backups.borrow_mut().push(Backup { archive, acknowledged, deleted, present });
    }
}

/// Deletes the accounts, until the server is killed.
async fn delete(admin: &Admin, leavers: &[Family], deletions: &RefCell<Deletions>) {
    for leaver in leavers {
        // Activations between the deletions spread these over several backups.
        let activate = activate_path(&leaver.child, &leaver.task);
        for _ in 0..ACTIVATIONS {
            if leaver.parent.request(Method::POST, &activate).send().await.is_err() {
                return;
            }
        }
        deletions.borrow_mut().begun += 1;
        let body = json!({"password": PASSWORD});
        let mark = leaver.parent.request(Method::POST, "/user/mark-for-deletion").json(&body);
        let path = format!("/admin/deletion-queue/{}/run", leaver.parent.id);
        if mark.send().await.is_err() {
            return;
        }
        let Ok(run) = admin.request(Method::POST, &path).send().await else { return };
        let Ok(run) = run.json::<Value>().await else { return };
        assert_eq!(run["results"][0]["outcome"], "deleted", "{run}");
        deletions.borrow_mut().ended += 1;
    }
}

/// Restores a backup, and compares it with what was acknowledged and with the history of the server.
fn look(
    backup: &Backup,
    home: &Home,
    leavers: &[Family],
    (told, deletions): (&Told, &Deletions),
    tally: &mut Tally,
) {
    let copy = Folders::new();
    fs::write(copy.root().join("backup.tar"), &backup.archive).unwrap();
    succeed(&copy, &["backup", "verify", "backup.tar"]);
    let data = home.folders().data();
    let list = ["--erasures", data.to_str().unwrap()];
    let place = ["--data-dir", "data", "--log-dir", "logs"];
    succeed(&copy, &[&["restore", "backup.tar"], &list[..], &place].concat());
    succeed(&copy, &["check", "data"]);
    let url = new_database();
    let database = ["--database-url", &url];
    succeed(&copy, &[&["restore", "backup.tar"], &list[..], &database].concat());
    succeed(&copy, &[&["check"], &database[..]].concat());
    check_with_tinydb(&copy);
    tally.restored += 1;

    let (stored, all) = (copy.events(), home.folders().events());
    let ids: Vec<String> = stored.iter().map(id).collect();
    let expected: Vec<String> = all.iter().take(ids.len()).map(id).collect();
    assert_eq!(ids, expected, "it is not the start of the history");
    let ids: HashSet<String> = ids.into_iter().collect();
    for (_, event) in &told.acknowledged[..backup.acknowledged] {
        assert!(ids.contains(&id(event)), "acknowledged before the backup, and not in it: {event}");
    }
    // An account is there as a whole or not at all, and never returns.
    let archive = String::from_utf8_lossy(&backup.archive);
    for (number, leaver) in leavers.iter().enumerate() {
        let names = [&leaver.parent.id, &leaver.parent.email];
        let is_in = |text: &str| archive.contains(text);
        if number < backup.deleted {
            tally.absent += 1;
            assert!(!names.iter().any(|name| is_in(name)), "it was deleted before the backup");
        } else if number >= LEAVERS - backup.present {
            assert!(names.iter().all(|name| is_in(name)), "it was not deleted before the backup");
        } else {
            assert_eq!(is_in(names[0]), is_in(names[1]), "a part of an account is in the backup");
        }
        if number < deletions.ended {
            tally.absent += 1;
            for name in names {
                assert!(!is_below(&copy, name), "a restore has brought {name} back");
            }
        }
    }
}

/// Whether a restored file, or its name, contains a text.
fn is_below(copy: &Folders, name: &str) -> bool {
    let script =
        "{ grep -rF -e \"$0\" data logs; ls -R data logs | grep -F -e \"$0\"; } | grep -q .";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, name]).current_dir(copy.root()).status().unwrap().success()
}

#[track_caller]
fn succeed(folders: &Folders, arguments: &[&str]) {
    let done = goldstar(folders.root()).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
}
