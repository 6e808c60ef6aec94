//! A client that can break every rule of HTTP: it sends bytes and reads responses.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use crate::harness::{Answer, TestServer, assert_error, within};

/// The time between two bytes of a slow client: short enough that no single gap exceeds a limit.
const PACE: Duration = Duration::from_millis(20);

/// One connection.
pub(crate) struct Wire {
    reader: Reader,
    writer: OwnedWriteHalf,
}

/// The half that reads.
struct Reader {
    stream: OwnedReadHalf,
    /// Bytes that were received and not used yet.
    pending: Vec<u8>,
}

/// What determines the length of a body.
enum Framing {
    Length(usize),
    Chunks,
    End,
}

/// Where a server listens.
pub(crate) fn address(server: &TestServer) -> SocketAddr {
    server.nobody().url("").trim_start_matches("http://").parse().unwrap()
}

impl Wire {
    pub(crate) async fn connect(server: &TestServer) -> Self {
        Self::to(address(server)).await.unwrap()
    }

    pub(crate) async fn to(address: SocketAddr) -> io::Result<Self> {
        let stream = within("a connection", TcpStream::connect(address)).await?;
        Ok(Self::over(stream))
    }

    /// A connection whose receive buffer is very small.
    pub(crate) async fn with_small_window(server: &TestServer) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let stream = within("a connection", socket.connect(address(server))).await.unwrap();
        Self::over(stream)
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        let (stream, writer) = stream.into_split();
        Self { reader: Reader { stream, pending: Vec::new() }, writer }
    }

    /// Sends all of it.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap();
    }

    /// Sends as many of the bytes as the server accepts.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        within("room to send", self.writer.write_all(bytes.as_ref())).await
    }

    /// The next response. Fails if none comes.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.answer_or_end().await.expect("the connection ended without an answer")
    }

    /// The next response; `None` if the connection ends. Fails if neither happens.
    pub(crate) async fn answer_or_end(&mut self) -> Option<Answer> {
        within("an answer", self.reader.answer(true)).await
    }

    /// The response to a `HEAD`, which has no body.
    pub(crate) async fn bodiless_answer(&mut self) -> Answer {
        within("an answer", self.reader.answer(false)).await.expect("an answer")
    }

    /// Sends a request and returns the response.
    pub(crate) async fn exchange(&mut self, request: impl AsRef<[u8]>) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    /// Sends the bytes while it waits for the response, which may come before the end.
    pub(crate) async fn answer_while_sending(&mut self, bytes: &[u8]) -> Option<Answer> {
        let Self { reader, writer } = self;
        let send = async {
            // After an error response, the server may close the connection.
            writer.write_all(bytes).await.unwrap_or_default();
            std::future::pending::<()>().await;
        };
        within("an answer", async {
            tokio::select! {
                answer = reader.answer(true) => answer,
                () = send => unreachable!("it waits"),
            }
        })
        .await
    }

    /// Sends these slowly, one by one, until there is a response or the connection ends.
    pub(crate) async fn dribble(
        &mut self,
        pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Option<Answer> {
        let Self { reader, writer } = self;
        let answer = within("the end of the server's patience", async {
            tokio::select! {
                answer = reader.answer(true) => answer,
                () = dribble(writer, pieces) => unreachable!("it goes on"),
            }
        });
        answer.await
    }

    /// Like [`Self::dribble`], for a connection that must end without a further byte.
    pub(crate) async fn dribble_to_the_end(
        &mut self,
        pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) {
        let Self { reader, writer } = self;
        let rest = within("the end of the connection", async {
            tokio::select! {
                rest = reader.rest() => rest,
                () = dribble(writer, pieces) => unreachable!("it goes on"),
            }
        });
        assert_eq!(String::from_utf8_lossy(&rest.await), "");
    }

    /// Checks that the server closes the connection without a further byte.
    pub(crate) async fn assert_end(&mut self) {
        let rest = within("the end of the connection", self.reader.rest()).await;
        assert_eq!(String::from_utf8_lossy(&rest), "");
    }

    /// The status and the headers of a response whose body continues.
    pub(crate) async fn head(&mut self) -> Answer {
        within("a head", self.reader.head()).await.expect("a head")
    }

    /// The next chunk of a chunked body; `None` at its regular end.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let chunk = within("a chunk", self.reader.chunk()).await;
        let chunk = chunk.expect("the body broke off without its last chunk");
        (!chunk.is_empty()).then(|| String::from_utf8(chunk).unwrap())
    }

    /// Reads chunks until one contains this text.
    pub(crate) async fn chunk_with(&mut self, text: &str) -> String {
        loop {
            let chunk = self.chunk().await.unwrap_or_else(|| panic!("it ended before {text}"));
            if chunk.contains(text) {
                return chunk;
            }
        }
    }

    /// Reads the rest of a chunked body, which must end regularly and with the connection.
    pub(crate) async fn assert_clean_end(&mut self) {
        while self.chunk().await.is_some() {}
        self.assert_end().await;
    }

    /// Waits until the server has closed the connection; returns what it sent before.
    pub(crate) async fn drain(&mut self) -> Vec<u8> {
        within("the end of the connection", self.reader.rest()).await
    }

    /// Reads slowly but continuously, up to this many bytes; returns how many came before the end.
    pub(crate) async fn sip(&mut self, most: usize) -> usize {
        let mut pace = tokio::time::interval(PACE);
        let mut count = 0;
        while count < most {
            pace.tick().await;
            self.reader.pending.clear();
            if !within("a few bytes or the end", self.reader.more()).await {
                break;
            }
            count += self.reader.pending.len();
        }
        count
    }

    /// Disconnects without closing the connection: the server gets a reset.
    pub(crate) fn vanish(self) {
        let stream = self.reader.stream.reunite(self.writer).unwrap();
        stream.set_zero_linger().unwrap();
    }
}

async fn dribble(writer: &mut OwnedWriteHalf, pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) {
    let mut pace = tokio::time::interval(PACE);
    for piece in pieces {
        pace.tick().await;
        if writer.write_all(piece.as_ref()).await.is_err() {
            break;
        }
    }
    std::future::pending::<()>().await;
}

impl Reader {
    /// Reads more; returns false at the end, including a reset.
    async fn more(&mut self) -> bool {
        self.pending.reserve(16 << 10);
        self.stream.read_buf(&mut self.pending).await.unwrap_or(0) > 0
    }

    async fn rest(&mut self) -> Vec<u8> {
        while self.more().await {}
        std::mem::take(&mut self.pending)
    }

    /// The bytes up to and including this text; `None` if the connection ends before.
    async fn up_to(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self.pending.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                return Some(self.pending.drain(..at + end.len()).collect());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.pending.len() < count {
            if !self.more().await {
                return None;
            }
        }
        Some(self.pending.drain(..count).collect())
    }

    /// The status and headers of a response.
    async fn head(&mut self) -> Option<Answer> {
        let Some(head) = self.up_to(b"\r\n\r\n").await else {
            let rest = String::from_utf8_lossy(&self.pending);
            assert_eq!(rest, "", "the connection ended within a head");
            return None;
        };
        let head = String::from_utf8(head).unwrap();
        let (first, lines) = head.split_once("\r\n").unwrap();
        let mut words = first.splitn(3, ' ');
        assert!(words.next().unwrap().starts_with("HTTP/1."), "{first}");
        let status = words.next().unwrap().parse().unwrap();
        let mut headers = HeaderMap::new();
        for line in lines.lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no header: {line}"));
            let name: HeaderName = name.parse().unwrap();
            headers.append(name, HeaderValue::from_str(value.trim()).unwrap());
        }
        Some(Answer { status, headers, text: String::new(), body: serde_json::Value::Null })
    }

    async fn answer(&mut self, has_body: bool) -> Option<Answer> {
        let mut answer = self.head().await?;
        let is_bodiless = answer.status < 200 || matches!(answer.status, 204 | 304);
        // The chunks of a stream are read one by one.
        let is_bodiless = is_bodiless || answer.header("content-type") == "text/event-stream";
        if has_body && !is_bodiless {
            let bytes = self.body(framing(&answer)).await;
            answer.text = String::from_utf8(bytes).unwrap();
            answer.body = serde_json::from_str(&answer.text).unwrap_or_default();
        }
        Some(answer)
    }

    async fn body(&mut self, framing: Framing) -> Vec<u8> {
        match framing {
            Framing::Length(length) => self.exactly(length).await.expect("the body broke off"),
            Framing::End => self.rest().await,
            Framing::Chunks => {
                let mut body = Vec::new();
                loop {
                    let chunk = self.chunk().await.expect("the body broke off");
                    if chunk.is_empty() {
                        return body;
                    }
                    body.extend(chunk);
                }
            }
        }
    }

    /// The next chunk, which is empty at the end; `None` if the connection ends within it.
    async fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.up_to(b"\r\n").await?;
        let size = String::from_utf8(line).unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = self.exactly(size + 2).await?;
        assert!(chunk.ends_with(b"\r\n"));
        chunk.truncate(size);
        Some(chunk)
    }
}

fn framing(answer: &Answer) -> Framing {
    let length = answer.header("content-length");
    if answer.header("transfer-encoding") == "chunked" {
        assert_eq!(length, "", "two framings");
        Framing::Chunks
    } else if length.is_empty() {
        Framing::End
    } else {
        Framing::Length(length.parse().unwrap())
    }
}

/// Checks that a response is an error of this kind, with the properties of every response.
#[track_caller]
pub(crate) fn assert_refusal(answer: &Answer, status: u16, code: &str) {
    assert_error(answer, status, code);
    assert_hygiene(answer);
}

/// Checks that a client was refused with an error of this kind before it sent a request, which
/// would have an id; and that the connection then ends.
#[track_caller]
pub(crate) fn assert_turned_away(answer: &Answer, status: u16, code: &str) {
    assert_error(answer, status, code);
    assert_private(answer);
    assert_eq!(answer.header("connection").to_ascii_lowercase(), "close");
}

/// Checks the properties of every response to a request, and returns its id.
#[track_caller]
pub(crate) fn assert_hygiene(answer: &Answer) -> String {
    assert_private(answer);
    let Answer { status, headers, text, .. } = answer;
    let about = format!("{status} {headers:?} {text}");
    assert_eq!(headers.get_all("x-request-id").iter().count(), 1, "{about}");
    let id = answer.header("x-request-id");
    assert!(!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()), "{about}");
    id.to_owned()
}

/// Checks the headers that keep a response private.
#[track_caller]
fn assert_private(answer: &Answer) {
    let Answer { status, headers, text, .. } = answer;
    let about = format!("{status} {headers:?} {text}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{about}");
    let referrer = answer.header("referrer-policy");
    assert!(matches!(referrer, "no-referrer" | "same-origin"), "{about}");
    assert_eq!(answer.header("cache-control"), "no-store", "{about}");
    for name in ["x-content-type-options", "referrer-policy", "cache-control"] {
        assert_eq!(headers.get_all(name).iter().count(), 1, "{name}: {about}");
    }
}
