//! Tables of children.

use super::*;
use crate::domain::{Child, Points};

fn parse(text: &str) -> Result<Table<Child>, Damage> {
    Table::parse(Path::new("children.json"), text.as_bytes(), |_| {})
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

/// A new row; one without some fields, in another order and with unknown fields, as another program writes it; the
/// same form again; and rows whose values have forms that no record writes.
const FORMS: [&str; 6] = [
    r#"{"id": "a", "name": "M\u00eda", "age": 6, "points": 3, "tasks": [], "rewards": [], "image_id": null, "user_id": "u", "created_at": 1769551003.41912, "updated_at": null}"#,
    r#"{"points": 3, "id": "b", "user_id": "u", "new": "\u00e4", "other": {"a": [1.50, ""]}}"#,
    r#"{"points": 4, "id": "c", "user_id": "u", "new": null, "other": 1e3}"#,
    r#"{"points": 4, "id": "d", "user_id": "u", "new": NaN, "other": 7}"#,
    r#"{"id": "e", "user_id": "u", "points": 3.0, "id": "e", "\u0061ge": 6}"#,
    r#"{"id":"f","user_id":"u","points":3}"#,
];

fn all_forms() -> Table<Child> {
    let rows = FORMS.iter().enumerate();
    let rows: Vec<_> = rows.map(|(at, row)| format!("\"{}\": {row}", at + 1)).collect();
    parse(&format!("{{\"_default\": {{{}}}}}", rows.join(", "))).unwrap()
}

fn texts(table: &Table<Child>) -> Vec<String> {
    table.texts().map(|(_, text)| text.into_owned()).collect()
}

#[test]
fn rows_of_every_form_keep_their_texts() {
    let mut table = all_forms();
    assert_eq!(texts(&table), FORMS);
    for (number, row) in (1..).zip(FORMS) {
        table.set(number, Some(row.into()));
        table.amend(&table.record(number).unwrap().key(), |child| child.goal = Some("r".into()));
    }
    assert_eq!(texts(&table), FORMS);
    assert_eq!(table.forms.len(), 1);
}

#[test]
fn rows_of_every_form_keep_what_a_change_does_not_concern() {
    let mut table = all_forms();
    for id in ["a", "b", "c", "d", "e", "f"] {
        let child = table.get(id).unwrap();
        let image = table.put(Child { points: Points::new(5).unwrap(), ..Child::clone(&child) });
        let row = table.texts().find(|(number, _)| *number == image.number).unwrap().1;
        assert_eq!(image.text.as_deref(), Some(&*row));
    }
    let changed = |row: &str, points| row.replacen(points, r#""points": 5"#, 1);
    let written = texts(&table);
    assert_eq!(
        written[..3],
        [
            changed(FORMS[0], r#""points": 3"#),
            changed(FORMS[1], r#""points": 3"#),
            changed(FORMS[2], r#""points": 4"#),
        ]
    );
    assert_eq!(written[3], changed(FORMS[3], r#""points": 4"#));
    assert_eq!(written[4], r#"{"id": "e", "user_id": "u", "points": 5, "\u0061ge": 6}"#);
    assert_eq!(written[5], r#"{"id": "f", "user_id": "u", "points": 5}"#);
}

#[test]
fn a_name_with_the_hash_of_another_finds_nothing_of_it() {
    let mut table = all_forms();
    table.by_key.add("x", 1);
    table.groups.by_group.add("v", 1);
    table.groups.by_list.add("l", 1);
    assert!(table.get("x").is_none() && !table.has_row("x"));
    assert!(table.group("v").is_empty() && table.list("l").is_empty());
    assert_eq!((table.group_len("v"), table.group_len("u")), (0, 6));
    assert!(table.remove("x").is_empty());
    let child = Child { id: "x".into(), ..Child::clone(&table.get("a").unwrap()) };
    assert_eq!(table.put(child).number, 7);
    assert_eq!(
        (&*table.get("x").unwrap().id.shared(), &*table.get("a").unwrap().id.shared()),
        ("x", "a")
    );
}

#[test]
fn many_forms_are_not_looked_for() {
    let row = |at: usize| format!(r#""{at}": {{"id": "{at}", "user_id": "u", "f{at}": 1}}"#);
    let text = (1..100).map(row).collect::<Vec<_>>().join(", ");
    let text = format!("{{\"_default\": {{{text}}}}}");
    let table = parse(&text).unwrap();
    assert_eq!(table.file_text(), text);
    assert_eq!(table.forms.len(), 32);
}

#[test]
fn rows_of_a_file_are_found_as_if_each_were_added_alone() {
    let row = |at: u64| match at % 11 {
        0 => r#"{"id": 5}"#.to_owned(),
        _ => format!(r#"{{"id": "{}", "user_id": "u{}", "age": {at}}}"#, at * 7 % 97, at % 5),
    };
    let named: Vec<_> = (1..400).map(|at| format!(r#""{at}": {}"#, row(at))).collect();
    let together = parse(&format!("{{\"_default\": {{{}}}}}", named.join(", "))).unwrap();
    let mut alone = parse("").unwrap();
    (1..400).for_each(|at| alone.set(at, Some(row(at).into())));
    assert_eq!(together.file_text(), alone.file_text());
    assert_eq!(together.strays(), alone.strays());
    assert!(together.strays().iter().any(|(_, why)| *why == Stray::Repeated(1)));
    let ages = |children: Vec<Arc<Child>>| -> Vec<_> { children.iter().map(|it| it.age).collect() };
    for table in [&together, &alone] {
        assert_eq!((0..97).filter_map(|id| table.get(&id.to_string())).count(), 97);
        assert_eq!(table.group_len("u1"), 72);
    }
    for id in 0..97 {
        let [one, other] = [&together, &alone].map(|table| table.number_of(&id.to_string()));
        assert_eq!(one, other);
    }
    for user in ["u0", "u1", "u2", "u3", "u4"] {
        assert_eq!(ages(together.group(user)), ages(alone.group(user)));
    }
}

#[test]
fn keys_with_one_hash_are_told_apart() {
    let mut table = parse(
        r#"{"_default": {"1": {"id": "a", "user_id": "u"}, "2": {"id": "b", "user_id": "u"}, "3": {"id": "a", "user_id": "u"}}}"#,
    )
    .unwrap();
    (table.by_key, table.strays) = (Named::default(), OrdSet::new());
    table.index_keys(vec![(7, 3), (7, 2), (7, 1)]);
    assert_eq!(table.strays.iter().copied().collect::<Vec<_>>(), [3]);
}
