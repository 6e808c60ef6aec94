//! Events of all families, each with the row that is stored.

use std::sync::Arc;

use serde::Deserialize;

use crate::http::language::PageLanguage;
use crate::service::{Admin, Service, ServiceError};
use crate::store::FoundEvents;
use crate::web::links::account_page;
use crate::web::texts::{Texts, fill};
use crate::web::views::events::{EventLine, Lines};
use crate::web::views::moments::Moments;

/// An event.
pub(super) struct RowLine {
    /// `None` if another program has damaged the row.
    pub(super) line: Option<EventLine>,
    /// Whose event it is.
    pub(super) account: String,
    /// The page of the account, if it was not deleted.
    pub(super) link: Option<String>,
    /// The row as it is stored.
    pub(super) json: Arc<str>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner {
    user_id: Option<String>,
}

pub(super) async fn read(
    service: &Service,
    admin: &Admin,
    found: &FoundEvents,
    language: PageLanguage,
) -> Result<Vec<RowLine>, ServiceError> {
    let texts = &Texts::of(language).console;
    let lines = Lines::new(Moments::of(admin, service, language), language, &[]);
    let rows = found.rows.read(0..found.rows.count()).await?;
    let row = |json: Arc<str>| {
        let Owner { user_id } = serde_json::from_str(&json).unwrap_or_default();
        let account = match &user_id {
            Some(id) => fill(texts.account_of_event, &[id]),
            None => texts.deleted_account.to_owned(),
        };
        let link = user_id.map(|id| account_page(&id));
        RowLine { line: lines.line(&json), account, link, json }
    };
    Ok(rows.into_iter().map(row).collect())
}
