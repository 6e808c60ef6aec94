//! Who requests a page, in which language and in which colours.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::links::{APP, CHILD, SIGN_IN, with_query};
use crate::domain::ChildId;
use crate::http::error::ApiError;
use crate::http::extract::caller::cookie_caller;
use crate::http::extract::cookies::cookies_named;
use crate::http::language::PageLanguage;
use crate::http::server::request_context::Client;
use crate::http::settings::CookieName;
use crate::http::state::AppState;
use crate::service::{Admin, Adult, Caller, Owner, Parent, ServiceError};

/// The cookies with the choices of a browser. They are not part of an account, and scripts cannot read them.
pub(super) const THEME: &str = "goldstar_theme";
pub(super) const LANGUAGE: &str = "goldstar_language";

/// The colours that a browser has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    /// Those of the system.
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) fn find(name: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|it| it.as_str() == name)
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The request of a page.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) language: PageLanguage,
    pub(super) theme: Theme,
    /// `None` without a live session.
    pub(super) caller: Option<Caller>,
    /// The path and the query.
    pub(super) address: String,
}

impl Visit {
    pub(super) async fn of(
        headers: &HeaderMap,
        address: &str,
        state: &AppState,
    ) -> Result<Self, ServiceError> {
        let caller = match cookie_caller(headers, state).await {
            Ok(caller) => Some(caller),
            Err(ServiceError::Unauthenticated) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { caller, ..Self::anonymous(headers, address) }.in_language_of_account(headers))
    }

    /// A visit whose session is not looked at.
    pub(super) fn anonymous(headers: &HeaderMap, address: &str) -> Self {
        let chosen = choice(headers, LANGUAGE).and_then(|tag| PageLanguage::find(&tag));
        let language = chosen.or_else(|| PageLanguage::preferred(headers));
        let theme = choice(headers, THEME).and_then(|name| Theme::find(&name));
        Self {
            language: language.unwrap_or(PageLanguage::English),
            theme: theme.unwrap_or(Theme::System),
            caller: None,
            address: address.to_owned(),
        }
    }

    /// The account's language counts unless the browser has chosen another one.
    fn in_language_of_account(self, headers: &HeaderMap) -> Self {
        if choice(headers, LANGUAGE).is_some() {
            return self;
        }
        let own = self.caller.as_ref().and_then(|caller| caller.account().language.as_ref());
        let language = own.and_then(|tag| PageLanguage::find(tag.as_str()));
        Self { language: language.unwrap_or(self.language), ..self }
    }
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let address = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        Ok(Self::of(&parts.headers, address, state).await?)
    }
}

/// The value of a cookie that contains a choice.
fn choice(headers: &HeaderMap, name: &'static str) -> Option<String> {
    let name = CookieName::of_choice(name);
    cookies_named(headers, &name).next().map(str::to_owned)
}

/// A visit with a session that may open the page. Without a session, the browser is sent to the page that starts one.
pub(super) struct Visitor<W> {
    pub(super) who: W,
    pub(super) visit: Visit,
}

/// Who may open a page.
pub(super) trait Who: Sized {
    /// Fails if the page is for somebody else.
    fn of(caller: Caller) -> Result<Self, NotOpened>;
}

impl Who for Caller {
    fn of(caller: Caller) -> Result<Self, NotOpened> {
        Ok(caller)
    }
}

impl Who for Adult {
    fn of(caller: Caller) -> Result<Self, NotOpened> {
        Ok(caller.into_adult()?)
    }
}

impl Who for Parent {
    fn of(caller: Caller) -> Result<Self, NotOpened> {
        Ok(caller.into_parent()?)
    }
}

impl Who for Owner {
    fn of(caller: Caller) -> Result<Self, NotOpened> {
        Ok(caller.into_owner()?)
    }
}

impl Who for Admin {
    fn of(caller: Caller) -> Result<Self, NotOpened> {
        Ok(caller.into_admin()?)
    }
}

/// A child's session.
pub(super) struct OfChild {
    pub(super) caller: Caller,
    pub(super) child_id: ChildId,
}

impl Who for OfChild {
    fn of(caller: Caller) -> Result<Self, NotOpened> {
        let child_id = caller.child_id().cloned().ok_or(NotOpened::Other(APP))?;
        Ok(Self { caller, child_id })
    }
}

impl<W: Who> FromRequestParts<AppState> for Visitor<W> {
    type Rejection = NotOpened;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, NotOpened> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let Some(caller) = visit.caller.clone() else {
            let next = if parts.method.is_safe() { visit.address.as_str() } else { APP };
            return Err(NotOpened::SignIn(next.to_owned()));
        };
        if !parts.method.is_safe() && !is_of_session(parts.uri.path()) {
            let client = Client::from_request_parts(parts, state).await?;
            state.service.count_change(&caller, client.address)?;
        }
        let is_child = caller.child_id().is_some();
        match W::of(caller) {
            Ok(who) => Ok(Self { who, visit }),
            // A page of adults: a child gets its own page instead.
            Err(_) if is_child && parts.method.is_safe() => Err(NotOpened::Other(CHILD)),
            Err(refused) => Err(refused),
        }
    }
}

/// Whether a form ends sessions. A flood of changes with a stolen session must not prevent its owner from that.
fn is_of_session(path: &str) -> bool {
    ["/sign-out", "/app/account/sessions/", "/app/account/password", "/app/account/delete"]
        .iter()
        .any(|page| path.starts_with(page))
}

/// Why a page is not opened.
pub(super) enum NotOpened {
    /// There is no session. The address is where to go after its start.
    SignIn(String),
    /// The session is one for another page.
    Other(&'static str),
    Error(ApiError),
}

impl From<ApiError> for NotOpened {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl From<ServiceError> for NotOpened {
    fn from(error: ServiceError) -> Self {
        Self::Error(error.into())
    }
}

impl IntoResponse for NotOpened {
    fn into_response(self) -> Response {
        match self {
            Self::SignIn(next) => see_other(&with_query(SIGN_IN, &[("next", &next)])),
            Self::Other(address) => see_other(address),
            Self::Error(error) => error.into_response(),
        }
    }
}

/// Sends the browser to another page of this server.
pub(super) fn see_other(address: &str) -> Response {
    // Every address is encoded.
    let to = HeaderValue::try_from(address).unwrap_or(HeaderValue::from_static(APP));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
