//! The PINs of children, which protect the switch between the children that share a device. They do not protect against
//! somebody who reads the cookies of the browser.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Caller, DeviceTokens, Parent, Service, ServiceError, Token};
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

    /// Chooses one of the children that share a device at `address`. Returns the live tokens, that of the child first, and its
    /// caller.
    ///
    /// Fails if the child does not share the device; if it has a PIN, is not the current child, and `pin` is another
    /// one; and after too many attempts at the PIN.
    pub async fn choose_device_child<'a>(
        &self,
        address: IpAddr,
        held: &'a DeviceTokens,
        child_id: &ChildId,
        pin: Option<String>,
    ) -> Result<(Vec<&'a Token>, Caller), ServiceError> {
        let mut live = self.live_device_sessions(held).await?;
        let chosen = live.iter().position(|it| it.caller.child_id() == Some(child_id));
        let chosen = live.remove(chosen.ok_or(RuleViolation::NotFound(RecordKind::Child))?);
        if !chosen.is_current {
            self.check_pin(address, &chosen.caller, child_id, pin).await?;
        }
        let others = live.iter().map(|it| it.token);
        Ok(([chosen.token].into_iter().chain(others).collect(), chosen.caller))
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
