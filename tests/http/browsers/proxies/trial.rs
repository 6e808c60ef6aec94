//! The trial of MIGRATION.md: Goldstar on a copy and a stand-in for the Flask service on the
//! original, behind one proxy with the documented configuration.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::browser::{Answer, Browser};
use super::proxy::{Kind, Proxy, SITE, put};
use super::{ELSEWHERE, THERE};
use crate::harness::{Folders, Settings, TestServer, block_of, forbidden, python_command};

/// The site that the family already uses.
const FAMILY: &str = "family.example.org";

/// The first account of the example directory, its first child, and a task of 5 points.
const LOGIN: (&str, &str) = ("parent0@example.org", "correct horse 0");
const CHILD: &str = "c6f87718-6d76-407e-881e-d162ae2eb154";
const TASK: &str = "9531985d-5d9d-49f8-9818-e811892f902b";
/// The child's points in the example directory.
const POINTS: i64 = 63;

/// Stands in for the Flask service; it is killed when this is dropped.
struct FlaskService {
    child: Child,
    port: u16,
}

impl FlaskService {
    fn start(folders: &Folders) -> Self {
        let mut command = python_command("flask_stand_in.py");
        let mut child = command.arg(folders.data()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().parse().expect("TinyDB and werkzeug, by scripts/test") }
    }
}

impl Drop for FlaskService {
    fn drop(&mut self) {
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}

struct Trial {
    goldstar: TestServer,
    original: Folders,
    _flask: FlaskService,
    proxy: Proxy,
}

fn text(language: &str) -> String {
    block_of("MIGRATION.md", "## A trial behind one proxy", language, 0)
}

impl Trial {
    /// Both services with the documented configuration, except for addresses and folders; `None` if
    /// the proxy is not installed.
    async fn behind(kind: Kind) -> Option<Self> {
        if !kind.is_installed() {
            forbidden(&format!("a trial behind {kind:?}: it isn't installed"));
            return None;
        }
        let (original, copy) = (Folders::new(), Folders::new());
        original.put_flask_data();
        copy.put_flask_data();
        let flask = FlaskService::start(&original);
        fs::write(copy.root().join("goldstar.toml"), text("toml")).unwrap();
        let settings = Settings { binary: true, ..Settings::default() };
        let goldstar = TestServer::on(copy, settings).await;
        let configuration = match kind {
            Kind::Nginx => text("nginx"),
            Kind::Caddy => text("caddyfile"),
        };
        let configuration = put(
            configuration,
            &[
                ("127.0.0.1:5000", &format!("127.0.0.1:{}", flask.port)),
                ("127.0.0.1:5001", &goldstar.socket_address().to_string()),
                ("/var/www/family", "/var/www/goldstar"),
            ],
        );
        let proxy = Proxy::serve(kind, configuration, &[SITE, FAMILY]).await;
        Some(Self { goldstar, original, _flask: flask, proxy })
    }

    /// The family's browser, at its own address.
    fn browser(&self) -> Browser<'_> {
        Browser::new(&self.proxy, THERE).on(FAMILY)
    }

    /// The child's points in both directories, the original's first.
    async fn assert_points(&self, flask: i64, goldstar: i64) {
        let rows = self.original.rows("children.json");
        let row = rows.iter().find(|(_, row)| row["id"] == CHILD);
        assert_eq!(row.unwrap().1["points"], flask, "in the Flask service's directory");
        let browser = self.goldstar.nobody();
        let login = json!({"email": LOGIN.0, "password": LOGIN.1});
        browser.post("/auth/login", login).await.expect(200);
        let child = browser.get(&format!("/children/{CHILD}")).await.expect(200);
        assert_eq!(child["child"]["points"], goldstar, "in Goldstar's");
    }
}

fn log_in_to_flask(browser: &Browser<'_>) {
    let answer = browser.post("/api/login", &json!({"email": LOGIN.0, "password": LOGIN.1}));
    assert_eq!(answer.expect(200)["service"], "flask");
}

fn log_in_to_goldstar(browser: &Browser<'_>, api: &str) -> Answer {
    let login = json!({"email": LOGIN.0, "password": LOGIN.1});
    let answer = browser.post(&format!("{api}/auth/login"), &login);
    assert_eq!(answer.expect(200)["user"]["email"], LOGIN.0);
    answer
}

/// Both services have this path.
fn trigger(browser: &Browser<'_>, api: &str) -> Value {
    let path = format!("{api}/child/{CHILD}/trigger-task");
    browser.post(&path, &json!({"task_id": TASK})).expect(200)
}

async fn the_family_stays_where_it_was_behind(kind: Kind) {
    let Some(trial) = Trial::behind(kind).await else { return };
    let browser = trial.browser();
    assert_eq!(browser.get("/").text, "the front end\n");
    log_in_to_flask(&browser);
    assert_eq!(trigger(&browser, "/api"), json!({"service": "flask", "points": POINTS + 5}));
    assert_eq!(browser.get("/api/children").expect(200)["points"][CHILD], POINTS + 5);
    trial.assert_points(POINTS + 5, POINTS).await;
}

async fn by_host_behind(kind: Kind) {
    let Some(trial) = Trial::behind(kind).await else { return };
    let family = trial.browser();
    log_in_to_flask(&family);
    let tried = family.on(SITE);
    assert_eq!(tried.get("/").text, "the front end\n");
    let login = log_in_to_goldstar(&tried, "/api");
    assert!(login.header("set-cookie").ends_with("; Secure"), "{}", login.head);
    assert_ne!(login.header("x-request-id"), "");
    let mut stream = tried.events(None);
    for points in [POINTS + 5, POINTS + 10] {
        let event = trigger(&tried, "/api")["tracking_event"].clone();
        assert_eq!(event["points_after"], points);
        assert_eq!(stream.next().data["payload"]["tracking_event_id"], event["id"]);
    }
    assert_eq!(family.get("/api/children").expect(200)["points"][CHILD], POINTS);
    trial.assert_points(POINTS, POINTS + 10).await;
}

async fn by_path_behind(kind: Kind) {
    let Some(trial) = Trial::behind(kind).await else { return };
    let browser = trial.browser();
    log_in_to_flask(&browser);
    let login = log_in_to_goldstar(&browser, "/trial/api");
    assert!(login.header("set-cookie").contains("; Path=/trial/;"), "{}", login.head);
    let mut stream = browser.events_at("/trial/api/events");
    let event = trigger(&browser, "/trial/api")["tracking_event"].clone();
    assert_eq!(stream.next().data["payload"]["tracking_event_id"], event["id"]);
    // Neither session has replaced the other.
    assert_eq!(browser.get("/api/children").expect(200)["service"], "flask");
    assert_eq!(browser.get("/trial/api/auth/me").expect(200)["scope"], "admin");
    trial.assert_points(POINTS, POINTS + 5).await;
}

/// The pages come from the family's site: changes are accepted from it and from no other.
async fn the_familys_pages_may_ask_behind(kind: Kind) {
    let Some(trial) = Trial::behind(kind).await else { return };
    let browser = trial.browser();
    log_in_to_goldstar(&browser, "/trial/api");
    let path = format!("/trial/api/children/{CHILD}/tasks/{TASK}/activate");
    let from = |origin: &str| {
        let origin = format!("Origin: https://{origin}");
        browser.send(&path, &["-X", "POST", "-H", &origin])
    };
    from(FAMILY).expect(200);
    assert_eq!(from("elsewhere.example.org").expect(403)["code"], "FOREIGN_ORIGIN");
}

async fn by_cookie_behind(kind: Kind) {
    let Some(trial) = Trial::behind(kind).await else { return };
    let (browser, other) = (trial.browser(), Browser::new(&trial.proxy, ELSEWHERE).on(FAMILY));
    for browser in [&browser, &other] {
        log_in_to_flask(browser);
    }
    let on = browser.get("/trial/on");
    assert_eq!(on.status, 303, "{}", on.head);
    assert!(on.header("location").ends_with('/'), "{}", on.head);
    log_in_to_goldstar(&browser, "/api");
    let mut stream = browser.events(None);
    let event = trigger(&browser, "/api")["tracking_event"].clone();
    assert_eq!(stream.next().data["payload"]["tracking_event_id"], event["id"]);
    assert_eq!(other.get("/api/children").expect(200)["points"][CHILD], POINTS);

    assert_eq!(browser.get("/trial/off").status, 303);
    // Goldstar's cookie has replaced the Flask service's.
    assert_eq!(browser.get("/api/children").status, 401);
    log_in_to_flask(&browser);
    assert_eq!(browser.get("/api/children").expect(200)["points"][CHILD], POINTS);
    trial.assert_points(POINTS, POINTS + 5).await;
}

#[tokio::test]
async fn the_original_stays_unchanged_behind_nginx() {
    the_family_stays_where_it_was_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn the_original_stays_unchanged_behind_caddy() {
    the_family_stays_where_it_was_behind(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_chooses_the_service_by_host() {
    by_host_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_chooses_the_service_by_host() {
    by_host_behind(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_chooses_the_service_by_path() {
    by_path_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_chooses_the_service_by_path() {
    by_path_behind(Kind::Caddy).await;
}

#[tokio::test]
async fn pages_of_the_familys_site_work_behind_nginx() {
    the_familys_pages_may_ask_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn pages_of_the_familys_site_work_behind_caddy() {
    the_familys_pages_may_ask_behind(Kind::Caddy).await;
}

#[tokio::test]
async fn nginx_chooses_the_service_by_cookie() {
    by_cookie_behind(Kind::Nginx).await;
}

#[tokio::test]
async fn caddy_chooses_the_service_by_cookie() {
    by_cookie_behind(Kind::Caddy).await;
}
