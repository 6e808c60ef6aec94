use std::io;
use std::net::IpAddr;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A resolver that gives one answer after the other, and then none.
#[derive(Debug, Default)]
struct Answers(Mutex<Vec<Vec<IpAddr>>>);

impl Answers {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |text: &&str| text.parse().unwrap();
        let answers = answers.iter().rev().map(|it| it.iter().map(parse).collect());
        Arc::new(Self(Mutex::new(answers.collect())))
    }
}

impl Resolve for Answers {
    fn resolve(&self, _: &str) -> Resolved {
        let answer = self.0.lock().pop();
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn allowed(entries: &[&str]) -> AllowedHosts {
    let mut allowed = AllowedHosts::default();
    assert!(entries.iter().all(|entry| allowed.add(entry)));
    allowed
}

fn message() -> SignedMessage {
    SignedMessage {
        id: "msg_x".into(),
        timestamp: 1_614_265_330,
        signatures: "v1,a v1,b".to_owned(),
        body: "{}".to_owned(),
    }
}

async fn send(resolver: Arc<dyn Resolve>, url: &str, allowed: &AllowedHosts) -> Answer {
    let target = Target::from_stored(url).unwrap();
    Sender::new(resolver).send(&target, allowed, message).await
}

fn failed(error: SendError) -> Answer {
    error.into()
}

/// A receiver that answers each connection with a text, and the request that it has received first.
async fn receiver(answer: impl Into<Vec<u8>>) -> (u16, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = answer.into();
    let received = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        // The sender may stop reading.
        stream.write_all(&answer).await.unwrap_or_default();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (port, received)
}

const NO_CONTENT: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn a_message_has_its_headers() {
    let (port, received) = receiver(NO_CONTENT).await;
    let url = format!("http://home.local:{port}/hook?key=1");
    let resolver = Answers::new(&[&["127.0.0.1"]]);
    let answer = send(resolver, &url, &allowed(&["home.local"])).await;
    assert_eq!(answer, Answer { outcome: Outcome::Status(204), retry_after: None });
    let request = received.await.unwrap();
    for part in [
        "POST /hook?key=1 HTTP/1.1\r\n",
        &format!("host: home.local:{port}\r\n"),
        "content-type: application/json\r\n",
        "webhook-id: msg_x\r\n",
        "webhook-timestamp: 1614265330\r\n",
        "webhook-signature: v1,a v1,b\r\n",
        "\r\n\r\n{}",
    ] {
        assert!(request.contains(part), "{part}: {request}");
    }
}

#[tokio::test]
async fn every_address_of_a_name_is_checked() {
    let public = allowed(&[]);
    for answer in [
        &["127.0.0.1"][..],
        &["192.168.1.1"],
        &["169.254.169.254"],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["64:ff9b::7f00:1"],
        &["1.1.1.1", "10.0.0.1"],
        &["fd00::1", "2606:4700::1111"],
    ] {
        let sent = send(Answers::new(&[answer]), "https://rebound.example/", &public).await;
        assert_eq!(sent, failed(SendError::Forbidden), "{answer:?}");
    }
    let none = send(Answers::new(&[&[]]), "https://rebound.example/", &public).await;
    assert_eq!(none, failed(SendError::Unresolved));
    let unknown = send(Answers::new(&[]), "https://rebound.example/", &public).await;
    assert_eq!(unknown, failed(SendError::Unresolved));
}

#[tokio::test]
async fn literal_addresses_are_checked_without_a_resolver() {
    for url in ["https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "http://1.1.1.1/"] {
        let sent = send(Answers::new(&[&["1.1.1.1"]]), url, &allowed(&[])).await;
        assert_eq!(sent, failed(SendError::Forbidden), "{url}");
    }
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_connected_to() {
    let (port, received) = receiver(NO_CONTENT).await;
    // A second look-up would find an address without a receiver.
    let resolver = Answers::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let url = format!("http://home.local:{port}/");
    let answer = send(Arc::<Answers>::clone(&resolver), &url, &allowed(&["home.local"])).await;
    assert_eq!(answer.outcome, Outcome::Status(204));
    received.await.unwrap();
    assert_eq!(resolver.0.lock().len(), 1, "the name was resolved once");
}

#[tokio::test]
async fn a_network_of_the_operator_permits_encrypted_connections_to_its_names() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://home.local:{}/", listener.local_addr().unwrap().port());
    let accept = tokio::spawn(async move { drop(listener.accept().await) });
    let answer = send(Answers::new(&[&["127.0.0.1"]]), &url, &allowed(&["127.0.0.0/8"])).await;
    // There was a connection, but it is not encrypted.
    assert_eq!(answer, failed(SendError::Tls));
    accept.await.unwrap();
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (elsewhere, _) = receiver(NO_CONTENT).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
    );
    let (port, _received) = receiver(redirect).await;
    let url = format!("http://127.0.0.1:{port}/");
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer.outcome, Outcome::Status(307));
    assert!(!answer.outcome.is_success());
}

#[tokio::test]
async fn the_header_retry_after_is_returned() {
    let text = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n";
    let (port, _received) = receiver(text).await;
    let url = format!("http://127.0.0.1:{port}/");
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer.outcome, Outcome::Status(429));
    assert_eq!(answer.retry_after.as_deref(), Some("120"));
}

#[tokio::test]
async fn the_size_of_an_answer_is_limited() {
    let body = "x".repeat(10 * MAX_ANSWER_BYTES);
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let (port, _received) = receiver(text).await;
    let url = format!("http://127.0.0.1:{port}/");
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer.outcome, Outcome::Status(200));
    let (port, _received) = receiver(format!("HTTP/1.1 200 OK\r\nX-Long: {body}\r\n\r\n")).await;
    let url = format!("http://127.0.0.1:{port}/");
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer, failed(SendError::Protocol));
}

#[tokio::test]
async fn what_is_not_http_and_what_nobody_serves_is_an_error() {
    let (port, _received) = receiver("SSH-2.0-OpenSSH\r\n").await;
    let url = format!("http://127.0.0.1:{port}/");
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer, failed(SendError::Protocol));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    drop(listener);
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer, failed(SendError::Unreachable));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_does_not_answer_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://127.0.0.1:{}/", listener.local_addr().unwrap().port());
    let start = Instant::now();
    let answer = send(Arc::new(SystemResolver), &url, &allowed(&["127.0.0.1"])).await;
    assert_eq!(answer, failed(SendError::Timeout));
    assert!(start.elapsed() >= TIMEOUT && start.elapsed() < 2 * TIMEOUT);
}
