use super::*;
use crate::http::extract::field_types::{AGE, BOOLEAN, DISPLAYED_IDS, TEXT};
use crate::http::openapi::schemas;

const NUMBER: FieldType<i64, i64> =
    FieldType { check: |_, number| Ok(number), schema: || schemas::integer(..).into() };

fn fields(text: &str) -> FieldReader<'_> {
    FieldReader::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

fn codes(errors: &[FieldError]) -> Vec<(String, FieldCode)> {
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
        let parsed = FieldReader::parse(body.as_bytes());
        let matches = matches!(parsed, Err(ApiError::InvalidJson(found)) if found == expected);
        assert!(matches, "{body}");
    }
    assert!(FieldReader::parse(b"{\"a\":\"\xff\"}").is_err());
}

/// A body whose fields are not read.
struct Unread;

impl RequestBody for Unread {
    const NAME: &'static str = "Unread";
    const ABOUT: &'static str = "";

    fn example() -> Value {
        Value::Null
    }

    fn read(_: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self)
    }
}

#[test]
fn unknown_forbidden_and_repeated_fields_have_different_codes() {
    let mut body = fields(r#"{"id":1,"n\u0061me":2,"name":3,"colour":2,"colour":3}"#);
    assert_eq!(body.required("name", NUMBER), Ok(2));
    assert_eq!(body.optional("age", NUMBER), Ok(None));
    let errors = body.into_errors(&["id"]);
    let expected = [
        ("id".to_owned(), FieldCode::NotAllowed),
        ("name".to_owned(), FieldCode::Repeated),
        ("colour".to_owned(), FieldCode::Unknown),
    ];
    assert_eq!(codes(&errors), expected);
    assert_eq!(
        errors[2].to_string(),
        "`colour` is unknown; the fields of this request are `name` and `age`"
    );
}

#[test]
fn the_list_of_errors_is_bounded() {
    let many: Vec<String> = (0..1000).map(|n| format!("\"f{n}\":1")).collect();
    let text = format!("{{{}}}", many.join(","));
    let Err(ApiError::InvalidFields(errors)) = read::<Unread>(text.as_bytes()) else { panic!() };
    assert_eq!(errors.len(), MAX_ERRORS);
}

#[test]
fn every_wrong_value_is_an_error() {
    let mut body = fields(r#"{"a":"1","b":1.5,"c":null,"d":[1],"e":1e2,"f":-3.0,"g":1e16}"#);
    assert_eq!(body.required("e", NUMBER), Ok(100));
    assert_eq!(body.required("f", NUMBER), Ok(-3));
    assert_eq!(body.optional("missing", BOOLEAN), Ok(None));
    assert!(body.errors.is_empty());
    assert_eq!(body.required("a", NUMBER), Err(FieldFailed));
    assert_eq!(body.required("b", NUMBER), Err(FieldFailed));
    assert_eq!(body.optional("c", TEXT), Err(FieldFailed));
    assert_eq!(body.required("d", DISPLAYED_IDS), Err(FieldFailed));
    assert_eq!(body.required("g", NUMBER), Err(FieldFailed));
    assert_eq!(body.required("missing", BOOLEAN), Err(FieldFailed));
    assert_eq!(body.required("f", AGE), Err(FieldFailed));
    let codes: Vec<FieldCode> = body.errors.iter().map(|error| error.code).collect();
    let mut expected = vec![FieldCode::WrongType; 5];
    expected.extend([FieldCode::Missing, FieldCode::Invalid]);
    assert_eq!(codes, expected);
}

#[test]
fn null_clears_and_a_missing_field_keeps() {
    let mut body = fields(r#"{"a":null,"b":5}"#);
    assert_eq!(body.patch("a", NUMBER), Ok(FieldUpdate::Clear));
    assert_eq!(body.patch("b", NUMBER), Ok(FieldUpdate::Set(5)));
    assert_eq!(body.patch("c", NUMBER), Ok(FieldUpdate::Keep));
    assert_eq!(body.nullable("a", NUMBER), Ok(None));
    assert_eq!(body.with_default("b", NUMBER, 7), Ok(5));
    assert_eq!(body.with_default("c", NUMBER, 7), Ok(7));
}

#[test]
fn a_word_of_a_list_can_be_null_by_its_schema() {
    let Schema::Object(schema) = or_null(schemas::flag(["a"]).into()) else { panic!() };
    assert_eq!(schema.enum_values, Some(vec!["a".into(), Value::Null]));
}
