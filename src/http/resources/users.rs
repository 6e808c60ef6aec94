//! Accounts, as responses contain them: without the password hash.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use crate::domain::{Language, Role, User};
use crate::http::openapi::{samples, schemas};
use crate::http::resources::records::{Iso, Unknown};
use crate::http::settings::HttpSettings;
use crate::service::Caller;

/// An account, as its owner sees it. In a child's session, only the fields that a child needs.
pub(crate) struct UserBody {
    user: Arc<User>,
    for_child: bool,
    settings: Arc<HttpSettings>,
}

/// Whether the account's email address was confirmed. Goldstar sends no email and sets it to true for every
/// new account, since front ends of the older service read it.
const VERIFIED: &str = "verified";

impl UserBody {
    /// The caller's own account.
    pub(crate) fn seen_by(caller: &Caller, settings: &Arc<HttpSettings>) -> Self {
        Self {
            user: Arc::clone(caller.account()),
            for_child: caller.child_id().is_some(),
            settings: Arc::clone(settings),
        }
    }

    /// An account, for its owner.
    pub(crate) fn of(user: Arc<User>, settings: &Arc<HttpSettings>) -> Self {
        Self { user, for_child: false, settings: Arc::clone(settings) }
    }

    fn is_shown(&self, name: &str) -> bool {
        name == VERIFIED
            || name != "language"
                && self.settings.account_fields.iter().any(|listed| listed == name)
    }
}

impl Serialize for UserBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let user = &*self.user;
        if self.for_child {
            return UserForChild {
                id: user.id.as_str(),
                first_name: user.first_name.as_str(),
                image_id: user.image_id.as_deref(),
            }
            .serialize(serializer);
        }
        let extra = Unknown { fields: &user.extra, is_shown: &|name| self.is_shown(name) };
        UserFields::of(user, extra).serialize(serializer)
    }
}

/// An account with all unknown fields except those that may be secret.
pub(crate) struct AccountBody(pub(crate) Arc<User>);

impl Serialize for AccountBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        UserFields::of(&self.0, Unknown::of_account(&self.0.extra)).serialize(serializer)
    }
}

/// An account, as a child of the family sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = UserForChild, examples(samples::user_for_child))]
pub(crate) struct UserForChild<'a> {
    /// Unique.
    id: &'a str,
    /// The given name.
    first_name: &'a str,
    /// Identifies a picture in the front end.
    #[schema(required)]
    image_id: Option<&'a str>,
}

/// An account: a parent, with a family.
#[derive(Serialize, ToSchema)]
#[schema(as = User, examples(samples::user))]
pub(crate) struct UserFields<'a> {
    /// Unique.
    id: &'a str,
    /// The given name.
    first_name: &'a str,
    /// The family name.
    last_name: &'a str,
    /// The address to log in with.
    email: &'a str,
    #[schema(schema_with = role)]
    role: &'static str,
    /// Identifies a picture in the front end.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// The time of the last update. Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    /// The language of its pages, as a BCP 47 tag; null for that of the browser.
    #[schema(required)]
    language: Option<&'a str>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

impl<'a> UserFields<'a> {
    fn of(user: &'a User, extra: Unknown<'a>) -> Self {
        Self {
            id: user.id.as_str(),
            first_name: user.first_name.as_str(),
            last_name: user.last_name.as_str(),
            email: user.email.as_str(),
            role: user.role.as_str(),
            image_id: user.image_id.as_deref(),
            created_at: user.created_at.map(Iso),
            updated_at: user.updated_at.map(Iso),
            language: user.language.as_ref().map(Language::as_str),
            extra,
        }
    }
}

fn role() -> ObjectBuilder {
    let about = "An administrator can also use the routes under `/admin`.";
    schemas::flag([Role::Parent, Role::Admin].map(Role::as_str)).description(Some(about))
}
