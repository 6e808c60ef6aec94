//! The rows of an import on their way to the database.

use crate::store::postgres::Failure;
use crate::store::postgres::bulk::Bulk;
use crate::store::postgres::copy::CopyRows;
use crate::store::postgres::sql::bulk as sql;

/// The size from which a batch is sent.
const FULL: usize = 8 << 20;

/// Rows of each table.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) families: CopyRows,
    pub(super) accounts: CopyRows,
    pub(super) records: CopyRows,
    pub(super) kept: CopyRows,
    pub(super) events: CopyRows,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        let Self { families, accounts, records, kept, events } = self;
        [families, accounts, records, kept, events].map(CopyRows::len).iter().sum::<usize>() > FULL
    }

    /// Copies the rows, and those first that others refer to.
    pub(super) async fn copy(self, bulk: &Bulk) -> Result<(), Failure> {
        bulk.copy(sql::COPY_FAMILIES, self.families).await?;
        bulk.copy(sql::COPY_ACCOUNTS, self.accounts).await?;
        bulk.copy(sql::COPY_RECORDS, self.records).await?;
        bulk.copy(sql::COPY_KEPT, self.kept).await?;
        bulk.copy(sql::COPY_EVENTS, self.events).await
    }
}
