//! Each event has its line exactly once after a crash.

use super::*;

/// The state after a crash: the folder's files and the last checkpoint.
struct Wreck {
    files: BTreeMap<String, Vec<u8>>,
    saved: String,
}

/// Starts after a crash and returns the files.
fn restarted(wreck: &Wreck, settings: Settings, table: &Table) -> BTreeMap<String, Vec<u8>> {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(folder(&home)).unwrap();
    for (name, bytes) in &wreck.files {
        fs::write(folder(&home).join(name), bytes).unwrap();
    }
    let mut log = log_in(&home, RealDisk, settings);
    log.resume(Some(&wreck.saved), table);
    assert_eq!((log.backlog(), log.last_error()), (0, None));
    contents(&folder(&home))
}

/// Logs events of two accounts, with a checkpoint in between. Then, for each byte, loses the
/// unsynced part of one log from that byte on, in each way that a disk may, and compares the result
/// of a start.
fn check_every_byte(settings: Settings, synced: usize, unsynced: usize, durable_len: usize) {
    for backwards in [false, true] {
        let table = Table { backwards: Cell::new(backwards), ..Table::default() };
        check_every_byte_of(&table, settings, [synced, unsynced], durable_len);
    }
}

fn check_every_byte_of(
    table: &Table,
    settings: Settings,
    [synced, unsynced]: [usize; 2],
    durable_len: usize,
) {
    let home = tempfile::tempdir().unwrap();
    let mut log = log_in(&home, RealDisk, settings);
    log.resume(None, table);
    table.record(&mut log, "b", 1);
    table.record(&mut log, "a", synced);
    let saved = log.checkpoint()().unwrap();
    table.record(&mut log, "a", unsynced);
    table.record(&mut log, "b", 1);
    drop(log);
    let whole = contents(&folder(&home));
    let name = log_name(&"a".into());
    let bytes = &whole[&name];
    assert!(bytes.len() > durable_len);
    let mut wreck = Wreck { files: whole.clone(), saved };
    for cut in durable_len..=bytes.len() {
        let mut zeroed = bytes[..cut].to_vec();
        zeroed.resize(bytes.len() + 100, 0);
        let mut holed = bytes.clone();
        holed[cut..(cut + 50).min(bytes.len())].fill(0);
        for left in [bytes[..cut].to_vec(), zeroed, holed] {
            wreck.files.insert(name.clone(), left);
            assert!(restarted(&wreck, settings, table) == whole, "cut at {cut}");
        }
    }
}

#[test]
fn a_log_that_is_cut_at_any_byte_is_completed() {
    let len = usize::try_from(line_len()).unwrap();
    check_every_byte(Settings::default(), 2, 3, 2 * len);
}

#[test]
fn a_log_that_is_cut_after_a_rotation_is_completed() {
    // The checkpoint is in `.1` then, with two of the later lines.
    check_every_byte(settings(5 * line_len(), 2), 2, 4, 0);
}

#[test]
fn a_rotation_that_is_cut_short_is_completed() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let settings = settings(2 * line_len() + 1, 2);
    let mut log = log_in(&home, RealDisk, settings);
    log.resume(None, &table);
    let saved = log.checkpoint()().unwrap();
    table.record(&mut log, "a", 5);
    drop(log);
    let whole = contents(&folder(&home));
    assert_eq!(whole.len(), 3);
    // The newest file was renamed, and the next one was not created.
    let mut files = whole.clone();
    files.remove("tracking_user_a.log");
    let wreck = Wreck { files, saved };
    assert!(restarted(&wreck, settings, &table) == whole);
}

#[test]
fn a_crash_that_loses_nothing_adds_nothing() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    let first = log.checkpoint()().unwrap();
    table.record(&mut log, "a", 600);
    let second = log.checkpoint()().unwrap();
    let files = contents(&folder(&home));
    for saved in [first, second] {
        let files = files.clone();
        let wreck = Wreck { files: files.clone(), saved };
        assert!(restarted(&wreck, Settings::default(), &table) == files);
    }
}

#[test]
fn unsynced_lines_are_synced_after_a_crash() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    let mut log = log_in(&home, disk.clone(), Settings::default());
    log.resume(None, &table);
    let saved = log.checkpoint()().unwrap();
    table.record(&mut log, "a", 1);
    drop(log);
    let mut log = log_in(&home, disk.clone(), Settings::default());
    log.resume(Some(&saved), &table);
    // If the log were not in the set of unsynced logs, this would succeed.
    disk.syncs_fail.store(true, Ordering::Relaxed);
    assert!(log.checkpoint()().is_err());
}

#[test]
fn an_older_services_events_are_not_logged_again() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    table.add("a", 3);
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some(r#"{"through":3}"#), &table);
    table.record(&mut log, "a", 1);
    assert_eq!(ids_in(&folder(&home), "a"), ["e004"]);
}

/// The cursor of an older version lists such rows. Now the store omits them.
#[test]
fn rows_of_another_program_in_an_older_cursor_get_no_line() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    table.add("a", 5);
    let mut log = log_in(&home, RealDisk, Settings::default());
    // The history cannot be read at first. The gap must be remembered, even across a restart.
    table.unreadable.set(true);
    log.resume(Some(r#"{"through":0,"foreign":[[2,4]]}"#), &table);
    let saved = log.checkpoint()().unwrap();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some(&saved), &table);
    table.record(&mut log, "a", 1);
    assert_eq!(ids_in(&folder(&home), "a"), [""; 0]);
    table.unreadable.set(false);
    log.retry(&table);
    assert_eq!(ids_in(&folder(&home), "a"), ["e001", "e002", "e005", "e006"]);
    assert_eq!(log.backlog(), 0);
}

#[test]
fn without_a_cursor_every_event_gets_its_line() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    table.add("a", 2);
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.add("a", 1);
    assert!(!log.follow(&table), "there is no more");
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
}

#[test]
fn unreadable_events_are_a_backlog_until_they_can_be_read() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.add("a", 2);
    table.unreadable.set(true);
    assert!(!log.follow(&table));
    assert_eq!(log.backlog(), 1);
    assert!(log.last_error().unwrap().contains("unreadable"));
    table.unreadable.set(false);
    log.follow(&table);
    assert_eq!((log.backlog(), log.last_error()), (0, None));
    assert_eq!(ids_in(&folder(&home), "a"), table.ids_of("a"));
}

#[test]
fn an_unreadable_checkpoint_does_not_stop_the_logs() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    table.add("a", 1);
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some("{"), &table);
    table.record(&mut log, "a", 1);
    assert_eq!(ids_in(&folder(&home), "a"), ["e002"]);
}

#[test]
fn a_checkpoint_beyond_the_history_counts_to_its_end() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    table.add("a", 1);
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(Some(r#"{"through":9,"lagging":{"a":7}}"#), &table);
    table.record(&mut log, "a", 1);
    assert_eq!(log.checkpoint()().unwrap(), r#"{"through":2,"lagging":{}}"#);
    assert_eq!(ids_in(&folder(&home), "a"), ["e002"]);
}
