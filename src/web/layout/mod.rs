//! What all pages have in common.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::assets;
use super::links::{APP, CHILD, CONSOLE};
use super::texts::Texts;
use super::visit::{Theme, Visit};
use crate::domain::Message;
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::service::{Caller, ServiceError, SessionRole};

/// Allows only files of this server: a name that contains markup cannot run as a script, even if a page fails to escape it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types goldstar";

/// The frame around the content of a page.
pub(super) struct Shell {
    pub(super) title: String,
    pub(super) language: PageLanguage,
    pub(super) theme: Theme,
    /// The name of the person whose session it is.
    pub(super) name: Option<String>,
    pub(super) role: Option<SessionRole>,
    is_helper: bool,
    /// The address of the page, to return to it.
    pub(super) address: String,
    /// Whether the page follows the events of the family.
    pub(super) is_live: bool,
    /// The address of the chosen entry of the navigation.
    pub(super) section: &'static str,
}

/// An entry of the navigation.
pub(super) struct Entry {
    pub(super) address: &'static str,
    pub(super) icon: &'static str,
    pub(super) label: &'static str,
    pub(super) is_chosen: bool,
}

/// A value to choose.
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) is_chosen: bool,
}

impl Shell {
    pub(super) fn new(visit: &Visit, title: impl Into<String>) -> Self {
        let caller = visit.caller.as_ref();
        let name = |caller: &Caller| caller.account().first_name.as_str().to_owned();
        Self {
            title: title.into(),
            language: visit.language,
            theme: visit.theme,
            name: caller.filter(|caller| caller.child_id().is_none()).map(name),
            role: caller.map(|caller| caller.role().clone()),
            is_helper: caller.is_some_and(Caller::is_helper),
            address: visit.address.clone(),
            is_live: false,
            section: "",
        }
    }

    /// A page that is updated when an event of the family occurs.
    pub(super) fn live(self) -> Self {
        Self { is_live: true, ..self }
    }

    /// A page in a section of the navigation.
    pub(super) fn section(self, section: &'static str) -> Self {
        Self { section, ..self }
    }

    pub(super) fn texts(&self) -> &'static Texts {
        Texts::of(self.language)
    }

    #[expect(clippy::unused_self, reason = "a template calls functions of its values")]
    pub(super) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }

    /// The address of an icon.
    #[expect(clippy::unused_self, reason = "a template calls functions of its values")]
    pub(super) fn icon(&self, name: &str) -> String {
        format!("{}#{name}", assets::address("icons.svg"))
    }

    /// The names of what the event stream sends: a browser passes on only what is listed.
    #[expect(clippy::unused_self, reason = "a template calls functions of its values")]
    pub(super) fn events(&self) -> String {
        format!("tracking_event_created resync {}", Message::NAMES.join(" "))
    }

    pub(super) fn themes(&self) -> Vec<Choice> {
        let texts = &self.texts().common;
        let label = |theme| match theme {
            Theme::System => texts.theme_system,
            Theme::Light => texts.theme_light,
            Theme::Dark => texts.theme_dark,
        };
        let choice = |theme: Theme| {
            let is_chosen = theme == self.theme;
            Choice { value: theme.as_str(), label: label(theme), is_chosen }
        };
        [Theme::System, Theme::Light, Theme::Dark].into_iter().map(choice).collect()
    }

    pub(super) fn languages(&self) -> Vec<Choice> {
        let choice = |language: PageLanguage| {
            let is_chosen = language == self.language;
            Choice { value: language.tag(), label: language.own_name(), is_chosen }
        };
        PageLanguage::ALL.into_iter().map(choice).collect()
    }

    /// The navigation: that of the console on its pages, else that of the person.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let texts = &self.texts().navigation;
        let listed: &[(&'static str, &'static str, &'static str)] = match &self.role {
            None => &[],
            Some(SessionRole::Child(_)) => &[
                (CHILD, "ui-home", texts.today),
                ("/app/child/rewards", "ui-rewards", texts.rewards),
                ("/app/child/badges", "ui-badges", texts.badges),
                ("/app/child/history", "ui-history", texts.history),
            ],
            Some(SessionRole::Admin) if self.section.starts_with(CONSOLE) => &[
                (CONSOLE, "ui-console", texts.overview),
                ("/console/tracking", "ui-history", texts.tracking),
                ("/console/events", "ui-events", texts.live_events),
                ("/console/accounts", "ui-members", texts.accounts),
                ("/console/deletions", "ui-delete", texts.deletions),
                ("/console/log", "ui-log", texts.log),
                ("/console/backups", "ui-backup", texts.backups),
                ("/console/webhooks", "ui-webhooks", texts.webhooks),
                (APP, "ui-home", texts.family_app),
            ],
            Some(SessionRole::Parent | SessionRole::Admin) if self.is_helper => {
                &[(APP, "ui-home", texts.home)]
            }
            Some(SessionRole::Parent | SessionRole::Admin) => &[
                (APP, "ui-home", texts.home),
                ("/app/week", "ui-calendar", texts.week),
                ("/app/tasks", "ui-tasks", texts.tasks),
                ("/app/rewards", "ui-rewards", texts.rewards),
                ("/app/badges", "ui-badges", texts.badges),
                ("/app/history", "ui-history", texts.history),
                ("/app/family", "ui-members", texts.family),
            ],
        };
        let entry = |&(address, icon, label)| {
            let is_chosen = address == self.section;
            Entry { address, icon, label, is_chosen }
        };
        let mut entries: Vec<Entry> = listed.iter().map(entry).collect();
        if self.role == Some(SessionRole::Admin) && !self.section.starts_with(CONSOLE) {
            entries.push(entry(&(CONSOLE, "ui-console", texts.console)));
        }
        entries
    }
}

/// The response with a page.
pub(super) fn page(content: &impl Template) -> Result<Response, ApiError> {
    page_with(StatusCode::OK, content)
}

pub(super) fn page_with(status: StatusCode, content: &impl Template) -> Result<Response, ApiError> {
    let html = content.render().map_err(ServiceError::internal)?;
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        // A browser sends the origin with a form only if it may name the page.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::VARY, HeaderValue::from_static("accept-language, cookie")),
    ];
    Ok((status, headers, Html(html)).into_response())
}
