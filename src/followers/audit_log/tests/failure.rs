//! A log that cannot be written falls behind without affecting the others, and catches up.

use super::*;

/// Retries until no log is behind.
fn catch_up(log: &mut AuditLog, table: &Table) {
    for _ in 0..200 {
        if log.backlog() == 0 {
            return;
        }
        log.retry(table);
    }
    panic!("{} lines are missing: {:?}", log.backlog(), log.last_error());
}

#[test]
fn a_log_that_cannot_be_written_does_not_affect_others() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 1);
    let path = folder(&home).join("tracking_user_bad.log");
    fs::create_dir(&path).unwrap();
    table.record(&mut log, "bad", 2);
    table.record(&mut log, "a", 1);
    table.record(&mut log, "bad", 1);
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
    assert_eq!(log.backlog(), 3);
    assert!(log.last_error().unwrap().starts_with("it is a folder"));
    for _ in 0..10 {
        log.retry(&table);
    }
    assert_eq!(log.backlog(), 3);
    fs::remove_dir(&path).unwrap();
    table.record(&mut log, "bad", 1);
    assert_eq!(log.backlog(), 4, "later events wait for the earlier ones");
    catch_up(&mut log, &table);
    assert_eq!(ids_in(&folder(&home), "bad"), table.ids_of("bad"));
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
    assert_eq!(log.last_error(), None);
    table.record(&mut log, "bad", 1);
    assert_eq!(ids_in(&folder(&home), "bad"), table.ids_of("bad"));
}

#[test]
fn a_log_catches_up_past_rows_that_are_not_events() {
    for malformed in 1..=3 {
        let home = tempfile::tempdir().unwrap();
        let table = Table::default();
        let mut log = log_in(&home, RealDisk, Settings::default());
        log.resume(None, &table);
        let path = folder(&home).join("tracking_user_a.log");
        fs::create_dir_all(&path).unwrap();
        table.record(&mut log, "a", 3);
        fs::remove_dir(&path).unwrap();
        table.malformed.set(Position(malformed));
        catch_up(&mut log, &table);
        let mut ids = table.ids_of("a");
        ids.remove(usize::try_from(malformed).unwrap() - 1);
        assert_eq!(ids_in(&folder(&home), "a"), ids);
        assert_eq!(log.last_error(), None);
    }
}

#[test]
fn a_log_that_is_behind_stays_so_across_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 2);
    let path = folder(&home).join("tracking_user_b.log");
    fs::create_dir(&path).unwrap();
    table.record(&mut log, "b", 2);
    table.record(&mut log, "a", 1);
    let saved = log.checkpoint()().unwrap();
    assert_eq!(saved, r#"{"through":5,"lagging":{"b":2}}"#);
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some(&saved), &table);
    assert!(log.backlog() > 0);
    fs::remove_dir(&path).unwrap();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some(&saved), &table);
    assert_eq!(log.backlog(), 0);
    for user_id in ["a", "b"] {
        assert_eq!(ids_in(&folder(&home), user_id), table.ids_of(user_id));
    }
}

#[test]
fn each_line_is_written_once_whichever_write_fails() {
    for failing in 1..=12 {
        let home = tempfile::tempdir().unwrap();
        let disk = TestDisk::default();
        let table = Table::default();
        let mut log = log_in(&home, disk.clone(), settings(4 * line_len(), 9));
        log.resume(None, &table);
        disk.failing_write.store(failing, Ordering::Relaxed);
        for count in [1, 5, 2, 4] {
            table.record(&mut log, "a", count);
            table.record(&mut log, "b", 1);
        }
        let writes = disk.writes.load(Ordering::Relaxed);
        assert_eq!(log.backlog() > 0, failing <= writes, "write {failing}");
        catch_up(&mut log, &table);
        for user_id in ["a", "b"] {
            let ids = ids_in(&folder(&home), user_id);
            assert_eq!(ids, table.ids_of(user_id), "write {failing}");
        }
    }
}

/// A long backlog is not searched again each time a log fails.
#[test]
fn a_log_that_fails_repeatedly_is_searched_once() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    // One line per file, so one write per line.
    let mut log = log_in(&home, disk.clone(), settings(1, 3));
    log.resume(None, &table);
    table.record(&mut log, "a", 1);
    let fail_next = || {
        let writes = disk.writes.load(Ordering::Relaxed);
        disk.failing_write.store(writes + 1, Ordering::Relaxed);
    };
    fail_next();
    table.record(&mut log, "a", 300);
    let mut reads = Vec::new();
    for _ in 0..8 {
        fail_next();
        let before = table.read.get();
        log.retry(&table);
        reads.push(table.read.get() - before);
        assert_eq!(log.backlog(), 300);
    }
    assert!(reads[0] > 300, "{reads:?}");
    assert!(reads[1..].iter().all(|read| *read < 300), "{reads:?}");
    catch_up(&mut log, &table);
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a")[297..]);
}

#[test]
fn a_write_that_fails_while_a_log_catches_up_is_repaired() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    // Four lines per file and write.
    let mut log = log_in(&home, disk.clone(), settings(5 * line_len(), 99));
    log.resume(None, &table);
    let path = folder(&home).join("tracking_user_a.log");
    fs::create_dir_all(&path).unwrap();
    table.record(&mut log, "a", 300);
    fs::remove_dir(&path).unwrap();
    disk.failing_write.store(3, Ordering::Relaxed);
    log.retry(&table);
    assert_eq!(log.backlog(), 300 - 2 * 4);
    catch_up(&mut log, &table);
    let files = contents(&folder(&home));
    assert_eq!(files.len(), 300 / 4);
    assert!(files.values().all(|bytes| bytes.len() as u64 == 4 * line_len()));
    let oldest = &files["tracking_user_a.log.74"];
    assert_eq!(line::head(oldest).unwrap().event_id, "e001");
}

#[test]
fn a_log_whose_sync_failed_becomes_a_new_file() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    let mut log = log_in(&home, disk.clone(), Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 2);
    table.record(&mut log, "b", 2);
    log.checkpoint()().unwrap();
    table.record(&mut log, "a", 2);
    disk.syncs_fail.store(true, Ordering::Relaxed);
    assert!(log.checkpoint()().is_err());
    assert_eq!(log.backlog(), 1);
    assert_eq!(log.last_error().unwrap(), "the sync failed");
    // The disk has lost one line that seemed to be written.
    let path = folder(&home).join("tracking_user_a.log");
    let old = fs::File::options().write(true).open(&path).unwrap();
    old.set_len(3 * line_len()).unwrap();
    // The next checkpoint does not trust the file, and is not delayed by it.
    let saved = log.checkpoint()().unwrap();
    assert_eq!(saved, r#"{"through":6,"lagging":{"a":4}}"#);
    disk.syncs_fail.store(false, Ordering::Relaxed);
    catch_up(&mut log, &table);
    let saved = log.checkpoint()().unwrap();
    assert_eq!(saved, r#"{"through":6,"lagging":{}}"#);
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
    assert_eq!(old.metadata().unwrap().len(), 3 * line_len(), "another file");
}

#[test]
fn a_sync_that_fails_in_a_rotation_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    let mut log = log_in(&home, disk.clone(), settings(3 * line_len(), 5));
    log.resume(None, &table);
    table.record(&mut log, "a", 2);
    let overtaken = log.checkpoint();
    disk.syncs_fail.store(true, Ordering::Relaxed);
    table.record(&mut log, "a", 2);
    disk.syncs_fail.store(false, Ordering::Relaxed);
    assert!(overtaken().is_err(), "its sync would succeed by mistake");
    fs::write(folder(&home).join("tracking_user_a.log"), "").unwrap();
    catch_up(&mut log, &table);
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
}

#[test]
fn a_checkpoint_includes_what_the_previous_one_did_not_do() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    let mut log = log_in(&home, disk.clone(), Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 1);
    drop(log.checkpoint());
    let slow = log.checkpoint();
    table.record(&mut log, "a", 1);
    assert_eq!(slow().unwrap(), r#"{"through":1,"lagging":{}}"#);
    // If the log were no longer in the set of unsynced logs, this would succeed.
    disk.syncs_fail.store(true, Ordering::Relaxed);
    assert!(log.checkpoint()().is_err());
}

#[test]
fn a_removed_log_is_created_again() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 1);
    fs::remove_dir_all(folder(&home)).unwrap();
    log.checkpoint()().unwrap();
    table.record(&mut log, "a", 1);
    assert_eq!(ids_in(&folder(&home), "a"), ["e002"]);
}

#[test]
fn an_unreadable_history_is_read_later() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    let saved = log.checkpoint()().unwrap();
    table.record(&mut log, "a", 2);
    table.unreadable.set(true);
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some(&saved), &table);
    table.record(&mut log, "b", 2);
    assert_eq!(log.backlog(), 2);
    let error = log.last_error().unwrap();
    assert_eq!(error, "the audit history could not be read: unreadable");
    assert_eq!(log.checkpoint()().unwrap(), saved);
    log.retry(&table);
    table.unreadable.set(false);
    catch_up(&mut log, &table);
    for user_id in ["a", "b"] {
        assert_eq!(ids_in(&folder(&home), user_id), table.ids_of(user_id));
    }
}

#[test]
fn a_long_backlog_is_written_in_parts_and_delays_no_other_log() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    for user_id in ["a", "b"] {
        let path = folder(&home).join(log_name(&user_id.into()));
        fs::create_dir_all(&path).unwrap();
        table.record(&mut log, user_id, if user_id == "a" { 5000 } else { 10 });
        fs::remove_dir(&path).unwrap();
    }
    assert_eq!(log.backlog(), 5010);
    log.retry(&table);
    assert_eq!(ids_in(&folder(&home), "b"), table.ids_of("b"));
    assert!((500..2000).contains(&log.backlog()), "{}", log.backlog());
    table.record(&mut log, "a", 1);
    catch_up(&mut log, &table);
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
}
