use super::*;

fn fields(text: &str) -> Fields<'_> {
    Fields::parse(text.as_bytes()).unwrap()
}

/// The errors noted so far, as name and code.
fn noted(fields: &Fields<'_>) -> Vec<(String, FieldCode)> {
    let errors = fields.errors.borrow();
    errors.iter().map(|error| (error.name.clone(), error.code)).collect()
}

#[test]
fn a_body_that_is_not_an_object_says_why() {
    let syntax = |line, column| JsonError::Syntax { line, column };
    for (body, expected) in [
        ("", JsonError::Empty),
        (" \n ", JsonError::Empty),
        ("[]", JsonError::NotAnObject),
        ("1", JsonError::NotAnObject),
        ("null", JsonError::NotAnObject),
        ("{", JsonError::Incomplete),
        ("{\"a\": \"b", JsonError::Incomplete),
        ("{} x", syntax(1, 4)),
        ("{\n\"a\":}", syntax(2, 5)),
        ("{a: 1}", syntax(1, 2)),
    ] {
        let error = Fields::parse(body.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ApiError::InvalidJson(found) if found == expected),
            "{body}: {error}"
        );
    }
    assert!(Fields::parse(b"{\"a\":\"\xff\"}").is_err());
}

#[test]
fn unknown_forbidden_and_repeated_fields_are_told_apart() {
    let body = fields(r#"{"id":1,"n\u0061me":2,"name":3,"colour":2,"colour":3}"#);
    body.check_names(&["name", "age"], &["id"]);
    let expected = [
        ("id".to_owned(), FieldCode::NotAllowed),
        ("name".to_owned(), FieldCode::Repeated),
        ("colour".to_owned(), FieldCode::Unknown),
    ];
    assert_eq!(noted(&body), expected);
    let errors = body.errors.borrow();
    assert_eq!(
        errors[2].to_string(),
        "`colour` is unknown; the fields of this request are `name` and `age`"
    );
}

#[test]
fn the_list_of_errors_is_bounded() {
    let many: Vec<String> = (0..1000).map(|n| format!("\"f{n}\":1")).collect();
    let text = format!("{{{}}}", many.join(","));
    let body = fields(&text);
    body.check_names(&[], &[]);
    assert_eq!(noted(&body).len(), MAX_ERRORS);
}

#[test]
fn every_wrong_value_is_noted() {
    let body = fields(r#"{"a":"1","b":1.5,"c":null,"d":[1],"e":1e2,"f":-3.0,"g":1e16}"#);
    assert_eq!(body.required("e", Ok::<i64, _>), Ok(100));
    assert_eq!(body.required("f", Ok::<i64, _>), Ok(-3));
    assert_eq!(body.optional("missing", Ok::<bool, _>), Ok(None));
    assert_eq!(noted(&body), []);
    assert_eq!(body.required("a", Ok::<i64, _>), Err(Noted));
    assert_eq!(body.required("b", Ok::<i64, _>), Err(Noted));
    assert_eq!(body.optional("c", Ok::<String, _>), Err(Noted));
    assert_eq!(body.required("d", Ok::<Vec<String>, _>), Err(Noted));
    assert_eq!(body.required("g", Ok::<i64, _>), Err(Noted));
    assert_eq!(body.required("missing", Ok::<bool, _>), Err(Noted));
    let rule = |_: i64| Err::<(), _>(Invalid::new("e", "must be less"));
    assert_eq!(body.required("e", rule), Err(Noted));
    let codes: Vec<FieldCode> = noted(&body).into_iter().map(|(_, code)| code).collect();
    let mut expected = vec![FieldCode::WrongType; 5];
    expected.extend([FieldCode::Missing, FieldCode::Invalid]);
    assert_eq!(codes, expected);
}

#[test]
fn null_empties_and_a_missing_field_keeps() {
    let body = fields(r#"{"a":null,"b":5}"#);
    assert_eq!(body.patch("a", Ok::<i64, _>), Ok(FieldUpdate::Clear));
    assert_eq!(body.patch("b", Ok::<i64, _>), Ok(FieldUpdate::Set(5)));
    assert_eq!(body.patch("c", Ok::<i64, _>), Ok(FieldUpdate::Keep));
    assert_eq!(body.nullable("a", Ok::<i64, _>), Ok(None));
}
