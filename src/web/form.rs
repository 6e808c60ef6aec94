//! The fields of a form, read by the same rules as a JSON body.

use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{ArrayItems, SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Schema};

use super::texts::Texts;
use crate::domain::IdempotencyKey;
use crate::http::error::ApiError;
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::extract::fields::{self, RequestBody};
use crate::http::extract::input::read_body;
use crate::http::state::AppState;
use crate::service::Token;

/// The name of the field with the idempotency key.
pub(super) const KEY: &str = "key";

/// The fields of a form, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    /// Fields whose value is no text.
    values: Map<String, Value>,
    errors: Vec<Wrong>,
}

/// What is wrong with a field.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) field: String,
    pub(super) code: FieldCode,
}

impl FromRequest<AppState> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let body = read_body(request.into_body(), &state.settings().limits).await?;
        Ok(Self::parse(&body))
    }
}

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        let fields = url::form_urlencoded::parse(body).into_owned().collect();
        Self { fields, ..Self::default() }
    }

    /// A form with these fields, to show the values of a record.
    pub(super) fn of<N: Into<String>>(fields: impl IntoIterator<Item = (N, String)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { fields, ..Self::default() }
    }

    /// The form with the fields of another one that it does not have itself.
    pub(super) fn or(mut self, other: &Self) -> Self {
        let is_own = |name: &str| self.fields.iter().any(|(own, _)| own == name);
        let further: Vec<_> =
            other.fields.iter().filter(|(name, _)| !is_own(name)).cloned().collect();
        self.fields.extend(further);
        self
    }

    /// The form with one more value of a field.
    pub(super) fn and(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The last value of a field: a checkbox follows a hidden field with the value for "off".
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().rev().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a field; empty if the form does not have it.
    pub(super) fn value(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default()
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.fields.iter().filter(move |(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether one of the values of a field is this one, as for a checkbox.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|other| other == value)
    }

    /// The secret in the field `secret`. A whole link counts as its secret.
    pub(super) fn link_secret(&self) -> String {
        self.value("secret").rsplit('#').next().unwrap_or_default().trim().to_owned()
    }

    /// The key by which a repeated form is recognised.
    pub(super) fn key(&self) -> Result<Option<IdempotencyKey>, ApiError> {
        Ok(self.text(KEY).map(IdempotencyKey::parse).transpose()?)
    }

    /// Sets a field whose value is no text.
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// The form whose fields with these names cannot be left empty, also where an update could leave them out.
    pub(super) fn demand(self, names: &[&str]) -> Self {
        let is_blank = |name: &&&str| self.text(name).is_some_and(|text| text.trim().is_empty());
        let blank: Vec<&str> = names.iter().filter(is_blank).copied().collect();
        blank.into_iter().fold(self, |form, name| form.with(name, Value::String(String::new())))
    }

    /// The value of a field that no body has. Fails if it is none.
    pub(super) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ApiError> {
        parse(self.value(name).trim()).ok_or_else(|| invalid_field(name))
    }

    /// Reads the fields as the body of a request. Fields that the body does not have are ignored. An empty field is null,
    /// or absent if the body cannot have null there.
    pub(super) fn read<T: RequestBody>(&self) -> Result<T, ApiError> {
        let schema = fields::schema::<T>();
        let mut body = Map::new();
        for (name, property) in &schema.properties {
            if let Some(value) = self.values.get(name) {
                body.insert(name.clone(), value.clone());
            } else if self.all(name).next().is_some()
                && let Some(value) = self.json(name, property, schema.required.contains(name))
            {
                body.insert(name.clone(), value);
            }
        }
        // Every such value has a JSON form.
        fields::read(&serde_json::to_vec(&body).unwrap_or_default())
    }

    /// The value of a field in JSON; `None` if it is absent.
    fn json(&self, name: &str, property: &RefOr<Schema>, is_required: bool) -> Option<Value> {
        let text = self.value(name).trim();
        let (types, items) = types_of(property);
        let has = |wanted: Type| types.contains(&wanted);
        if has(Type::Array) {
            let values = self.all(name).filter(|value| !value.is_empty());
            return Some(values.map(|value| scalar(value, &items)).collect());
        }
        match text {
            "" if has(Type::Null) => Some(Value::Null),
            "" if has(Type::String) && is_required => Some(Value::String(String::new())),
            "" => None,
            _ if has(Type::String) => Some(Value::String(self.value(name).to_owned())),
            text => Some(scalar(text, &types)),
        }
    }

    /// The form with what is wrong with its fields, to show it again.
    pub(super) fn with_errors(mut self, error: &ApiError) -> Self {
        self.errors.extend(wrong_fields(error));
        self
    }

    /// The form with what is wrong with its fields, to show it again; the error if it is not about a field.
    pub(super) fn refused(self, error: ApiError) -> Result<Self, ApiError> {
        let form = self.with_errors(&error);
        if form.has_errors() { Ok(form) } else { Err(error) }
    }

    /// What is wrong with a field.
    pub(super) fn wrong(&self, name: &str, texts: &Texts) -> Option<&'static str> {
        let wrong = self.errors.iter().find(|wrong| wrong.field == name)?;
        let is_missing = wrong.code == FieldCode::Missing || self.value(name).trim().is_empty();
        Some(if is_missing { texts.fields.missing } else { texts.fields.invalid })
    }

    pub(super) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }
}

/// The error of a field whose value is wrong.
pub(super) fn invalid_field(name: &str) -> ApiError {
    ApiError::InvalidFields(vec![FieldError::new(name, FieldCode::Invalid, "is not valid")])
}

/// The fields that an error is about.
fn wrong_fields(error: &ApiError) -> Vec<Wrong> {
    let details = error.body().details;
    let fields = details.and_then(|details| details.fields).unwrap_or_default();
    let wrong = |(field, error): (&str, FieldCode)| Wrong { field: field.to_owned(), code: error };
    fields.into_iter().map(|(name, error)| wrong((name, error.code))).collect()
}

/// The JSON types of a property, and those of its items.
fn types_of(property: &RefOr<Schema>) -> (Vec<Type>, Vec<Type>) {
    let listed = |of: &SchemaType| match of {
        SchemaType::Type(only) => vec![only.clone()],
        SchemaType::Array(several) => several.clone(),
        SchemaType::AnyValue => Vec::new(),
    };
    match property {
        RefOr::T(Schema::Object(Object { schema_type, .. })) => (listed(schema_type), Vec::new()),
        RefOr::T(Schema::Array(array)) => {
            let items = match &array.items {
                ArrayItems::RefOrSchema(items) => types_of(items).0,
                ArrayItems::False => Vec::new(),
            };
            (listed(&array.schema_type), items)
        }
        RefOr::T(Schema::OneOf(one)) => one_of(&one.items),
        RefOr::T(Schema::AnyOf(any)) => one_of(&any.items),
        _ => (Vec::new(), Vec::new()),
    }
}

fn one_of(several: &[RefOr<Schema>]) -> (Vec<Type>, Vec<Type>) {
    let (types, items): (Vec<_>, Vec<_>) = several.iter().map(types_of).unzip();
    (types.concat(), items.concat())
}

/// A number or a truth value, if the type is one and the text is, too; otherwise a text, which the rule of the field refuses.
fn scalar(text: &str, types: &[Type]) -> Value {
    let text = text.trim();
    let number = || text.parse::<i64>().ok().map(Value::from);
    let truth = || match text {
        "true" | "on" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    };
    let is = |wanted: Type| types.contains(&wanted);
    let value = if is(Type::Integer) || is(Type::Number) {
        number()
    } else if is(Type::Boolean) {
        truth()
    } else {
        None
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// A new idempotency key for a form.
pub(super) fn new_key() -> String {
    Token::random_key()
}
