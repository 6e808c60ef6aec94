//! Everything that is stored about an account, as one JSON document.

mod bodies;

use std::borrow::Cow;
use std::sync::Arc;
use std::vec::IntoIter;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use bodies::{EndedBody, KeyBody, MarkBody, MessageBody, MessageFields, SessionBody};

use crate::domain::calendar::Zone;
use crate::domain::{PendingReward, PendingTask, Reward, Task, Timestamp};
use crate::http::error::ApiError;
use crate::http::openapi::{Errors, TrackingEvent, schemas, tags};
use crate::http::resources::badges::AwardBody;
use crate::http::resources::calendar_feeds::FeedBody;
use crate::http::resources::exports::{ExportErrors, date, file};
use crate::http::resources::family::SettingsBody;
use crate::http::resources::members::MemberBody;
use crate::http::resources::records::{Iso, RecordBody};
use crate::http::resources::tokens::TokenBody;
use crate::http::resources::users::{AccountBody, UserFields};
use crate::http::resources::webhook_deliveries::DeliveryBody;
use crate::http::resources::webhooks::WebhookBody;
use crate::http::response::json;
use crate::http::response::pieces::{PIECE, Source};
use crate::service::{
    AccountExport, Adult, BadgeState, ChildState, ExportedEvents, Service, ServiceError,
};
use crate::store::FamilyRecords;

/// Export everything about the account
///
/// Everything that Goldstar stores about the account and its family, as one JSON document: the response to a data
/// access request. It lacks the hash of the password, the tokens of sessions, the secrets of webhooks and API tokens, and fields of older files that may be
/// secret. An account can have one export at a time. If the body ends without its last chunk, the document is not
/// complete.
#[utoipa::path(
    get,
    path = "/account/export",
    operation_id = "exportAccount",
    tag = tags::ACCOUNT,
    responses(
        (
            status = 200,
            description = "The document",
            body = AccountDocument,
            headers(("Content-Disposition" = String, description = "`attachment`, with the name of the file."))
        ),
        Errors<Adult, ExportErrors>
    )
)]
pub(crate) async fn export(
    State(service): State<Arc<Service>>,
    adult: Adult,
) -> Result<Response, ApiError> {
    let export = service.export_account(&adult).await?;
    let name = format!("goldstar-account-{}.json", date(export.events.started_at()));
    let document = AccountDocument::new(export);
    Ok(file(document, Some(json::reader(&service, &adult)), "application/json", &name))
}

/// The document. It is written while it is sent.
pub(crate) struct AccountDocument {
    records: IntoIter<Part>,
    events: ExportedEvents,
    /// The text before the next event; `None` at the end.
    separator: Option<&'static str>,
}

/// Appends a part of the document.
type Part = Box<dyn FnOnce(&mut Vec<u8>) -> serde_json::Result<()> + Send>;

impl AccountDocument {
    fn new(export: AccountExport) -> Self {
        let AccountExport {
            records,
            tokens,
            children,
            default_zone,
            badges,
            awards,
            marks,
            deliveries,
            messages,
            events,
        } = export;
        let mut parts = parts(records, children, &default_zone, events.started_at());
        items(&mut parts, ",\"api_tokens\":[", tokens, |out, token| {
            serde_json::to_writer(out, &TokenBody::from(token))
        });
        list(&mut parts, ",\"badges\":[", badges, RecordBody);
        list(&mut parts, ",\"awards\":[", awards, |it| AwardBody::from(&*it));
        list(&mut parts, ",\"schedule_marks\":[", marks, |it| MarkBody::from(&*it));
        list(&mut parts, ",\"webhook_deliveries\":[", deliveries, DeliveryBody::from);
        list(&mut parts, ",\"messages\":[", messages, MessageBody);
        text(&mut parts, ",\"tracking_events\":[");
        Self { records: parts.into_iter(), events, separator: Some("") }
    }
}

impl Source for AccountDocument {
    async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        let mut piece = Vec::new();
        for part in self.records.by_ref() {
            part(&mut piece).map_err(ServiceError::internal)?;
            if piece.len() >= PIECE {
                return Ok(piece);
            }
        }
        if let Some(mut separator) = self.separator.take() {
            let events = self.events.read().await?;
            for event in &events {
                piece.extend_from_slice(separator.as_bytes());
                piece.extend_from_slice(event.as_bytes());
                separator = ",";
            }
            if events.is_empty() {
                piece.extend_from_slice(b"]}");
            } else {
                self.separator = Some(separator);
            }
        }
        Ok(piece)
    }
}

/// The parts before the badges.
fn parts(
    records: FamilyRecords,
    children: Vec<Arc<ChildState>>,
    default_zone: &Zone,
    exported_at: Timestamp,
) -> Vec<Part> {
    // Names every field, so that a new kind of record does not compile without its place in the document.
    let FamilyRecords {
        account,
        sessions,
        children: _,
        tasks,
        rewards,
        pending,
        pending_tasks,
        ended,
        badges: _,
        feeds,
        webhooks,
        members,
        idempotency,
    } = records;
    let mut parts = Vec::new();
    text(&mut parts, "{\"exported_at\":");
    value(&mut parts, Iso(exported_at));
    text(&mut parts, ",\"family_settings\":");
    value(&mut parts, account.as_ref().map(|user| SettingsBody::of(user, default_zone)));
    text(&mut parts, ",\"account\":");
    value(&mut parts, account.map(AccountBody));
    list(&mut parts, ",\"children\":[", children, RecordBody);
    list(&mut parts, ",\"tasks\":[", tasks, RecordBody);
    list(&mut parts, ",\"rewards\":[", rewards, RecordBody);
    list(&mut parts, ",\"pending_rewards\":[", pending, RecordBody);
    list(&mut parts, ",\"pending_tasks\":[", pending_tasks, RecordBody);
    list(&mut parts, ",\"ended_requests\":[", ended, |it| EndedBody::from(&*it));
    list(&mut parts, ",\"sessions\":[", sessions, |it| SessionBody::from(&*it));
    list(&mut parts, ",\"calendar_feeds\":[", feeds, FeedBody::from);
    list(&mut parts, ",\"webhooks\":[", webhooks, WebhookBody::from);
    list(&mut parts, ",\"members\":[", members, MemberBody::from);
    list(&mut parts, ",\"idempotency_keys\":[", idempotency, |it| KeyBody::from(&*it));
    parts
}

fn text(parts: &mut Vec<Part>, text: &'static str) {
    parts.push(Box::new(move |out| {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }));
}

fn value(parts: &mut Vec<Part>, value: impl Serialize + Send + 'static) {
    parts.push(Box::new(move |out| serde_json::to_writer(out, &value)));
}

/// Adds a list. Its records are serialized when they are sent.
fn list<R: Send + Sync + 'static, B: Serialize + 'static>(
    parts: &mut Vec<Part>,
    head: &'static str,
    records: Vec<Arc<R>>,
    body: fn(Arc<R>) -> B,
) {
    items(parts, head, records, move |out, record| serde_json::to_writer(out, &body(record)));
}

fn items<R: Send + 'static>(
    parts: &mut Vec<Part>,
    head: &'static str,
    records: Vec<R>,
    write: impl Fn(&mut Vec<u8>, R) -> serde_json::Result<()> + Copy + Send + 'static,
) {
    text(parts, head);
    for (place, record) in records.into_iter().enumerate() {
        if place > 0 {
            text(parts, ",");
        }
        parts.push(Box::new(move |out| write(out, record)));
    }
    text(parts, "]");
}

impl PartialSchema for AccountDocument {
    fn schema() -> RefOr<Schema> {
        fn list<T: ToSchema>() -> RefOr<Schema> {
            ArrayBuilder::new().items(Ref::from_schema_name(T::name())).into()
        }
        let account: RefOr<Schema> = Ref::from_schema_name(UserFields::name()).into();
        let records = [
            ("exported_at", schemas::moment().into()),
            ("family_settings", Ref::from_schema_name(SettingsBody::name()).into()),
            ("account", account),
            ("children", list::<RecordBody<ChildState>>()),
            ("tasks", list::<RecordBody<Task>>()),
            ("rewards", list::<RecordBody<Reward>>()),
            ("pending_rewards", list::<RecordBody<PendingReward>>()),
            ("pending_tasks", list::<RecordBody<PendingTask>>()),
            ("ended_requests", list::<EndedBody>()),
        ];
        let others = [
            ("sessions", list::<SessionBody>()),
            ("calendar_feeds", list::<FeedBody>()),
            ("webhooks", list::<WebhookBody>()),
            ("members", list::<MemberBody>()),
            ("idempotency_keys", list::<KeyBody>()),
            ("api_tokens", list::<TokenBody>()),
            ("badges", list::<RecordBody<BadgeState>>()),
            ("awards", list::<AwardBody>()),
            ("schedule_marks", list::<MarkBody>()),
            ("webhook_deliveries", list::<DeliveryBody>()),
            ("messages", list::<MessageFields<'_>>()),
            ("tracking_events", list::<TrackingEvent>()),
        ];
        let about = "Everything that is stored about an account. Programs that read it must accept further fields.";
        let document = ObjectBuilder::new().schema_type(Type::Object).description(Some(about));
        let document =
            records.into_iter().chain(others).fold(document, |document, (name, schema)| {
                document.property(name, schema).required(name)
            });
        document.into()
    }
}

impl ToSchema for AccountDocument {
    fn name() -> Cow<'static, str> {
        "AccountExport".into()
    }

    fn schemas(schemas: &mut schemas::Named) {
        schemas::add::<SettingsBody>(schemas);
        schemas::add::<UserFields<'_>>(schemas);
        schemas::add::<RecordBody<ChildState>>(schemas);
        schemas::add::<RecordBody<Task>>(schemas);
        schemas::add::<RecordBody<Reward>>(schemas);
        schemas::add::<RecordBody<PendingReward>>(schemas);
        schemas::add::<RecordBody<PendingTask>>(schemas);
        schemas::add::<EndedBody>(schemas);
        schemas::add::<SessionBody>(schemas);
        schemas::add::<FeedBody>(schemas);
        schemas::add::<WebhookBody>(schemas);
        schemas::add::<DeliveryBody>(schemas);
        schemas::add::<MemberBody>(schemas);
        schemas::add::<KeyBody>(schemas);
        schemas::add::<TokenBody>(schemas);
        schemas::add::<RecordBody<BadgeState>>(schemas);
        schemas::add::<AwardBody>(schemas);
        schemas::add::<MarkBody>(schemas);
        schemas::add::<MessageFields<'_>>(schemas);
        schemas::add::<TrackingEvent>(schemas);
    }
}
