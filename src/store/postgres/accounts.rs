//! Lists of accounts.

use std::sync::Arc;

use tokio_postgres::types::ToSql;

use super::copy::storable;
use super::error::Failure;
use super::events::{count, rows_limit};
use super::inner::Inner;
use super::load::parse;
use super::sql;
use crate::domain::{AccountFilter, Page, User};
use crate::store::Listing;

impl Inner {
    pub(super) async fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<Arc<User>>, Failure> {
        let text = |text: &str| storable(text.into()).into_owned();
        let email = filter.email.as_ref().map(|email| text(email.folded()));
        let (id, part) = (filter.search.as_deref().map(text), filter.folded_search());
        let part = part.as_deref().map(text);
        let (limit, offset) = (rows_limit(page.limit), rows_limit(page.offset));
        let values: [&(dyn ToSql + Sync); 6] =
            [&email, &id, &part, &filter.is_marked, &limit, &offset];
        let found = self.db.rows(&sql::ACCOUNTS, &values).await?;
        let Some(row) = found.first() else { return Ok(Listing { records: Vec::new(), total: 0 }) };
        let rows: Vec<&str> = row.try_get("rows")?;
        let records = rows.into_iter().map(|row| Ok(Arc::new(parse(row)?)));
        Ok(Listing { records: records.collect::<Result<_, Failure>>()?, total: count(row)? })
    }
}
