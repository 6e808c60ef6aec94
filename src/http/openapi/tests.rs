use std::collections::BTreeSet;

use utoipa::IntoParams;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};

use super::errors::sample;
use crate::http::error::ErrorCode;
use crate::http::extract::fields::FromFields;
use crate::http::extract::query::{FromParameters, Paging};
use crate::http::resources::credentials::{
    ChildSession, Confirmation, Login, PasswordChange, Signup,
};
use crate::http::resources::deletion::{NewThreshold, QueuePage};
use crate::http::resources::events::StreamParameters;
use crate::http::resources::tracking::{AdminQuery, FamilyQuery};
use crate::http::routes::routes;
use crate::http::settings::CookieName;
use crate::service::{ChildPatch, NewChild, NewReward, NewTask, RewardPatch, TaskPatch};

fn check_body<T: FromFields>() {
    let RefOr::T(Schema::Object(body)) = T::schema() else { panic!("{} is no object", T::name()) };
    let described: BTreeSet<&str> = body.properties.keys().map(String::as_str).collect();
    assert_eq!(described, T::ALLOWED.iter().copied().collect(), "{}", T::name());
    assert!(body.required.iter().all(|name| described.contains(name.as_str())), "{}", T::name());
}

#[test]
fn a_body_is_described_with_the_fields_that_are_read() {
    check_body::<Signup>();
    check_body::<Login>();
    check_body::<Confirmation>();
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
    let described: Vec<&str> = in_query.map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(described, T::NAMES);
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
fn every_code_can_be_had_from_some_route() {
    let document: OpenApi = routes(CookieName::DEFAULT).into_openapi();
    let paths = serde_json::to_string(&document.paths).unwrap();
    let is_named = |code: &ErrorCode| {
        paths.contains(&format!("\"{}\"", code.as_str())) || paths.contains(&format!("/{code:?}\""))
    };
    let unnamed: Vec<ErrorCode> = ErrorCode::all().filter(|code| !is_named(code)).collect();
    // What it is the answer to is no operation.
    assert_eq!(unnamed, [ErrorCode::MethodNotAllowed]);
}
