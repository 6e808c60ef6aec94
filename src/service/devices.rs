//! The devices of children. A device shows a code and asks for its session until a parent has entered the code and chosen a
//! child (RFC 8628). A guessed code is useless without a parent's session.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::family_records::fingerprint;
use super::limits::one_more;
use super::rates::{network, whole_seconds};
use super::sessions::{Acting, Ending};
use super::token::hexadecimal;
use super::{Caller, Causes, Listing, LoggedIn, Parent, Service, ServiceError, Token};
use crate::clock;
use crate::domain::{
    Child, ChildId, Device, DeviceId, FamilyLimit, IdempotencyKey, KeyResult, Name, Page,
    RecordKind, RuleViolation, Session, Timestamp, TokenHash, UserCode,
};
use crate::store::{
    Change, Changes, Context, DeviceRequest, NotOpened, OpenLimits, Scope, Snapshot, Store as _,
};

/// The number of open requests: of a household, and of all.
const OPEN: OpenLimits = OpenLimits { in_total: 10_000, per_network: 10 };
/// How often another code is tried if one exists already: with 10,000 open requests, one of two million codes does.
const ATTEMPTS: usize = 5;

/// The codes of a device that has asked for a session.
#[derive(Debug)]
pub struct DeviceCodes {
    /// What only the device knows. It is not stored and cannot be read again.
    pub device_code: Token,
    /// What the device shows.
    pub user_code: UserCode,
    pub expires_at: Timestamp,
}

/// A device that a parent has confirmed.
#[derive(Debug)]
pub struct PairedDevice {
    /// Its session, or its pairing until it has fetched the session.
    pub session: Arc<Session>,
    pub replayed: bool,
}

/// A child that shares the device of a request.
#[derive(Debug)]
pub struct DeviceChild {
    pub child: Arc<Child>,
    /// Whether requests of the device are those of this child.
    pub is_current: bool,
}

/// The sessions that a device has, one for each child: that of the current child first.
#[derive(Debug, Default)]
pub struct DeviceTokens(pub Vec<Token>);

/// A live session of a device.
pub struct LiveDeviceSession<'a> {
    pub token: &'a Token,
    pub caller: Caller,
    /// Whether it is that of the current child.
    pub is_current: bool,
}

fn parsed(typed: &str) -> Result<UserCode, RuleViolation> {
    UserCode::parse(typed).ok_or(RuleViolation::InvalidDeviceCode)
}

/// What identifies a code in the store.
fn hash(code: &UserCode) -> TokenHash {
    Token::presented(code.letters()).hash()
}

/// Who claims a request: a parent can repeat it for the same child.
fn claimant(parent: &Parent, child_id: &ChildId) -> TokenHash {
    let family = Sha256::new().chain_update(parent.user().id.as_str());
    let digest = family.chain_update([0]).chain_update(child_id.as_str()).finalize();
    TokenHash(hexadecimal(&digest).into())
}

impl Service {
    /// Opens the request of a device at `address` for a session. Fails if too many are open.
    pub async fn open_device_request(
        &self,
        address: IpAddr,
        device_name: Name,
    ) -> Result<DeviceCodes, ServiceError> {
        let requests = self.store.device_requests();
        let now = self.clock.now();
        let expires_at = now.after(Device::CODE_LIFETIME);
        for _ in 0..ATTEMPTS {
            let device_code = Token::random();
            let user_code = UserCode::of(u64::from_be_bytes(clock::random()));
            let request = DeviceRequest {
                user_code: hash(&user_code),
                device_code: device_code.hash(),
                device_name: device_name.clone(),
                network: network(address).to_string().into(),
                expires_at,
            };
            match requests.open(request, OPEN, now).await? {
                Ok(()) => return Ok(DeviceCodes { device_code, user_code, expires_at }),
                Err(NotOpened::SameCode) => {}
                Err(NotOpened::Full(until)) => {
                    let retry_after = whole_seconds(until.since(now));
                    return Err(ServiceError::TooManyAttempts { retry_after });
                }
            }
        }
        Err(ServiceError::internal("no code is free"))
    }

    /// Returns the request that shows a code, for a parent at `address`.
    ///
    /// Fails in the same way for every code that no device shows now, and after too many attempts.
    pub async fn inspect_device_request(
        &self,
        address: IpAddr,
        parent: &Parent,
        typed: &str,
    ) -> Result<DeviceRequest, ServiceError> {
        self.count_code(address, parent).await?;
        let code = parsed(typed)?;
        let found = self.store.device_requests().find(hash(&code), self.clock.now()).await?;
        found.ok_or_else(|| RuleViolation::InvalidDeviceCode.into())
    }

    /// Confirms the device that shows a code, for a child and a parent at `address`. The device can then fetch its session
    /// for ten minutes.
    ///
    /// Fails like [`Self::inspect_device_request`], and if the child has [`Device::MOST`].
    pub async fn pair_device(
        &self,
        address: IpAddr,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        child_id: ChildId,
        typed: &str,
    ) -> Result<PairedDevice, ServiceError> {
        self.count_code(address, parent).await?;
        let records = self.records_of(parent).await?;
        let child = parent.child(&*records, &child_id)?;
        let code = hash(&parsed(typed)?);
        let (requests, now) = (self.store.device_requests(), self.clock.now());
        // Checked before the code is claimed, so that it can still be used for another child.
        if requests.find(code.clone(), now).await?.is_some() {
            check_number(&*records, &child, now)?;
        }
        let request = requests.claim(code.clone(), claimant(parent, &child_id), now).await?;
        let fields = json!({"child_id": child_id.as_str(), "code": &*code.0});
        let key = self.used_key(parent, key, || fingerprint("device", &fields));
        let decider = parent.clone();
        let commit = self.transact_as(parent, move |records, context| {
            let child = decider.child(records, &child_id)?;
            let first = key.as_ref().map(|key| key.first(records)).transpose()?.flatten();
            if let Some(first) = first {
                let is_first = |id: &DeviceId| first.result == KeyResult::Record(id.shared());
                let session = device_of(records, &child, is_first)?;
                return Ok((Changes::none(), PairedDevice { session, replayed: true }));
            }
            let request = request.as_ref().ok_or(RuleViolation::InvalidDeviceCode)?;
            let pairing = pairing(records, &child, request, context)?;
            let id = pairing.device.as_ref().map(|device| device.id.shared());
            let remember = key.as_ref().map(|key| key.stored(id));
            let put = Change::PutSession(Session::clone(&pairing));
            let changes = Changes { remember, ..Changes::of([put]) };
            Ok((changes, PairedDevice { session: pairing, replayed: false }))
        });
        Ok(commit.await?.value)
    }

    /// Counts an attempt at a code. Fails after too many.
    async fn count_code(&self, address: IpAddr, parent: &Parent) -> Result<(), ServiceError> {
        let key = format!("device codes {}", parent.account().id.as_str());
        self.attempts.at_guessable(&self.store, address, key).await
    }

    /// Returns the session of a device at `address` that has asked with `device_code`, if a parent has confirmed it. The code
    /// is used up. Ends the session that the device has for the same child, of those in `held`.
    ///
    /// Fails with [`ServiceError::AuthorizationPending`] until a parent has confirmed the device, with
    /// [`ServiceError::SlowDown`] if it asks too often, and with the same error for every code that is unknown, was used, or
    /// has expired.
    pub async fn fetch_device_session(
        self: &Arc<Self>,
        address: IpAddr,
        device_code: &Token,
        held: &DeviceTokens,
    ) -> Result<LoggedIn, ServiceError> {
        let code = device_code.hash();
        let requests = self.store.device_requests();
        let (hash, now) = (TokenHash::of_pairing(&code), self.clock.now());
        let records = self.store.read(Scope::Session(hash.clone())).await?;
        let pairing = records.session(&hash).filter(|pairing| pairing.is_live(now));
        // Codes that do not exist have no counts of their own: anybody can invent any number of them.
        if pairing.is_none() && !requests.is_open(code.clone(), now).await? {
            self.attempts.at_secret(&self.store, address).await?;
            return Err(RuleViolation::InvalidDeviceCode.into());
        }
        self.attempts.at_poll(&self.store, &code).await?;
        let pairing = pairing.ok_or(ServiceError::AuthorizationPending)?;
        let token = Token::random();
        let (token_hash, held) = (token.hash(), held.0.iter().map(Token::hash).collect::<Vec<_>>());
        let acting = Acting::Anyone(Scope::Family(pairing.user_id.clone()));
        let exchanged = self.end_sessions(acting, move |records, context| {
            exchange(records, &hash, &token_hash, &held, context.now())
        });
        let caller = exchanged.await?;
        if let Err(error) = requests.close(code).await {
            tracing::warn!(error = %Causes(&error), "cannot close the request of a device: it will expire");
        }
        Ok(LoggedIn { token, caller })
    }

    /// Returns the devices of a child, the most recently used first.
    pub async fn devices(
        &self,
        parent: &Parent,
        child_id: &ChildId,
        page: Page,
    ) -> Result<Listing<Arc<Session>>, ServiceError> {
        let records = self.records_of(parent).await?;
        let child = parent.child(&*records, child_id)?;
        let mut devices = devices_of(&*records, &child, self.clock.now());
        devices.sort_by_key(|it| std::cmp::Reverse((it.last_used_at, it.created_at)));
        Ok(Listing::of(devices, page))
    }

    /// Ends the session of a child's device, with its streams.
    pub async fn remove_device(
        self: &Arc<Self>,
        parent: &Parent,
        child_id: ChildId,
        id: DeviceId,
    ) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.end_sessions(Acting::Caller(parent), move |records, _| {
            let child = decider.child(records, &child_id)?;
            let session = device_of(records, &child, |other| *other == id)?;
            let sessions = vec![session.token_hash.clone()];
            Ok(Ending { sessions, changes: Vec::new(), value: () })
        })
        .await
    }

    /// Returns the live sessions in `held`, in its order.
    pub async fn live_device_sessions<'a>(
        &self,
        held: &'a DeviceTokens,
    ) -> Result<Vec<LiveDeviceSession<'a>>, ServiceError> {
        let mut live = Vec::new();
        for (index, token) in held.0.iter().enumerate() {
            let caller = self.live_session(&token.hash()).await?;
            let is_current = index == 0;
            live.extend(caller.map(|caller| LiveDeviceSession { token, caller, is_current }));
        }
        Ok(live)
    }

    /// Returns the children that share a device.
    pub async fn device_children(
        &self,
        held: &DeviceTokens,
    ) -> Result<Vec<DeviceChild>, ServiceError> {
        let mut children = Vec::new();
        for LiveDeviceSession { caller, is_current, .. } in self.live_device_sessions(held).await? {
            let Some(child_id) = caller.child_id() else { continue };
            let child = self.child(&caller, child_id).await?;
            children.push(DeviceChild { child: Arc::clone(&child.child), is_current });
        }
        Ok(children)
    }
}

/// The live devices of a child, and those that have not fetched their sessions yet.
fn devices_of(records: &dyn Snapshot, child: &Child, now: Timestamp) -> Vec<Arc<Session>> {
    let mut sessions = records.sessions_of_child(&child.user_id, &child.id);
    sessions.retain(|session| session.device.is_some() && session.is_live(now));
    sessions
}

/// Fails if the child cannot have one more device.
fn check_number(
    records: &dyn Snapshot,
    child: &Child,
    now: Timestamp,
) -> Result<(), RuleViolation> {
    one_more(FamilyLimit::Devices, Device::MOST, devices_of(records, child, now).len())
}

/// Fails if the child has no such device.
fn device_of(
    records: &dyn Snapshot,
    child: &Child,
    is_it: impl Fn(&DeviceId) -> bool,
) -> Result<Arc<Session>, RuleViolation> {
    let sessions = records.sessions_of_child(&child.user_id, &child.id);
    let mut devices = sessions.into_iter();
    let found = devices.find(|it| it.device.as_ref().is_some_and(|device| is_it(&device.id)));
    found.ok_or(RuleViolation::NotFound(RecordKind::Device))
}

/// The pairing of a claimed request: a new one, or that of an earlier attempt.
fn pairing(
    records: &dyn Snapshot,
    child: &Child,
    request: &DeviceRequest,
    context: &mut Context,
) -> Result<Arc<Session>, RuleViolation> {
    let hash = TokenHash::of_pairing(&request.device_code);
    let now = context.now();
    if let Some(earlier) = records.session(&hash).filter(|pairing| pairing.is_live(now)) {
        return Ok(earlier);
    }
    check_number(records, child, now)?;
    let device = Device { id: context.new_id(), name: request.device_name.clone() };
    let (family, child_id) = (child.user_id.clone(), child.id.clone());
    Ok(Arc::new(Session::pairing(hash, family, child_id, device, now)))
}

/// Replaces a pairing by a session, and ends the session that the device has for the same child.
fn exchange(
    records: &dyn Snapshot,
    pairing: &TokenHash,
    token_hash: &TokenHash,
    held: &[TokenHash],
    now: Timestamp,
) -> Result<Ending<Caller>, RuleViolation> {
    let found = records.session(pairing).filter(|pairing| pairing.is_live(now));
    let found = found.ok_or(RuleViolation::InvalidDeviceCode)?;
    let session = Arc::new(found.exchanged(token_hash.clone(), now));
    let caller = Caller::of(Arc::clone(&session), records, now);
    let value = caller.ok_or(RuleViolation::InvalidDeviceCode)?;
    let is_same = |hash: &&TokenHash| {
        let held = records.session(hash);
        held.is_some_and(|held| held.device.is_some() && held.child_id == session.child_id)
    };
    let replaced = held.iter().filter(is_same).cloned();
    let sessions = [pairing.clone()].into_iter().chain(replaced).collect();
    let changes = vec![Change::PutSession(Session::clone(&session))];
    Ok(Ending { sessions, changes, value })
}
