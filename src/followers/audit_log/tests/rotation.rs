//! Rotation, compared with the files of Python 3.11's `RotatingFileHandler` after the same lines.

use super::*;

/// The events in each file of account `a` after `count` events, newest file first.
fn files_after(count: usize, settings: Settings) -> Vec<(String, Vec<String>)> {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, settings);
    log.resume(None, &table);
    table.record(&mut log, "a", count);
    let files = contents(&folder(&home)).into_iter();
    files
        .map(|(name, bytes)| {
            let lines = bytes.split_inclusive(|byte| *byte == b'\n');
            let ids = lines.map(|line| line::head(line).unwrap().event_id.to_owned());
            (name, ids.collect())
        })
        .collect()
}

fn assert_files(settings: Settings, count: usize, expected: &[&[usize]]) {
    let names = (0..expected.len()).map(|number| match number {
        0 => "tracking_user_a.log".to_owned(),
        _ => format!("tracking_user_a.log.{number}"),
    });
    let ids = |rows: &[usize]| rows.iter().map(|row| format!("e{row:03}")).collect();
    let expected: Vec<_> =
        names.zip(expected.iter().map(|rows| ids(rows))).collect::<Vec<(_, Vec<_>)>>();
    assert_eq!(files_after(count, settings), expected, "{settings:?}");
}

#[test]
fn files_rotate_as_in_python() {
    let len = line_len();
    // A line with which the file would reach the limit exactly goes to a new file.
    let expected: &[&[usize]] = &[&[9, 10], &[7, 8], &[5, 6]];
    assert_files(settings(3 * len, 2), 10, expected);
    let expected: &[&[usize]] = &[&[10], &[7, 8, 9], &[4, 5, 6]];
    assert_files(settings(3 * len + 1, 2), 10, expected);
    let expected: &[&[usize]] = &[&[15], &[13, 14], &[11, 12], &[9, 10], &[7, 8], &[5, 6]];
    assert_files(settings(2 * len + 1, 5), 15, expected);
}

#[test]
fn without_a_size_or_backups_nothing_rotates() {
    let all: Vec<usize> = (1..=10).collect();
    assert_files(settings(2 * line_len(), 0), 10, &[&all]);
    assert_files(settings(0, 5), 10, &[&all]);
}

#[test]
fn an_empty_file_is_not_rotated() {
    assert_files(settings(10, 2), 4, &[&[4], &[3], &[2]]);
}

#[test]
fn a_gap_in_the_numbers_is_shifted_as_in_python() {
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| folder(&home).join(name);
    fs::create_dir(folder(&home)).unwrap();
    for number in [1, 3, 5] {
        let old = path(&format!("tracking_user_a.log.{number}"));
        fs::write(old, format!("b{number}\n")).unwrap();
    }
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, settings(line_len() + 1, 5));
    log.resume(None, &table);
    table.record(&mut log, "a", 3);
    let files = contents(&folder(&home));
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    let base = "tracking_user_a.log";
    let expected = ["", ".1", ".2", ".3", ".5"].map(|end| format!("{base}{end}"));
    assert_eq!(names, expected);
    assert_eq!(files[&format!("{base}.3")], b"b1\n");
    assert_eq!(files[&format!("{base}.5")], b"b3\n");
}
