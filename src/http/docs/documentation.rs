use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::OnceCell;
use utoipa_swagger_ui::Config;

use crate::http::error::ApiError;
use crate::http::response::files::File;
use crate::service::ServiceError;

/// The files of Swagger UI that the page loads.
const OF_SWAGGER_UI: [(&str, &str); 4] = [
    ("swagger-ui-bundle.js", JAVASCRIPT),
    ("swagger-ui.css", CSS),
    ("index.css", CSS),
    ("favicon-32x32.png", "image/png"),
];
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The page's own files.
const OWN: [(&str, &str, &str); 2] =
    [("page.js", JAVASCRIPT, include_str!("page.js")), ("page.css", CSS, include_str!("page.css"))];
/// The files that the routes of the documentation return.
pub(crate) struct Documentation {
    write_document: Arc<dyn Fn() -> String + Send + Sync>,
    /// Written when the first client needs it.
    document: OnceCell<File>,
    files: Vec<(&'static str, File)>,
}

impl Documentation {
    /// `write_document` returns the OpenAPI document in JSON.
    pub(crate) fn new(write_document: impl Fn() -> String + Send + Sync + 'static) -> Self {
        let of_swagger_ui = OF_SWAGGER_UI
            .into_iter()
            .filter_map(|(name, content_type)| Some((name, of_swagger_ui(name, content_type)?)));
        let own = OWN.into_iter().map(|(name, content_type, text)| {
            (name, File::new(content_type, Bytes::from_static(text.as_bytes())))
        });
        Self {
            write_document: Arc::new(write_document),
            document: OnceCell::new(),
            files: of_swagger_ui.chain(own).collect(),
        }
    }

    pub(crate) async fn document(&self) -> Result<&File, ApiError> {
        let write = async || {
            let write = Arc::clone(&self.write_document);
            let file = move || File::of_text("application/json", write().as_bytes());
            tokio::task::spawn_blocking(file).await.map_err(ServiceError::internal)
        };
        Ok(self.document.get_or_try_init(write).await?)
    }

    pub(crate) fn file(&self, wanted: &str) -> Option<&File> {
        self.files.iter().find(|(name, _)| *name == wanted).map(|(_, file)| file)
    }
}

/// The library contains its files in compressed form.
fn of_swagger_ui(name: &str, content_type: &'static str) -> Option<File> {
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from(""))).ok()??;
    // A borrowed file is a part of the binary and is not copied.
    let bytes = match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    Some(File::of_gzip(content_type, bytes))
}
