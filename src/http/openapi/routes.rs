//! Collects routes, and their parts of the OpenAPI document.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::http::state::AppState;

pub(crate) struct Routes {
    collected: OpenApiRouter<AppState>,
    has_document: bool,
}

impl Routes {
    /// For a server, which rarely needs the document: it takes more memory than the rest of an idle server,
    /// in small pieces, which the allocator could not return to the system later.
    pub(crate) fn without_document() -> Self {
        Self { collected: OpenApiRouter::default(), has_document: false }
    }

    /// `base` is the document without routes.
    pub(crate) fn with_document(base: OpenApi) -> Self {
        Self { collected: OpenApiRouter::with_openapi(base), has_document: true }
    }

    pub(crate) fn routes(self, added: UtoipaMethodRouter<AppState>) -> Self {
        let mut collected = self.collected.routes(added);
        if !self.has_document {
            drop(collected.to_openapi());
        }
        Self { collected, ..self }
    }

    pub(crate) fn into_router(self) -> Router<AppState> {
        self.collected.into()
    }

    pub(crate) fn into_document(self) -> OpenApi {
        self.collected.into_openapi()
    }
}
