//! Lists, which are returned in pages.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::Page;
use crate::http::openapi::schemas;
use crate::http::response::json::List;
use crate::service::Listing;

/// A type whose values are returned in pages.
pub(crate) trait ListItem: ToSchema {
    /// The field that contains the list: `tasks`.
    const FIELD: &'static str;

    /// Adds what a page contains beside the list.
    fn complete(page: ObjectBuilder) -> ObjectBuilder {
        page
    }
}

/// A page of a list: `{"tasks": […], "total": 3, "limit": 500, "offset": 0}`.
pub(crate) struct PageOf<B> {
    records: Vec<B>,
    page: PageBody,
}

impl<B> PageOf<B> {
    /// The requested page, with each record as a `B`.
    pub(crate) fn new<T>(page: Page, listing: Listing<T>, body: impl FnMut(T) -> B) -> Self {
        let page = PageBody::new(page, listing.total);
        Self { records: listing.map(body).records, page }
    }
}

impl<B: ListItem> From<PageOf<B>> for List<B> {
    fn from(PageOf { records, page }: PageOf<B>) -> Self {
        Self { head: format!(r#"{{"{}":["#, B::FIELD), records, tail: page.tail() }
    }
}

impl<B: ListItem> PartialSchema for PageOf<B> {
    fn schema() -> RefOr<Schema> {
        let records = ArrayBuilder::new().items(Ref::from_schema_name(B::name()));
        let list = ObjectBuilder::new().schema_type(Type::Object).property(B::FIELD, records);
        let page = AllOfBuilder::new().item(Ref::from_schema_name(PageBody::name()));
        let about = "One page of a list.";
        let list = B::complete(list.required(B::FIELD));
        Schema::from(page.item(list).description(Some(about))).into()
    }
}

impl<B: ListItem> ToSchema for PageOf<B> {
    fn name() -> Cow<'static, str> {
        format!("{}List", B::name()).into()
    }

    fn schemas(schemas: &mut schemas::Named) {
        schemas::add::<B>(schemas);
        schemas::add::<PageBody>(schemas);
    }
}

/// Which page it is. Its fields follow the list.
#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
pub(crate) struct PageBody {
    /// The number of records on all pages.
    total: usize,
    /// The most records that this page can have.
    #[schema(minimum = 1, maximum = 500)]
    limit: usize,
    /// The number of records that precede this page.
    offset: usize,
}

impl PageBody {
    pub(crate) fn new(page: Page, total: usize) -> Self {
        Self { total, limit: page.limit, offset: page.offset }
    }

    /// The JSON text that follows the last record.
    pub(crate) fn tail(&self) -> String {
        self.tail_with("")
    }

    /// The same with further members, each of which begins with a comma.
    pub(crate) fn tail_with(&self, members: &str) -> String {
        let Self { total, limit, offset } = self;
        format!(r#"]{members},"total":{total},"limit":{limit},"offset":{offset}}}"#)
    }
}
