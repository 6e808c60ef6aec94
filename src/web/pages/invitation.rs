//! What an invitation offers, and how to accept it: with the session, by signing in, or by signing up.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::sign_in::started_at;
use crate::domain::FamilyRole;
use crate::http::error::ApiError;
use crate::http::resources::credentials::{Login, Signup};
use crate::http::resources::invitations::Secret;
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::http::state::AppState;
use crate::service::{Caller, LoggedIn, SentSessions, Service, ShownInvitation, Token};
use crate::web::form::Form;
use crate::web::layout::{Shell, page};
use crate::web::links::APP;
use crate::web::section::Section;
use crate::web::texts::{Texts, fill};
use crate::web::views::moments::Moments;
use crate::web::visit::{Visit, Visitor, see_other};

const INVITATION: &str = "/invitation";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(INVITATION, get(show).post(open))
        .route("/invitation/accept", post(accept).get(back))
        .route("/invitation/sign-in", post(sign_in).get(back))
        .route("/invitation/sign-up", post(sign_up).get(back))
}

#[derive(Template)]
#[template(path = "web/pages/invitation.html")]
struct InvitationPage {
    shell: Shell,
    secret: String,
    opening: Section,
    /// `None` until the secret is sent.
    offer: Option<Offer>,
    accepting: Section,
    signing_in: Section,
    signing_up: Section,
}

struct Offer {
    text: String,
    until: String,
    only_for: Option<String>,
    /// Who can accept it with the session.
    account: Option<Account>,
    is_child: bool,
}

struct Account {
    join: String,
    hint: String,
}

/// Which form of the page was not accepted.
enum Refused {
    None,
    Accepting(Section),
    SigningIn(Section),
    SigningUp(Section),
}

impl InvitationPage {
    fn new(visit: &Visit) -> Self {
        Self {
            shell: Shell::new(visit, Texts::of(visit.language).invitation.title),
            secret: String::new(),
            opening: Section::default(),
            offer: None,
            accepting: Section::default(),
            signing_in: Section::default(),
            signing_up: Section::default(),
        }
    }
}

async fn show(visit: Visit) -> Result<Response, ApiError> {
    page(&InvitationPage::new(&visit))
}

/// Only the script knows the secret in an address.
async fn back() -> Response {
    see_other(INVITATION)
}

async fn open(
    State(service): State<Arc<Service>>,
    client: Client,
    visit: Visit,
    form: Form,
) -> Result<Response, ApiError> {
    let secret = form.link_secret();
    offered(&service, client, &visit, secret, Refused::None, Section::of(form)).await
}

/// The page with what the invitation offers. Without a valid secret, it asks for one.
async fn offered(
    service: &Service,
    client: Client,
    visit: &Visit,
    secret: String,
    refused: Refused,
    opening: Section,
) -> Result<Response, ApiError> {
    let blank = InvitationPage::new(visit);
    let shown = match service.invitation(client.address, &Token::presented(&secret)).await {
        Ok(shown) => shown,
        Err(error) => {
            let texts = Texts::of(visit.language);
            let opening = Section::refused(opening.form, error.into(), texts)?;
            let status = opening.status;
            let shown = page(&InvitationPage { opening, ..blank })?;
            return Ok((status, shown).into_response());
        }
    };
    let offer = Some(offer(&shown, service, visit));
    let email = shown.offer.email.map(|email| email.as_str().to_owned()).unwrap_or_default();
    let addressed = || Section::of(Form::of([("email", email.clone())]));
    let mut shown =
        InvitationPage { secret, offer, signing_in: addressed(), signing_up: addressed(), ..blank };
    match refused {
        Refused::None => {}
        Refused::Accepting(section) => shown.accepting = section,
        Refused::SigningIn(section) => shown.signing_in = section,
        Refused::SigningUp(section) => shown.signing_up = section,
    }
    let sections = [&shown.accepting, &shown.signing_in, &shown.signing_up];
    let status = sections.map(|section| section.status).into_iter().max().unwrap_or_default();
    Ok((status, page(&shown)?).into_response())
}

fn offer(shown: &ShownInvitation, service: &Service, visit: &Visit) -> Offer {
    let texts = &Texts::of(visit.language).invitation;
    let zone = service.calendar(&shown.owner).zone().clone();
    let until = Moments::in_zone(zone, service, visit.language).of_moment(shown.expires_at).full;
    let text = match shown.offer.role {
        FamilyRole::Helper => texts.as_helper,
        FamilyRole::Owner | FamilyRole::Parent => texts.as_parent,
    };
    let email = shown.offer.email.as_ref();
    let adult = visit.caller.as_ref().filter(|caller| caller.child_id().is_none());
    Offer {
        text: fill(text, &[&shown.owner.first_name.as_str()]),
        until: fill(texts.until, &[&until]),
        only_for: email.map(|email| fill(texts.only_for, &[&email.as_str()])),
        account: adult.map(|caller| account(caller, visit)),
        is_child: visit.caller.is_some() && adult.is_none(),
    }
}

fn account(caller: &Caller, visit: &Visit) -> Account {
    let texts = &Texts::of(visit.language).invitation;
    Account {
        join: fill(texts.accept, &[&caller.account().first_name.as_str()]),
        hint: fill(texts.accept_hint, &[&caller.account().email.as_str()]),
    }
}

async fn accept(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    Visitor { who: caller, visit }: Visitor<Caller>,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match join_as(&service, client, caller, sent, &form).await {
        Ok(started) => return started_at(&started, APP, &settings),
        Err(error) => error,
    };
    let section = Section::refused(form.clone(), error, Texts::of(visit.language))?;
    let (secret, refused) = (form.link_secret(), Refused::Accepting(section));
    offered(&service, client, &visit, secret, refused, Section::of(form)).await
}

async fn join_as(
    service: &Arc<Service>,
    client: Client,
    caller: Caller,
    sent: SentSessions,
    form: &Form,
) -> Result<LoggedIn, ApiError> {
    let Secret(secret) = form.clone().with("secret", form.link_secret().into()).read()?;
    let adult = caller.into_adult()?;
    Ok(service.accept_invitation(client.address, &adult, &secret, sent).await?)
}

/// Signs in and accepts the invitation. If that fails, the person is signed in.
async fn sign_in(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let (texts, secret) = (Texts::of(visit.language), form.link_secret());
    let started = match log_in(&service, client, sent.clone(), &form).await {
        Ok(started) => started,
        Err(error) => {
            let refused = Refused::SigningIn(Section::refused(form.clone(), error, texts)?);
            return offered(&service, client, &visit, secret, refused, Section::of(form)).await;
        }
    };
    let error = match join_as(&service, client, started.caller.clone(), sent, &form).await {
        Ok(joined) => return started_at(&joined, APP, &settings),
        Err(error) => error,
    };
    let refused = Refused::Accepting(Section::refused(form.clone(), error, texts)?);
    let visit = Visit { caller: Some(started.caller.clone()), ..visit };
    let mut response =
        offered(&service, client, &visit, secret, refused, Section::of(form)).await?;
    if let Some(cookie) = started_at(&started, APP, &settings)?.headers_mut().remove(SET_COOKIE) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn log_in(
    service: &Arc<Service>,
    client: Client,
    sent: SentSessions,
    form: &Form,
) -> Result<LoggedIn, ApiError> {
    let Login { email, password } = form.read()?;
    Ok(service.login(client.address, &email, password, sent).await?)
}

async fn sign_up(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    visit: Visit,
    sent: SentSessions,
    form: Form,
) -> Result<Response, ApiError> {
    let error = match join(&service, client, sent, &form).await {
        Ok(started) => return started_at(&started, APP, &settings),
        Err(error) => error,
    };
    let section = Section::refused(form.clone(), error, Texts::of(visit.language))?;
    let (secret, refused) = (form.link_secret(), Refused::SigningUp(section));
    offered(&service, client, &visit, secret, refused, Section::of(form)).await
}

async fn join(
    service: &Arc<Service>,
    client: Client,
    sent: SentSessions,
    form: &Form,
) -> Result<LoggedIn, ApiError> {
    let Signup { account, .. } = form.read()?;
    let secret = Token::presented(&form.link_secret());
    Ok(service.join(client.address, account, &secret, sent).await?)
}
