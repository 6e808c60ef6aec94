//! The message that a page shows after a change, with a way to undo it.

use serde::Deserialize;

use super::events::{EventLine, Lines};
use crate::service::{Caller, Service, ServiceError};

/// The part of an address that names what was done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Done {
    done: Option<String>,
    child: Option<String>,
}

impl Done {
    /// The event that the address names; `None` if it names none of the family.
    pub(in crate::web) async fn line(
        &self,
        service: &Service,
        caller: &Caller,
        lines: &Lines,
    ) -> Result<Option<EventLine>, ServiceError> {
        let (Some(event), Some(child)) = (&self.done, &self.child) else { return Ok(None) };
        let found =
            service.event_of_child(caller, &child.as_str().into(), &event.as_str().into()).await;
        match found {
            Ok(found) => Ok(found.and_then(|event| lines.line(&event.json))),
            Err(ServiceError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
