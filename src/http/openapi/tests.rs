use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;

use super::errors::sample;
use crate::http::error::field::FieldCode;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::fields::{self, RequestBody};
use crate::http::extract::query::{FromParameters, Paging};
use crate::http::resources::credentials::{ChildSession, Deletion, Login, PasswordChange, Signup};
use crate::http::resources::deletion::{NewThreshold, QueuePage};
use crate::http::resources::events::StreamParameters;
use crate::http::resources::tracking::{AdminQuery, FamilyQuery};
use crate::http::routes::document;
use crate::http::settings::CookieName;
use crate::service::{ChildPatch, NewChild, NewReward, NewTask, RewardPatch, TaskPatch};

/// A body that stopped at its first error would describe and know only a part of its fields.
fn check_body<T: RequestBody>() {
    let schema = fields::schema::<T>();
    for name in schema.properties.keys() {
        let wrong = format!(r#"{{"{name}":{{}}}}"#);
        let Err(ApiError::InvalidFields(errors)) = fields::read::<T>(wrong.as_bytes()) else {
            panic!("{}: {name} is not checked", T::NAME);
        };
        let code = errors.iter().find(|error| error.name == *name).map(|error| error.code);
        assert_eq!(code, Some(FieldCode::WrongType), "{}: {name}", T::NAME);
    }
    let example = T::example().to_string();
    assert!(fields::read::<T>(example.as_bytes()).is_ok(), "{}: {example}", T::NAME);
    let example = T::example();
    let names = example.as_object().unwrap().keys();
    assert!(names.chain(&schema.required).all(|name| schema.properties.contains_key(name)));
}

#[test]
fn a_body_is_described_with_the_fields_that_are_read() {
    check_body::<Signup>();
    check_body::<Login>();
    check_body::<Deletion>();
    check_body::<PasswordChange>();
    check_body::<ChildSession>();
    check_body::<NewChild>();
    check_body::<ChildPatch>();
    check_body::<NewTask>();
    check_body::<TaskPatch>();
    check_body::<NewReward>();
    check_body::<RewardPatch>();
    check_body::<NewThreshold>();
}

fn check_query<T: FromParameters + IntoParams>() {
    let parameters = T::into_params(|| None);
    let in_query =
        parameters.iter().filter(|parameter| parameter.parameter_in == ParameterIn::Query);
    let mut described: Vec<&str> = in_query.map(|parameter| parameter.name.as_str()).collect();
    let mut read = T::NAMES.to_vec();
    described.sort_unstable();
    read.sort_unstable();
    assert_eq!(described, read);
}

#[test]
fn a_query_is_described_with_the_parameters_that_are_read() {
    check_query::<Paging>();
    check_query::<QueuePage>();
    check_query::<AdminQuery>();
    check_query::<FamilyQuery>();
    check_query::<StreamParameters>();
}

#[test]
fn the_example_of_an_error_has_its_code() {
    for code in ErrorCode::all() {
        assert_eq!(sample(code)["code"], code.as_str());
    }
}

#[test]
fn every_code_is_documented_on_some_route() {
    let paths = serde_json::to_string(&document(CookieName::DEFAULT).paths).unwrap();
    let is_named = |code: &ErrorCode| {
        paths.contains(&format!("\"{}\"", code.as_str())) || paths.contains(&format!("/{code:?}\""))
    };
    let unnamed: Vec<ErrorCode> = ErrorCode::all().filter(|code| !is_named(code)).collect();
    // No operation returns it.
    assert_eq!(unnamed, [ErrorCode::MethodNotAllowed]);
}
