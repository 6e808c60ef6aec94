//! An HTTP client that keeps its cookies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::{DEADLINE, Events};

/// The address of a server. It changes with a restart, and the clients use the new one.
pub(crate) type Address = Arc<Mutex<String>>;

/// One browser.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: Address,
}

/// The response to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// The body if it is JSON, otherwise null.
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(address: Address) -> Self {
        Self::from(None, address)
    }

    /// A client whose connections come from that address of this machine.
    pub(crate) fn from(own: Option<Ipv4Addr>, address: Address) -> Self {
        let http = reqwest::Client::builder()
            .local_address(own.map(IpAddr::V4))
            .cookie_store(true)
            .timeout(DEADLINE)
            // Another proxy in the environment cannot reach the test's server.
            .no_proxy()
            .build()
            .unwrap();
        Self { http, address }
    }

    /// The same browser, with its session, for another server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        let address = Arc::new(Mutex::new(format!("http://{address}")));
        Self { http: self.http.clone(), address }
    }

    /// The same browser, with its session, for the server of another one, also after its restart.
    pub(crate) fn beside(&self, other: &Self) -> Self {
        Self { http: self.http.clone(), address: Arc::clone(&other.address) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address.lock().unwrap())
    }

    /// A request with this client's cookies, which can be extended.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn get_with(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let mut url = reqwest::Url::parse(&self.url(path)).unwrap();
        url.query_pairs_mut().extend_pairs(query);
        send(self.http.get(url)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    /// A post without a body.
    pub(crate) async fn act(&self, path: &str) -> Answer {
        send(self.request(Method::POST, path)).await
    }

    pub(crate) async fn act_once(&self, path: &str, key: &str) -> Answer {
        let request = self.request(Method::POST, path);
        send(request.header("Idempotency-Key", key)).await
    }

    pub(crate) async fn post_once(&self, path: &str, body: Value, key: &str) -> Answer {
        let request = self.request(Method::POST, path).json(&body);
        send(request.header("Idempotency-Key", key)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    /// Opens an event stream.
    pub(crate) async fn events(&self, path: &str) -> Events {
        Events::open(self.request(Method::GET, path)).await
    }

    /// Opens an event stream again after the frame with this id.
    pub(crate) async fn events_after(&self, last: &str) -> Events {
        let request = self.request(Method::GET, "/events");
        Events::open(request.header("Last-Event-ID", last)).await
    }
}

/// Sends a request and expects a response.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap()
}

/// Sends a request to a server that may be killed in the meantime.
pub(crate) async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or_default();
    Ok(Answer { status, headers, text, body })
}

impl Answer {
    /// The body of a response, which must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// The text of a header; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// Checks that a response is an error in the common form, and returns its details.
#[track_caller]
pub(crate) fn assert_error(answer: &Answer, status: u16, code: &str) -> Value {
    let Answer { text, body, .. } = answer;
    assert_eq!((answer.status, &body["code"]), (status, &code.into()), "{text}");
    assert_eq!(answer.header("content-type"), "application/json", "{text}");
    let sentence = body["error"].as_str().unwrap_or_default();
    assert!(sentence.contains(' '), "no sentence for a person: {text}");
    let fields = body.as_object().unwrap();
    let known = ["error", "code", "details"];
    assert!(fields.keys().all(|key| known.contains(&key.as_str())), "{text}");
    let details = &body["details"];
    assert!(details.is_null() || details.is_object(), "{text}");
    details.clone()
}
