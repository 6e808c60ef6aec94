//! The page of a family's adults.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::domain::{FamilyRole, Member, Page};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::service::{Caller, ListedInvitation, Parent, Service, ServiceError};
use crate::web::form::new_key;
use crate::web::layout::{Shell, page};
use crate::web::links::FAMILY;
use crate::web::section::{Confirmed, Section};
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::{Moment, Moments};
use crate::web::visit::{Visit, Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new().route(FAMILY, get(family))
}

#[derive(Template)]
#[template(path = "web/pages/members/list.html")]
struct FamilyPage {
    shell: Shell,
    members: Vec<MemberLine>,
    invitations: Vec<InvitationLine>,
    forms: Forms,
    done: Option<&'static str>,
    is_owner: bool,
    key: String,
}

/// The forms of the page.
#[derive(Default)]
pub(super) struct Forms {
    pub(super) invitation: Section,
    pub(super) transfer: Section,
    /// A link for the member with this id.
    pub(super) reset: (String, Section),
}

struct MemberLine {
    id: String,
    name: String,
    role: FamilyRole,
    role_name: &'static str,
    since: Option<Moment>,
    is_self: bool,
    role_hint: String,
    remove_hint: String,
}

struct InvitationLine {
    id: String,
    role: &'static str,
    offered_to: String,
    until: Moment,
}

async fn family(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Query(confirmed): Query<Confirmed>,
) -> Result<Response, ApiError> {
    show(&service, &parent, &visit, Forms::default(), confirmed.done()).await
}

/// Sends the browser back to the page, which then confirms the change.
pub(super) fn done(what: &str) -> Response {
    see_other(&format!("{FAMILY}?done={what}"))
}

/// A form that was not accepted is shown at its own address.
pub(super) async fn back() -> Response {
    see_other(FAMILY)
}

pub(super) async fn show(
    service: &Service,
    parent: &Parent,
    visit: &Visit,
    forms: Forms,
    done: Option<&str>,
) -> Result<Response, ApiError> {
    let all = Texts::of(visit.language);
    let texts = &all.members;
    let moments = Moments::of(parent, service, visit.language);
    let is_owner = parent.family_role() == Some(FamilyRole::Owner);
    let done = done.and_then(|done| match done {
        "changed" => Some(texts.changed),
        "removed" => Some(texts.removed),
        "revoked" => Some(texts.revoked),
        _ => None,
    });
    let status = forms.invitation.status.max(forms.transfer.status).max(forms.reset.1.status);
    let shown = page(&FamilyPage {
        members: members(service, parent, all, &moments).await?,
        invitations: invitations(service, parent, all, &moments).await?,
        shell: Shell::new(visit, texts.title).section(FAMILY),
        forms,
        done,
        is_owner,
        key: new_key(),
    })?;
    Ok((status, shown).into_response())
}

fn role_name(role: FamilyRole, texts: &Texts) -> &'static str {
    let texts = &texts.members;
    match role {
        FamilyRole::Owner => texts.owner,
        FamilyRole::Parent => texts.parent,
        FamilyRole::Helper => texts.helper,
    }
}

/// The adults, the owner first.
async fn members(
    service: &Service,
    parent: &Parent,
    texts: &Texts,
    moments: &Moments,
) -> Result<Vec<MemberLine>, ServiceError> {
    let account = parent.account();
    let line = |member: &Arc<Member>| {
        let first_name = member.first_name.as_str();
        MemberLine {
            id: member.id.as_str().to_owned(),
            name: format!("{first_name} {}", member.last_name.as_str()),
            role: member.role,
            role_name: role_name(member.role, texts),
            since: Some(moments.of_moment(member.created_at)),
            is_self: member.account_id == account.id,
            role_hint: fill(texts.members.role_hint, &[&first_name]),
            remove_hint: fill(texts.members.remove_hint, &[&first_name]),
        }
    };
    let members = service.members(parent).await?;
    if !members.is_empty() {
        return Ok(members.iter().map(line).collect());
    }
    Ok(vec![MemberLine {
        id: String::new(),
        name: format!("{} {}", account.first_name.as_str(), account.last_name.as_str()),
        role: FamilyRole::Owner,
        role_name: texts.members.owner,
        since: account.created_at.map(|at| moments.of_moment(at)),
        is_self: true,
        role_hint: String::new(),
        remove_hint: String::new(),
    }])
}

/// The open invitations, which only the owner sees.
async fn invitations(
    service: &Service,
    parent: &Parent,
    texts: &Texts,
    moments: &Moments,
) -> Result<Vec<InvitationLine>, ServiceError> {
    let Ok(owner) = Caller::clone(parent).into_owner() else { return Ok(Vec::new()) };
    let line = |ListedInvitation { id, offer, expires_at, .. }: ListedInvitation| InvitationLine {
        id,
        role: role_name(offer.role, texts),
        offered_to: match &offer.email {
            Some(email) => fill(texts.members.for_email, &[&email.as_str()]),
            None => texts.members.for_anyone.to_owned(),
        },
        until: moments.of_moment(expires_at),
    };
    let open = service.invitations(&owner, Page::ALL).await?;
    Ok(open.records.into_iter().map(line).collect())
}
