//! The points of a child at earlier moments.

use serde::Deserialize;

use crate::domain::calendar::Day;
use crate::domain::{ChildId, EventFilter, SortOrder};
use crate::service::{Caller, Service, ServiceError};
use crate::store::Store as _;

/// The field of an event that matters here.
#[derive(Deserialize)]
struct Before {
    points_before: i64,
}

impl Service {
    /// Returns the points that a child had at the start of each of these days: those before the next event, or its
    /// points now. Fails if the caller may not read the child.
    pub async fn points_at(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        days: &[Day],
    ) -> Result<Vec<i64>, ServiceError> {
        let child = caller.child(&*self.records_of(caller).await?, child_id)?;
        let calendar = self.calendar(caller.user());
        let mut points = Vec::with_capacity(days.len());
        for day in days {
            let filter = EventFilter {
                from: Some(calendar.start_of(*day)),
                ..EventFilter::of_family(&child.user_id, Some(&child.id))
            };
            let mut scan = self.store.scan_events(&filter, SortOrder::Ascending).await?;
            let rows = scan.next(1).await?;
            let found = rows.read(0..rows.count()).await?;
            let next = found.first().and_then(|row| serde_json::from_str::<Before>(row).ok());
            points.push(next.map_or_else(|| child.points.get(), |event| event.points_before));
        }
        Ok(points)
    }
}
