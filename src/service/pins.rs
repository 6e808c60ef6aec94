//! The PINs of children, which protect the switch between the children that share a device. They do not protect against
//! somebody who reads the cookies of the browser.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Caller, DeviceTokens, Parent, Service, ServiceError};
use crate::domain::password::NewPassword;
use crate::domain::{Child, ChildId, RecordKind, RuleViolation};

impl Service {
    /// Whether a child has a PIN.
    pub async fn has_pin(&self, parent: &Parent, id: &ChildId) -> Result<bool, ServiceError> {
        Ok(self.child(parent, id).await?.child.pin.is_some())
    }

    /// Sets or removes the PIN of a child.
    pub async fn set_pin(
        &self,
        parent: &Parent,
        id: ChildId,
        pin: Option<NewPassword>,
    ) -> Result<(), ServiceError> {
        // Nothing is hashed for another family's child.
        self.child(parent, &id).await?;
        let pin = match pin {
            Some(pin) => Some(self.passwords.hash(pin).await?),
            None => None,
        };
        let decider = parent.clone();
        let updated = self.update(parent, move |records, context| {
            let child = Child::clone(&*decider.child(records, &id)?);
            Ok(Child { pin: pin.clone(), updated_at: Some(context.now()), ..child })
        });
        updated.await.map(drop)
    }

    /// Chooses one of the children that share a device at `address`. Returns the places of the live tokens, that of the child
    /// first, and its caller.
    ///
    /// Fails if the child does not share the device; if it has a PIN, is not the current child, and `pin` is another
    /// one; and after too many attempts at the PIN.
    pub async fn choose_device_child(
        &self,
        address: IpAddr,
        held: &DeviceTokens,
        child_id: &ChildId,
        pin: Option<String>,
    ) -> Result<(Vec<usize>, Caller), ServiceError> {
        let live = self.live_device_sessions(held).await?;
        let chosen = live.iter().find(|(_, caller)| caller.child_id() == Some(child_id));
        let (first, caller) = chosen.ok_or(RuleViolation::NotFound(RecordKind::Child))?;
        if *first > 0 {
            self.check_pin(address, caller, child_id, pin).await?;
        }
        let others = live.iter().map(|(place, _)| *place).filter(|place| place != first);
        Ok(([*first].into_iter().chain(others).collect(), caller.clone()))
    }

    async fn check_pin(
        &self,
        address: IpAddr,
        caller: &Caller,
        id: &ChildId,
        pin: Option<String>,
    ) -> Result<(), ServiceError> {
        let child = self.child(caller, id).await?;
        let Some(hash) = &child.child.pin else { return Ok(()) };
        let pin = pin.ok_or(RuleViolation::WrongPin)?;
        let key = format!("pin {}", id.as_str());
        self.attempts.at_guessable(&self.store, address, key).await?;
        if self.passwords.verify(Some(Arc::clone(hash)), pin).await? {
            Ok(())
        } else {
            Err(RuleViolation::WrongPin.into())
        }
    }
}
