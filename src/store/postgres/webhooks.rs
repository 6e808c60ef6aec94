//! The webhooks of all families, and what was delivered.

use std::sync::Arc;

use super::error::Failure;
use super::inner::Inner;
use super::load::parse;
use super::sql;
use crate::domain::UserId;
use crate::domain::webhooks::{Delivery, Webhook};

impl Inner {
    pub(super) async fn webhooks(&self) -> Result<Vec<Arc<Webhook>>, Failure> {
        let rows = self.db.rows(&sql::WEBHOOKS, &[]).await?;
        rows.iter().map(|row| Ok(Arc::new(parse(row.try_get("row")?)?))).collect()
    }

    pub(super) async fn deliveries_of(
        &self,
        family: &UserId,
    ) -> Result<Vec<Arc<Delivery>>, Failure> {
        let rows = self.db.rows(&sql::DELIVERIES_OF, &[&family.as_str()]).await?;
        rows.iter().map(|row| Ok(Arc::new(parse(row.try_get("row")?)?))).collect()
    }
}
