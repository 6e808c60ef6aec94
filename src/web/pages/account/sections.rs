//! The page of an account: its forms, and its sessions.

use std::collections::HashMap;

use askama::Template;
use axum::response::{IntoResponse, Response};

use crate::domain::Page;
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::service::{Adult, ListedSession, Service, ServiceError};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::section::Section;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::{Moment, Moments};
use crate::web::visit::{Visit, see_other};

pub(super) const ACCOUNT: &str = "/app/account";

#[derive(Template)]
#[template(path = "web/pages/account/sections.html")]
struct AccountPage {
    shell: Shell,
    forms: Forms,
    email: String,
    languages: Vec<Choice>,
    sessions: Vec<SessionLine>,
    /// What was done just now.
    done: Option<&'static str>,
    is_owner: bool,
    is_helper: bool,
}

/// The forms of the page.
pub(super) struct Forms {
    pub(super) profile: Section,
    pub(super) email: Section,
    pub(super) password: Section,
}

struct Choice {
    tag: &'static str,
    label: &'static str,
    is_chosen: bool,
}

struct SessionLine {
    id: String,
    who: String,
    is_current: bool,
    icon: &'static str,
    used: Moment,
    since: Moment,
}

impl Forms {
    pub(super) fn of(adult: &Adult) -> Self {
        let account = adult.account();
        let profile = Form::of([
            ("first_name", account.first_name.as_str().to_owned()),
            ("last_name", account.last_name.as_str().to_owned()),
        ]);
        let (email, password) = (Section::default(), Section::default());
        Self { profile: Section::of(profile), email, password }
    }
}

/// Sends the browser back to the page, which then confirms the change.
pub(super) fn done(what: &str) -> Response {
    see_other(&format!("{ACCOUNT}?done={what}"))
}

pub(super) async fn show(
    service: &Service,
    adult: &Adult,
    visit: &Visit,
    forms: Forms,
    done: Option<&str>,
) -> Result<Response, ApiError> {
    let language = visit.language;
    let texts = &Texts::of(language).account;
    let done = done.and_then(|done| match done {
        "saved" => Some(texts.saved),
        "password" => Some(texts.password_saved),
        "session" => Some(texts.session_ended),
        _ => None,
    });
    let sessions = sessions(service, adult, language).await?;
    let status = forms.profile.status.max(forms.email.status).max(forms.password.status);
    let shown = page(&AccountPage {
        shell: Shell::new(visit, texts.title).section(ACCOUNT),
        email: fill(texts.email_now, &[&adult.account().email.as_str()]),
        languages: languages(adult, texts.language_of_browser),
        sessions,
        done,
        forms,
        is_owner: adult.user().id == adult.account().id,
        is_helper: adult.is_helper(),
    })?;
    Ok((status, shown).into_response())
}

fn languages(adult: &Adult, of_browser: &'static str) -> Vec<Choice> {
    let own = adult.account().language.as_ref();
    let own = own.and_then(|tag| PageLanguage::find(tag.as_str()));
    let choice = |language: PageLanguage| {
        let is_chosen = own == Some(language);
        Choice { tag: language.tag(), label: language.own_name(), is_chosen }
    };
    let none = Choice { tag: "", label: of_browser, is_chosen: own.is_none() };
    [none].into_iter().chain(PageLanguage::ALL.map(choice)).collect()
}

async fn sessions(
    service: &Service,
    adult: &Adult,
    language: PageLanguage,
) -> Result<Vec<SessionLine>, ServiceError> {
    let texts = &Texts::of(language).account;
    let moments = Moments::of(adult, service, language);
    let listed = service.sessions(adult, Page::ALL).await?;
    let children = service.children(adult, Page::ALL).await?.records;
    let names: HashMap<&str, &str> =
        children.iter().map(|it| (it.child.id.as_str(), it.child.name.as_str())).collect();
    let line = |ListedSession { id, session, is_current }: ListedSession| {
        let child = session.child_id.as_ref().map(|id| {
            let name = names.get(id.as_str()).copied().unwrap_or_default();
            fill(texts.of_child, &[&name])
        });
        let icon = if child.is_some() { "ui-devices" } else { "ui-account" };
        let who = child.unwrap_or_else(|| texts.of_adult.to_owned());
        let who = match &session.device {
            Some(device) => fill(texts.of_device, &[&who, &device.name]),
            None => who,
        };
        let [used, since] =
            [session.last_used_at, session.created_at].map(|at| moments.of_moment(at));
        SessionLine { id, who, is_current, icon, used, since }
    };
    Ok(listed.records.into_iter().map(line).collect())
}
