//! Tables of children.

use super::*;
use crate::domain::{Child, Points};

fn parse(text: &str) -> Result<Table<Child>, Damage> {
    Table::parse(Path::new("children.json"), text.as_bytes())
}

const FILE: &str = r#"{"old": {"1": {}}, "_default": {"3": {"id": "a", "user_id": "u", "name": "M\u00eda", "points": 5.0, "x": [1.50, NaN]}, "7": {"what": "is this"}}, "late": []}"#;

#[test]
fn a_file_is_written_as_it_was_read() {
    let table = parse(FILE).unwrap();
    assert_eq!(table.file_text(), FILE);
    assert_eq!(table.unreadable_rows(), 1);
    assert_eq!(parse("").unwrap().file_text(), r#"{"_default": {}}"#);
    assert_eq!(parse("{}").unwrap().file_text(), r#"{"_default": {}}"#);
}

#[test]
fn a_change_keeps_everything_else() {
    let mut table = parse(FILE).unwrap();
    let mut child = Child::clone(&table.get("a").unwrap());
    assert_eq!(&*child.extra[0].1, "[1.50, null]");
    child.points = Points::new(6).unwrap();
    table.put(child);
    assert_eq!(table.file_text(), FILE.replace("5.0", "6"));
}

#[test]
fn new_rows_follow_the_largest_number() {
    let mut table = parse(FILE).unwrap();
    let child = Child { id: "b".into(), ..Child::clone(&table.get("a").unwrap()) };
    assert_eq!(table.put(child).number, 8);
    assert_eq!(table.group("u").len(), 2);
    table.remove("a");
    assert_eq!(table.group("u").len(), 1);
    assert!(table.get("a").is_none());
    assert!(table.remove("a").is_empty());
}

#[test]
fn both_rows_of_a_repeated_record_are_removed() {
    let mut table = parse(
        r#"{"_default": {"1": {"id": "a", "user_id": "u", "points": 1}, "2": {"id": "a", "user_id": "u", "points": 2}, "3": {"id": "b", "user_id": "u"}, "4": {"id": "a", "user_id": "u", "points": 4}}}"#,
    )
    .unwrap();
    let first = r#"{"id": "a", "user_id": "u", "points": 7}"#;
    table.set(1, Some(first.into()));
    assert_eq!(table.get("a").unwrap().points, Points::new(7).unwrap());
    table.set(1, None);
    assert_eq!(table.get("a").unwrap().points, Points::new(2).unwrap());
    let removed: Vec<_> = table.remove("a").iter().map(|image| image.number).collect();
    assert_eq!(removed, [2, 4]);
    assert_eq!(table.group("u").len(), 1);
}

#[test]
fn rows_that_are_not_records_are_removed_with_their_account() {
    let mut table = parse(
        r#"{"_default": {"1": {"id": "a", "user_id": "u"}, "2": {"user_id": "u"}, "3": {"user_id": "v"}, "4": {}}}"#,
    )
    .unwrap();
    assert_eq!(table.unreadable_rows(), 3);
    let removed: Vec<_> = table.remove_strays_of("u").iter().map(|image| image.number).collect();
    assert_eq!(removed, [2]);
    assert_eq!(table.unreadable_rows(), 2);
    assert!(table.get("a").is_some());
}

#[test]
fn damage_is_located() {
    for (text, byte, cause) in [
        (r#"{"_default": {"1": {}}}{}"#, 23, "a second text"),
        (r#"{"_default": {"1": {}"#, 21, "ends too early"),
        ("{\"_default\": {\0\0", 14, "NUL"),
        (r#"{"_default": {"x": {}}}"#, 14, "not a number"),
        (r#"{"_default": {"1": 5}}"#, 19, "not an object"),
        (r"[]", 0, "brace"),
    ] {
        let damage = parse(text).err().unwrap();
        assert_eq!(damage.byte, byte, "{text}");
        assert!(damage.cause.contains(cause), "{damage}");
    }
}
