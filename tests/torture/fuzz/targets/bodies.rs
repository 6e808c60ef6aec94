//! A request with a body, as it is sent.

use std::cell::RefCell;

use axum::body::Body;
use axum::http::Request;
use goldstar::repair::FindingKind;

use super::family::Server;

/// The routes that check a password.
const TRIES: [&str; 5] =
    ["/auth/signup", "/auth/login", "/auth/restore", "/auth/password", "/user/mark-for-deletion"];

thread_local! {
    static SERVER: RefCell<Option<Server>> = const { RefCell::new(None) };
}

/// An error changes no byte of any file. After a success, a check finds no fault in the files.
/// Every response agrees with the table of errors.
pub(crate) fn bodies(bytes: &[u8]) {
    let Some(request) = parse(bytes) else { return };
    // A server without changes is used for the next input, too.
    let server = SERVER.take().unwrap_or_else(Server::start);
    if TRIES.iter().any(|route| request.uri().path().ends_with(route)) {
        server.use_up_attempts();
    }
    let before = server.directory.files();
    let answer = server.send(request);
    let is_unchanged = server.directory.files() == before;
    if let Some(code) = answer.refusal() {
        assert!(is_unchanged, "{code:?}, and something has changed");
    }
    if is_unchanged {
        SERVER.set(Some(server));
        return;
    }
    let directory = server.stop();
    let kinds: Vec<FindingKind> = directory.check().into_iter().map(|found| found.kind).collect();
    assert_eq!(kinds, []);
}

/// The request of a head, an empty line and a body; `None` if it is not valid.
fn parse(bytes: &[u8]) -> Option<Request<Body>> {
    let end = memchr::memmem::find(bytes, b"\n\n")?;
    let (head, body) = (str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]);
    let mut lines = head.split('\n');
    // A response to `HEAD` has no body that could be checked.
    let (method, uri) = lines.next()?.split_once(' ').filter(|(method, _)| *method != "HEAD")?;
    let mut request = Request::builder().method(method).uri(uri).header("Host", "localhost");
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_owned())).ok()
}
