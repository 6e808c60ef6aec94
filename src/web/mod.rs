//! Floor 4b, above `http`: pages in HTML for families and administrators. They call the service as the JSON API does, and
//! show what it returns. The browser needs no script: each change is a form, and the response to it is a redirect. A
//! script only keeps pages up to date.
//!
//! | module | content |
//! | --- | --- |
//! | `visit` | who requests a page, in which language and colours |
//! | `form` | the fields of a form, read by the same rules as JSON bodies |
//! | `section` | a form that was not accepted, to show it again |
//! | `filters` | the filters of a list, in an address |
//! | `layout` | what all pages have in common |
//! | `texts` | the texts, one file per language |
//! | `assets` | style sheet, scripts and pictures |
//! | `pages` | one file per page |

mod assets;
mod errors;
mod filters;
mod form;
mod layout;
mod links;
mod pages;
mod section;
mod texts;
mod views;
mod visit;

use axum::Router;

use crate::http::Pages;

/// All pages.
pub fn pages() -> Pages {
    let routes = Router::new().merge(assets::routes()).merge(pages::routes());
    Pages { routes, error: |state, headers, error| Box::pin(errors::page(state, headers, error)) }
}
