//! The rows of sessions, links, invitations and API tokens.

use std::sync::Arc;

use super::encoder::Encoder;
use super::fields::{Fields, Unreadable};
use super::record::{Record, list_name};
use crate::domain::{
    ApiToken, Device, Email, FamilyRole, Id, Invitation, Session, TokenHash, TokenScope, UserId,
};

/// What an invitation offers; `None` in the rows of sessions.
fn invitation(fields: &Fields<'_>) -> Result<Option<Arc<Invitation>>, Unreadable> {
    let Some(role) = fields.optional_text("invited_as") else { return Ok(None) };
    let unreadable = Unreadable { field: "invited_as", expected: "a role" };
    let role = FamilyRole::parse(&role).ok_or(unreadable)?;
    let email = fields.optional_text("invited_email").map(|email| Email::from_stored(&email));
    Ok(Some(Arc::new(Invitation { role, email })))
}

/// A token whose row has lost fields may do less than before, and never becomes a session. Scopes of newer versions are
/// ignored.
fn api_token(fields: &Fields<'_>, token_hash: &TokenHash) -> Option<ApiToken> {
    let scopes = fields.texts("token_scopes");
    token_hash.is_of_api_token().then(|| ApiToken {
        name: fields.name("token_name"),
        prefix: fields.optional_text("token_prefix").unwrap_or_default(),
        scopes: scopes.iter().filter_map(|name| TokenScope::parse(name)).collect(),
        has_fixed_end: fields.boolean("token_has_fixed_end", true).unwrap_or(true),
        last_address: fields.optional_text("token_last_address"),
    })
}

impl Record for Session {
    const FILE: &'static str = "sessions.json";

    fn decode(fields: &Fields<'_>) -> Result<Self, Unreadable> {
        let token_hash = TokenHash(Arc::from(&*fields.text("token_sha256")?));
        Ok(Self {
            api_token: api_token(fields, &token_hash).map(Arc::new),
            token_hash,
            user_id: fields.id("user_id")?,
            child_id: fields.optional_id("child_id")?,
            member: fields.optional_id("member_account_id")?,
            invitation: invitation(fields)?,
            created_at: fields.moment("created_at")?,
            last_used_at: fields.moment("last_used_at")?,
            expires_at: fields.moment("expires_at")?,
            device: fields
                .optional_id("device_id")?
                .map(|id| Device { id, name: fields.name("device_name") }),
        })
    }

    fn encode(&self, row: &mut Encoder) {
        row.text("token_sha256", &self.token_hash.0);
        row.text("user_id", self.user_id.as_str());
        row.optional_text("child_id", self.child_id.as_ref().map(Id::as_str));
        if let Some(account) = &self.member {
            row.text("member_account_id", account.as_str());
        }
        if let Some(Invitation { role, email }) = self.invitation.as_deref() {
            row.text("invited_as", role.as_str());
            row.optional_text("invited_email", email.as_ref().map(Email::as_str));
        }
        row.moment("created_at", self.created_at);
        row.moment("last_used_at", self.last_used_at);
        row.moment("expires_at", self.expires_at);
        if let Some(device) = &self.device {
            row.text("device_id", device.id.as_str());
            row.text("device_name", device.name.as_str());
        } else {
            row.absent("device_id");
            row.absent("device_name");
        }
        if let Some(token) = &self.api_token {
            let scopes = token.scopes.iter().map(|scope| scope.as_str().into());
            row.text("token_name", token.name.as_str());
            row.text("token_prefix", &token.prefix);
            row.texts("token_scopes", &scopes.collect::<Vec<_>>());
            row.plain("token_has_fixed_end", token.has_fixed_end);
            row.optional_text("token_last_address", token.last_address.as_deref());
        }
    }

    fn owner_mut(&mut self) -> Option<&mut UserId> {
        Some(&mut self.user_id)
    }

    fn key(&self) -> Arc<str> {
        Arc::clone(&self.token_hash.0)
    }

    fn group(&self) -> Option<Arc<str>> {
        Some(self.user_id.shared())
    }

    fn lists(&self) -> Vec<Arc<str>> {
        let child = self.child_id.iter();
        child.map(|child| list_name('c', &[self.user_id.as_str(), child.as_str()])).collect()
    }
}
