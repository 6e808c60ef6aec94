//! The hashes that werkzeug makes, and those that it doesn't make any more but still verifies.

use std::path::Path;

use goldstar::domain::password::verify;
use serde_json::json;

use crate::harness::{Folders, Settings, TestServer, log_in, python};

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
async fn every_method_of_werkzeug_lets_in() {
    let password = "żółw i kot";
    let methods = METHODS.map(Path::new);
    let output = python("hash_password.py", &methods, password);
    let mut hashes: Vec<String> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(hashes.len(), METHODS.len());
    // Without what is werkzeug's default anyway.
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
