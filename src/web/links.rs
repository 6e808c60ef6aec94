//! The addresses of pages.

use url::form_urlencoded;

pub(super) const APP: &str = "/app";
pub(super) const CHILD: &str = "/app/child";
pub(super) const CONSOLE: &str = "/console";
pub(super) const TASKS: &str = "/app/tasks";
pub(super) const REWARDS: &str = "/app/rewards";
pub(super) const BADGES: &str = "/app/badges";
pub(super) const WEEK: &str = "/app/week";
pub(super) const FAMILY: &str = "/app/family";
pub(super) const SIGN_IN: &str = "/sign-in";

/// The page of an account in the console. Older files can have ids of any form.
pub(super) fn account_page(id: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("/console/accounts/{}", encoded.replace('+', "%20"))
}

/// The address to continue at, from a form or a query: a page of this server, or the family's.
pub(super) fn next(wanted: Option<&str>) -> &str {
    let is_own = |address: &&str| {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let mut segments = path.split('/').skip(1);
        path.starts_with('/')
            && segments.all(|it| !it.is_empty() && it != "..")
            && [APP, CONSOLE, "/pair", "/invitation"].iter().any(|page| {
                path.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
            && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    wanted.filter(is_own).unwrap_or(APP)
}

/// An address with parameters.
pub(super) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_continued_at() {
        for own in ["/app", "/app/children/1?page=2", "/console/accounts", "/pair?code=BCDF-GHJK"] {
            assert_eq!(next(Some(own)), own);
        }
        for other in [
            "//evil.example.org",
            "/app//evil.example.org",
            "https://evil.example.org/app",
            "/\\evil.example.org",
            "/app\\evil",
            "/app/../sign-in",
            "/apples",
            "/auth/logout",
            "app",
            "",
        ] {
            assert_eq!(next(Some(other)), APP, "{other}");
        }
        assert_eq!(next(None), APP);
    }
}
