//! Removing an account's log.

use super::*;

#[test]
fn a_log_is_removed_with_all_its_files_and_no_others() {
    for user_id in ["a", "0f8fad5b-d9cb-469f-a165-70867728950e", &"é".repeat(300)] {
        let home = tempfile::tempdir().unwrap();
        let table = Table::default();
        let mut log = log_in(&home, RealDisk, settings(3 * line_len(), 2));
        log.resume(None, &table);
        table.record(&mut log, user_id, 10);
        table.record(&mut log, "ab", 10);
        let name = log_name(&user_id.into());
        // Files of a larger number of backups, and a temporary file of a failure.
        for more in [".3", ".17", ".1000", ".tmp"] {
            fs::write(folder(&home).join(format!("{name}{more}")), "older").unwrap();
        }
        let others = ["tracking_user_ab.log", "tracking_user_ab.log.1", "tracking_user_ab.log.2"];
        for _ in 0..2 {
            log.forget(&user_id.into()).unwrap();
            assert_eq!(contents(&folder(&home)).into_keys().collect::<Vec<_>>(), others);
            assert_eq!(log.backlog(), 0);
        }
        table.record(&mut log, "ab", 1);
        assert_eq!(log.checkpoint()().unwrap(), r#"{"through":21,"lagging":{}}"#);
    }
}

#[test]
fn an_open_log_is_not_written_after_its_removal() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 2);
    log.forget(&"a".into()).unwrap();
    table.record(&mut log, "a", 1);
    assert_eq!(ids_in(&folder(&home), "a"), ["e003"]);
}

#[test]
fn a_removed_log_that_was_behind_is_not_in_the_cursor() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    let path = folder(&home).join("tracking_user_a.log");
    fs::create_dir_all(&path).unwrap();
    table.record(&mut log, "a", 2);
    assert_eq!(log.checkpoint()().unwrap(), r#"{"through":2,"lagging":{"a":0}}"#);
    // A folder with the name of the log cannot be removed as a file.
    let error = log.forget(&"a".into()).unwrap_err().to_string();
    assert!(!error.contains("tracking_user"), "{error}");
    fs::remove_dir(&path).unwrap();
    log.forget(&"a".into()).unwrap();
    assert_eq!(log.backlog(), 0);
    assert_eq!(log.checkpoint()().unwrap(), r#"{"through":2,"lagging":{}}"#);
}

#[test]
fn removing_a_log_that_does_not_exist_succeeds() {
    let home = tempfile::tempdir().unwrap();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &Table::default());
    log.forget(&"a".into()).unwrap();
    assert!(!folder(&home).exists());
}
