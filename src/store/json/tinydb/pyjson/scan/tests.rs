use super::*;

fn scan(text: &str) -> Result<(), Fault> {
    let mut scanner = Scanner::new(text.as_bytes());
    scanner.value()?;
    scanner.end()
}

#[test]
fn texts_of_python_are_read() {
    for text in [
        "{}",
        " [ ] ",
        r#"{"a": [1, -2.5e+3, 0, NaN, Infinity, -Infinity, true, false, null], "b": {"c": ""}}"#,
        r#""\ud83d \u00e9 \n \/ \\ \"""#,
        "\"é\u{7f}\"",
        "[[[[]], {}], 1e400, 123456789012345678901234567890]",
    ] {
        assert_eq!(scan(text), Ok(()), "{text}");
    }
}

#[test]
fn texts_that_python_rejects_are_errors() {
    for text in [
        "{a: 1}",
        "[1,]",
        "{\"a\": 1,}",
        "[1 2]",
        "{\"a\" 1}",
        "'a'",
        "01",
        "1.",
        ".5",
        "+1",
        "[}",
        "{\"a\": 1]",
        "nul1",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"a\nb\"",
        "\"\0\"",
        "{1: 2}",
        "{} {}",
        "1 2",
        "--1",
        "[,1]",
        "{,}",
    ] {
        assert!(scan(text).is_err(), "{text}");
    }
}

#[test]
fn a_cut_text_ends_too_early() {
    let text = r#"{"a": [1, "\u00e9", {"b": null}], "c": -Infinity}"#;
    for end in 0..text.len() {
        assert_eq!(scan(&text[..end]), Err(Fault::Ended), "{}", &text[..end]);
    }
}

#[test]
fn depth_is_bounded_without_overflowing() {
    assert_eq!(scan(&format!("{}{}", "[".repeat(500), "]".repeat(500))), Ok(()));
    assert!(matches!(scan(&"[".repeat(1_000_000)), Err(Fault::At { at: 500, .. })));
}

proptest::proptest! {
    #[test]
    fn any_text_is_scanned_without_a_panic(text in "[\\[\\]{}\",:\\\\u0-9eE.+a-zN -]{0,40}") {
        let by_serde = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
        // What strict JSON allows, Python allows.
        if by_serde {
            proptest::prop_assert_eq!(scan(&text), Ok(()));
        }
    }
}
