//! Values to choose in a form.

use crate::domain::Page;
use crate::service::{Caller, Service, ServiceError};
use crate::web::form::Form;

/// A value, and whether it is the present one.
pub(in crate::web) struct Choice {
    pub(in crate::web) value: String,
    pub(in crate::web) label: String,
    pub(in crate::web) is_chosen: bool,
}

/// The children of the family; chosen is the one in the field `child_id`.
pub(in crate::web) async fn children(
    service: &Service,
    caller: &Caller,
    form: &Form,
) -> Result<Vec<Choice>, ServiceError> {
    let children = service.children(caller, Page::ALL).await?.records;
    let choice = |id: &str, name: &str| Choice {
        value: id.to_owned(),
        label: name.to_owned(),
        is_chosen: form.has("child_id", id),
    };
    Ok(children.iter().map(|it| choice(it.child.id.as_str(), it.child.name.as_str())).collect())
}
