//! JSON bodies, read strictly: a front end that misspells a field hears of it.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::openapi::Refuses;
use super::{ApiError, AppState, ErrorCode, Limits};
use crate::domain::Invalid;
use crate::service::input::Patch;

/// A request's body, which must be a JSON object.
pub(super) struct Input<T>(pub(super) T);

/// What can be read from a JSON object.
pub(super) trait FromFields: Sized + ToSchema {
    /// The fields that a request may set; every other one is refused.
    const ALLOWED: &'static [&'static str];

    /// Reads and checks the fields.
    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid>;
}

impl<T: FromFields> FromRequest<AppState> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::UnsupportedMediaType);
        }
        let body = read(request.into_body(), &state.settings.limits).await?;
        let fields = Fields::parse(&body)?;
        fields.check_names(T::ALLOWED)?;
        Ok(Self(T::from_fields(&fields)?))
    }
}

impl<T> Refuses for Input<T> {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::UnsupportedMediaType,
        ErrorCode::PayloadTooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::MalformedRequest,
        ErrorCode::InvalidJson,
        ErrorCode::FieldNotAllowed,
        ErrorCode::ValidationFailed,
    ];
}

/// Whether the body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

async fn read(body: Body, limits: &Limits) -> Result<Bytes, ApiError> {
    let whole = tokio::time::timeout(limits.body_timeout, collect(body, limits.max_body_bytes));
    whole.await.unwrap_or(Err(ApiError::RequestTimeout))
}

/// What is too large is left unread; the connection sees to it that its client reads the answer.
async fn collect(mut body: Body, max_bytes: usize) -> Result<Bytes, ApiError> {
    let announced = body.size_hint().lower();
    if announced > max_bytes as u64 {
        return Err(ApiError::PayloadTooLarge(max_bytes));
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(|_| ApiError::BrokenBody)?.into_data().unwrap_or_default();
        if data.len() > max_bytes - whole.len() {
            return Err(ApiError::PayloadTooLarge(max_bytes));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

/// The fields of a JSON object, each still JSON text.
#[derive(Debug)]
pub(super) struct Fields<'a>(Vec<(String, &'a RawValue)>);

/// A value that a field may have.
pub(super) trait FieldValue: DeserializeOwned {
    /// What a value of another type is answered.
    const RULE: &'static str;

    /// Reads a JSON text of that type.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl FieldValue for String {
    const RULE: &'static str = "must be a string";
}

impl FieldValue for i64 {
    const RULE: &'static str = "must be a whole number";

    /// `5.0` is a whole number too, as JSON Schema counts them.
    fn read(text: &str) -> Option<Self> {
        let fractional = || {
            let number: f64 = serde_json::from_str(text).ok()?;
            let is_exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
            is_exact.then(|| format!("{number:.0}").parse().ok())?
        };
        serde_json::from_str(text).ok().or_else(fractional)
    }
}

/// Beyond it, neighbouring whole numbers are the same `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

impl FieldValue for bool {
    const RULE: &'static str = "must be true or false";
}

impl FieldValue for Vec<String> {
    const RULE: &'static str = "must be an array of strings";
}

impl<'a> Fields<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body).map_err(|error| ApiError::InvalidJson(error.to_string()))
    }

    fn check_names(&self, allowed: &[&str]) -> Result<(), ApiError> {
        for (place, (name, _)) in self.0.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                return Err(ApiError::FieldNotAllowed(named(name)));
            }
            if self.0[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(ApiError::RepeatedField(name.clone()));
            }
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&'a RawValue> {
        let field = self.0.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| *value)
    }

    /// A field that must be there.
    pub(super) fn required<T: FieldValue>(&self, name: &'static str) -> Result<T, Invalid> {
        let missing = || Invalid::new(name, "is missing");
        self.optional(name)?.ok_or_else(missing)
    }

    /// A field that may be missing, but not null.
    pub(super) fn optional<T: FieldValue>(&self, name: &'static str) -> Result<Option<T>, Invalid> {
        let value = self.find(name);
        value.map(|value| typed(name, value)).transpose()
    }

    /// A field that may be missing, or null.
    pub(super) fn nullable<T: FieldValue>(&self, name: &'static str) -> Result<Option<T>, Invalid> {
        Ok(match self.patch(name)? {
            Patch::Set(value) => Some(value),
            Patch::Keep | Patch::Clear => None,
        })
    }

    /// A change of a field that null empties.
    pub(super) fn patch<T: FieldValue>(&self, name: &'static str) -> Result<Patch<T>, Invalid> {
        match self.find(name) {
            None => Ok(Patch::Keep),
            Some(value) if value.get() == "null" => Ok(Patch::Clear),
            Some(value) => typed(name, value).map(Patch::Set),
        }
    }
}

/// A client's name of a field or a parameter, as it is told: its beginning, lest an answer be as large as what a
/// stranger has sent.
pub(super) fn named(name: &str) -> String {
    const LONGEST: usize = 100;
    let mut shown: String = name.chars().take(LONGEST).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}

fn typed<T: FieldValue>(name: &'static str, value: &RawValue) -> Result<T, Invalid> {
    T::read(value.get()).ok_or_else(|| Invalid::new(name, T::RULE))
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields<'_> {
        Fields::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn only_objects_are_read() {
        for bad in ["", "[]", "1", "{", "{} x", "{\"a\":}", "{\"a\":\"\u{1}\"}"] {
            let refused = Fields::parse(bad.as_bytes());
            assert!(matches!(refused, Err(ApiError::InvalidJson(_))), "{bad}");
        }
        assert!(Fields::parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn unknown_and_repeated_fields_are_refused() {
        let allowed = ["name", "age"];
        let unknown = fields(r#"{"name":1,"points":2}"#).check_names(&allowed);
        assert!(matches!(unknown, Err(ApiError::FieldNotAllowed(name)) if name == "points"));
        let twice = fields(r#"{"name":1,"n\u0061me":2}"#).check_names(&allowed);
        assert!(matches!(twice, Err(ApiError::RepeatedField(name)) if name == "name"));
    }

    #[test]
    fn a_wrong_type_names_the_field() {
        let fields = fields(r#"{"a":"1","b":1.5,"c":null,"d":[1],"e":1e2,"f":-3.0,"g":1e16}"#);
        assert_eq!(fields.required::<i64>("a").unwrap_err().field, "a");
        assert_eq!(fields.required::<i64>("b").unwrap_err().field, "b");
        assert!(fields.optional::<String>("c").is_err());
        assert!(fields.required::<Vec<String>>("d").is_err());
        assert_eq!((fields.required("e"), fields.required("f")), (Ok(100_i64), Ok(-3_i64)));
        assert!(fields.required::<i64>("g").is_err());
        assert!(fields.required::<bool>("missing").is_err());
        assert_eq!(fields.optional::<bool>("missing"), Ok(None));
    }

    #[test]
    fn null_empties_and_nothing_keeps() {
        let fields = fields(r#"{"a":null,"b":5}"#);
        assert_eq!(fields.patch::<i64>("a"), Ok(Patch::Clear));
        assert_eq!(fields.patch::<i64>("b"), Ok(Patch::Set(5)));
        assert_eq!(fields.patch::<i64>("c"), Ok(Patch::Keep));
        assert_eq!(fields.nullable::<i64>("a"), Ok(None));
    }
}
