use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use utoipa_swagger_ui::Config;

use crate::http::response::files::File;

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
    document: File,
    files: Vec<(&'static str, File)>,
}

impl Documentation {
    pub(crate) fn new(document: &str) -> Self {
        let of_swagger_ui = OF_SWAGGER_UI
            .into_iter()
            .filter_map(|(name, content_type)| Some((name, of_swagger_ui(name, content_type)?)));
        let own = OWN.into_iter().map(|(name, content_type, text)| {
            (name, File::new(content_type, Bytes::from_static(text.as_bytes())))
        });
        Self {
            document: File::of_text("application/json", document.as_bytes()),
            files: of_swagger_ui.chain(own).collect(),
        }
    }

    pub(crate) fn document(&self) -> &File {
        &self.document
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
