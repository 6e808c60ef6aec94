//! The hashes that werkzeug creates, and older ones that it still verifies.

use std::path::Path;

use goldstar::domain::password::verify;
use serde_json::json;

use crate::harness::{Folders, Settings, TestServer, hash_as_for_users, log_in, python};

const METHODS: [&str; 8] = [
    "scrypt",
    "scrypt:1024:4:2",
    "pbkdf2",
    "pbkdf2:sha256:2",
    "pbkdf2:sha1:1000",
    "pbkdf2:sha224:1000",
    "pbkdf2:sha384:1000",
    "pbkdf2:sha512:1000",
];

#[tokio::test]
async fn hashes_of_every_method_of_werkzeug_are_accepted() {
    let password = "żółw i kot";
    let methods = METHODS.map(Path::new);
    let output = python("hash_password.py", &methods, password);
    let mut hashes: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(hashes.len(), METHODS.len());
    // Without the parameters that have werkzeug's defaults.
    for (long, short) in
        [("scrypt:32768:8:1$", "scrypt$"), ("pbkdf2:sha256:1000000$", "pbkdf2:sha256$")]
    {
        let of_default = hashes.iter().find(|hash| hash.starts_with(long)).unwrap();
        hashes.push(of_default.replace(long, short));
    }
    let users = hashes.iter().zip(1..).map(|(hash, n)| {
        let email = format!("user{n}@example.org");
        (n.to_string(), json!({"id": format!("u{n}"), "email": email, "password": hash}))
    });
    let users: serde_json::Map<_, _> = users.collect();
    let folders = Folders::new();
    folders.put("users.json", &json!({"_default": users}).to_string());

    let server = TestServer::on(folders, Settings::default()).await;
    for (hash, n) in hashes.iter().zip(1..) {
        let email = format!("user{n}@example.org");
        let answer = log_in(&server.nobody(), &email, password).await;
        assert_eq!(answer.status, 200, "{hash}");
        assert!(!verify(hash, "another password"), "{hash}");
    }
}

/// Both take more than four times as long as a new hash.
const EXPENSIVE: [&str; 2] = ["scrypt:1024:8:400", "pbkdf2:sha256:2000001"];

#[tokio::test]
async fn an_expensive_hash_is_replaced_at_a_login_by_one_that_werkzeug_verifies() {
    // Shorter than a new password may be.
    let password = "żół";
    let output = python("hash_password.py", &EXPENSIVE.map(Path::new), password);
    let hashes = String::from_utf8(output.stdout).unwrap();
    let users = hashes.lines().zip(1..).map(|(hash, n)| {
        let email = format!("user{n}@example.org");
        let user = json!({
            "id": format!("u{n}"), "email": email, "password": hash, "theme": "dark",
            "created_at": 1.5, "updated_at": 2.5,
        });
        (n.to_string(), user)
    });
    let users: serde_json::Map<_, _> = users.collect();
    assert_eq!(users.len(), EXPENSIVE.len());
    let folders = Folders::new();
    folders.put("users.json", &json!({"_default": users}).to_string());

    let settings = Settings { configure: hash_as_for_users, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    for n in 1..=EXPENSIVE.len() {
        let email = format!("user{n}@example.org");
        let (one, other) = (server.nobody(), server.nobody());
        assert_eq!(log_in(&one, &email, "wrong password").await.status, 401);
        // Two logins verify the hash at the same time; the first of them replaces it.
        let both = tokio::join!(log_in(&one, &email, password), log_in(&other, &email, password));
        assert_eq!((both.0.status, both.1.status), (200, 200), "{}", EXPENSIVE[n - 1]);
        assert_eq!(log_in(&one, &email, password).await.status, 200);
    }
    server.stop().await;
    for (n, before) in users.values().enumerate() {
        let mut after = server.folders.record("users.json", &format!("u{}", n + 1));
        let hash = after["password"].as_str().unwrap().to_owned();
        assert!(hash.starts_with("scrypt:32768:8:3$"), "{hash}");
        let check =
            |password: &str| python("check_password.py", &[], &format!("{hash}\n{password}"));
        assert!(check(password).status.success(), "{hash}");
        assert!(!check("another").status.success(), "{hash}");
        after["password"] = before["password"].clone();
        assert_eq!(after, *before, "nothing else changes");
    }
}
