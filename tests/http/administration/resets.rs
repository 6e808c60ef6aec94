//! Links to reset a password.

use futures_util::future::join_all;
use goldstar::config::Config;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Client, DAY, Hand, PASSWORD, Settings, TestServer, assert_error, log_in, text,
};

const NEW: &str = "wrong horse, new battery";

/// The secret of a new link to an account.
async fn secret(admin: &Client, id: &str) -> String {
    let created = admin.act(&format!("/admin/accounts/{id}/reset-link")).await.expect(201);
    let link = text(&created["link"]);
    let secret = link.strip_prefix("/reset#").unwrap();
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{link}");
    secret.to_owned()
}

async fn reset(client: &Client, secret: &str, password: &str) -> Answer {
    client.post("/auth/reset", json!({"secret": secret, "new_password": password})).await
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_ends_all_sessions_and_links() {
    let mut server = TestServer::start().await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    let (used, other) = (secret(&admin, &paula.id).await, secret(&admin, &paula.id).await);
    let mut stream = paula.events("/events").await;
    let sessions = paula.get("/auth/sessions").await.expect(200);
    assert_eq!(sessions["total"], 1, "a link is no session");
    let details = admin.get(&format!("/admin/accounts/{}", paula.id)).await.expect(200);
    assert_eq!(details["sessions"], 1);
    let export = paula.get("/account/export").await;
    assert!(!export.text.contains(&used), "{}", export.text);
    let links: Vec<bool> = export.body["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|session| session["is_reset_link"].as_bool().unwrap())
        .collect();
    assert_eq!(links, [false, true, true]);
    for file in ["sessions.json", "journal"] {
        let text = format!("{:?}", std::fs::read(server.folders.data_file(file)));
        assert!(!text.contains(&used), "{file}");
    }

    server.restart().await;
    reset(&server.nobody(), &used, NEW).await.expect(204);
    stream.assert_end().await;
    assert_error(&paula.get("/children").await, 401, "UNAUTHENTICATED");
    assert_error(
        &log_in(&server.nobody(), &paula.email, PASSWORD).await,
        401,
        "INVALID_CREDENTIALS",
    );
    log_in(&server.nobody(), &paula.email, NEW).await.expect(200);
    // A used, an ended and an unknown link have the same response.
    let answers = [
        reset(&server.nobody(), &used, PASSWORD).await,
        reset(&server.nobody(), &other, PASSWORD).await,
        reset(&server.nobody(), &"0".repeat(64), PASSWORD).await,
        reset(&server.nobody(), "", PASSWORD).await,
    ];
    for answer in &answers {
        assert_error(answer, 403, "INVALID_RESET_LINK");
        assert_eq!(answer.text, answers[0].text);
    }
    // Neither is a link a session.
    let request = server.nobody().request(reqwest::Method::GET, "/auth/me").bearer_auth(&other);
    assert_error(&crate::harness::send(request).await, 401, "UNAUTHENTICATED");
    assert_error(&reset(&server.nobody(), &other, "short").await, 400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn of_parallel_uses_one_succeeds() {
    let server = TestServer::start().await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    let secret = secret(&admin, &paula.id).await;
    let uses = (0..8).map(|n| {
        let (client, secret) = (server.nobody(), secret.clone());
        async move {
            let password = format!("new password {n}");
            (reset(&client, &secret, &password).await, password)
        }
    });
    let mut valid = Vec::new();
    for (answer, password) in join_all(uses).await {
        if answer.status == 204 {
            valid.push(password);
        } else {
            assert_error(&answer, 403, "INVALID_RESET_LINK");
        }
    }
    assert_eq!(valid.len(), 1, "{valid:?}");
    log_in(&server.nobody(), &paula.email, &valid[0]).await.expect(200);
}

#[tokio::test]
async fn a_link_ends_after_a_day_and_a_sixth_one_ends_the_first() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    let mut secrets = Vec::new();
    for _ in 0..6 {
        secrets.push(secret(&admin, &paula.id).await);
        clock.forward(1);
    }
    assert_error(&reset(&server.nobody(), &secrets[0], NEW).await, 403, "INVALID_RESET_LINK");
    reset(&server.nobody(), &secrets[1], NEW).await.expect(204);
    let late = secret(&admin, &paula.id).await;
    clock.forward(DAY);
    assert_error(&reset(&server.nobody(), &late, PASSWORD).await, 403, "INVALID_RESET_LINK");
    log_in(&server.nobody(), &paula.email, NEW).await.expect(200);
}

#[tokio::test]
async fn what_ends_the_sessions_of_an_account_ends_its_links() {
    let server = TestServer::start().await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    let ended = secret(&admin, &paula.id).await;
    let path = |action: &str| format!("/admin/accounts/{}{action}", paula.id);
    admin.act(&path("/end-sessions")).await.expect(204);
    assert_error(&reset(&server.nobody(), &ended, NEW).await, 403, "INVALID_RESET_LINK");

    // The owner of a marked account that has forgotten the password can still restore it.
    admin.act(&path("/mark-for-deletion")).await.expect(202);
    let marked = secret(&admin, &paula.id).await;
    reset(&server.nobody(), &marked, NEW).await.expect(204);
    let login = log_in(&server.nobody(), &paula.email, NEW).await;
    assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    let credentials = json!({"email": paula.email, "password": NEW});
    server.nobody().post("/auth/restore", credentials).await.expect(200);

    let lost = secret(&admin, &paula.id).await;
    admin.delete(&path("")).await.expect(200);
    assert_error(&reset(&server.nobody(), &lost, NEW).await, 403, "INVALID_RESET_LINK");
    assert_error(&admin.act(&path("/reset-link")).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_link_begins_with_the_public_address_and_guesses_are_limited() {
    let configure = |config: &mut Config| {
        config.http.public_origin = goldstar::http::Origin::parse("https://chores.example.org");
        config.service.logins.per_address = 5;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    let created = admin.act(&format!("/admin/accounts/{}/reset-link", paula.id)).await.expect(201);
    assert!(text(&created["link"]).starts_with("https://chores.example.org/reset#"), "{created}");
    let guesses = join_all((0..6).map(|_| async { reset(&server.nobody(), "guess", NEW).await }));
    let limited: Vec<Answer> =
        guesses.await.into_iter().filter(|answer| answer.status == 429).collect();
    assert!(!limited.is_empty());
    let body: &Value = &assert_error(&limited[0], 429, "TOO_MANY_ATTEMPTS");
    assert!(body.is_object());
}
