//! The current session, as responses contain it.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{AnyOfBuilder, Ref};
use utoipa::openapi::{ObjectBuilder, Schema};

use crate::domain::{ChildId, FamilyRole};
use crate::http::openapi::{samples, schemas};
use crate::http::resources::records::or_null;
use crate::http::resources::users::{UserBody, UserFields, UserForChild};
use crate::http::settings::HttpSettings;
use crate::service::Caller;

/// A session and its account.
#[derive(Serialize, ToSchema)]
#[schema(as = Session, examples(samples::session))]
pub(crate) struct SessionAnswer {
    #[schema(schema_with = user_or_less)]
    user: UserBody,
    #[schema(schema_with = scope)]
    scope: &'static str,
    /// The child, if it is a child's session.
    #[schema(required, value_type = Option<String>)]
    child_id: Option<Arc<str>>,
    /// The `user_id` of the family's records: that of its owner's account.
    #[schema(value_type = String)]
    family_id: Arc<str>,
    /// What the caller may do in the family; null for a child.
    #[schema(required, schema_with = family_role)]
    family_role: Option<&'static str>,
}

fn family_role() -> Schema {
    or_null(&["owner", "parent", "helper"])
}

fn user_or_less() -> Schema {
    let user = AnyOfBuilder::new()
        .item(Ref::from_schema_name(UserFields::name()))
        .item(Ref::from_schema_name(UserForChild::name()))
        .description(Some("In a child's session, only the fields that a child needs."));
    Schema::AnyOf(user.build())
}

fn scope() -> ObjectBuilder {
    let about = "Who uses the session. An administrator can do everything that a parent can.";
    schemas::flag(["parent", "child", "admin"]).description(Some(about))
}

impl SessionAnswer {
    pub(crate) fn of(caller: &Caller, settings: &Arc<HttpSettings>) -> Self {
        Self {
            user: UserBody::seen_by(caller, settings),
            scope: caller.role().as_str(),
            child_id: caller.child_id().map(ChildId::shared),
            family_id: caller.user().id.shared(),
            family_role: caller.family_role().map(FamilyRole::as_str),
        }
    }
}
