use super::*;

const A: &str = r#"{"id": "a", "x": {"1": {"y": 1}}}"#;
const B: &str = r#"{"id": "b", "x": null}"#;

/// The numbers and ids that are read of a text, those of remains with a question mark.
fn rows(text: &[u8]) -> String {
    let is_record = |row: &str| row.starts_with("{\"id\": ");
    let reading = read(text, &is_record);
    let row = |row: &FoundRow<'_>| {
        let number = row.number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let mark = if row.is_remains { "?" } else { "" };
        format!("{number}{}{mark}", row.text.get(8..9).unwrap_or_default())
    };
    let rows: Vec<String> = reading.rows.iter().map(row).collect();
    let others = reading.others.iter().map(|other| format!("+{other}"));
    rows.into_iter().chain(others).collect::<Vec<_>>().join(" ")
}

#[test]
fn complete_rows_are_read_around_damage() {
    let text = format!(r#"{{"_default": {{"1": {A}, "2": {B}, "3": {A}, "4": {{"z": 1}}}}}}"#);
    assert_eq!(rows(text.as_bytes()), "1a 2b 3a 4");
    for at in 0..text.len() {
        let mut holed = text.clone().into_bytes();
        holed[at] = 0;
        let found = rows(&holed);
        for (number, id) in [(1, 'a'), (2, 'b'), (3, 'a')] {
            let row = if id == 'a' { A } else { B };
            let start = text.find(&format!("\"{number}\": {row}")).unwrap();
            let own = start..start + row.len() + 5;
            let expected = !own.contains(&at);
            assert_eq!(found.contains(&format!("{number}{id}")), expected, "{at}: {found}");
        }
    }
}

#[test]
fn objects_in_a_broken_row_are_not_rows() {
    for broken in [
        r#"{"id": "a", "x": {"1": {"y": 1}}, "#,
        r#"{"id": "a" "x": {"1": {"id": "n"}, "2": {"id": "m"}}}"#,
        r#"{"id": "a", "x": {"1": {"y": 1]"#,
    ] {
        let text = format!(r#"{{"_default": {{"7": {broken}, "8": {B}}}}}"#);
        assert_eq!(rows(text.as_bytes()), "8b", "{text}");
    }
}

#[test]
fn a_row_without_its_brace_does_not_swallow_others() {
    let text = format!(r#"{{"_default": {{"1": {{"id": "a", "x": 1, "2": {B}, "3": {B}}}}}"#);
    assert_eq!(rows(text.as_bytes()), "2b 3b");
}

#[test]
fn rows_after_a_complete_text_are_remains() {
    let text = format!(r#"{{"_default": {{"1": {A}}}}}x": 1}}, "2": {B}, "3": {A}}}}}"#);
    assert_eq!(rows(text.as_bytes()), "1a 2b? 3a?");
    let text = format!(r#"{{"_default": {{"1": {A}}}}}{{"_default": {{"1": {B}}}}}"#);
    assert_eq!(rows(text.as_bytes()), "1a 1b?");
    assert_eq!(rows(format!("{{\"_default\": {{\"1\": {A}}}}}\0\0").as_bytes()), "1a");
}

#[test]
fn complete_other_tables_are_kept() {
    let other = r#""late": {"1": {"id": "o"}}"#;
    let whole = format!(r#"{{{other}, "_default": {{"1": {A}}}, {other}}}"#);
    assert_eq!(rows(whole.as_bytes()), format!("1a +{other} +{other}"));
    let behind = format!(r#"{{"_default": {{"1": {{"id" "a"}}}}, {other}}}"#);
    assert_eq!(rows(behind.as_bytes()), format!("+{other}"));
    let broken = r#"{"old": {"1": {"id": "o" "#.to_string()
        + &format!(r#""2": {A}}}, "_default": {{"1": {B}}}}}"#);
    assert_eq!(rows(broken.as_bytes()), "1b");
}

#[test]
fn a_row_without_its_number_is_found() {
    let text = format!(r#"{{"_default": {{"1x": {A}, "2": {B}}}}}"#);
    assert_eq!(rows(text.as_bytes()), "-a 2b");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(
        text in proptest::collection::vec(proptest::sample::select(
            b"{}[]\",:\\1a \0\xff_default".to_vec()), 0..80)
    ) {
        rows(&text);
    }
}
