//! A reader of the event stream.

use std::pin::Pin;

use eventsource_stream::Eventsource;
use futures_util::{Stream, StreamExt};
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::within;

/// One frame.
#[derive(Debug)]
pub(crate) struct Frame {
    /// `message` if the frame has no `event:` line, as in a browser.
    pub(crate) event: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Frame {
    fn is_tracking_event(&self) -> bool {
        self.event == "tracking_event_created"
    }

    /// Whether it is a message about awards or ranks. These are sent shortly after their event, so tests of
    /// other frames cannot expect them at a fixed position.
    fn is_about_badges(&self) -> bool {
        matches!(&*self.event, "badge_awarded" | "badge_revoked" | "rank_changed")
    }

    /// The event's id in the frame's payload.
    pub(crate) fn event_id(&self) -> &str {
        let id = self.data["payload"]["tracking_event_id"].as_str();
        id.unwrap_or_else(|| panic!("no tracking event: {self:?}"))
    }
}

/// An open event stream.
pub(crate) struct Events {
    pub(crate) headers: HeaderMap,
    frames: Pin<Box<dyn Stream<Item = Frame>>>,
}

impl Events {
    pub(crate) async fn open(request: RequestBuilder) -> Self {
        // A stream does not end, so no timeout applies to it. Each frame has a deadline instead.
        let request = request.timeout(std::time::Duration::MAX);
        let response = within("the stream's head", request.send()).await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers().clone();
        let bytes = response.bytes_stream();
        // A broken connection ends the stream, as in a browser.
        let frames = bytes.eventsource().take_while(|event| std::future::ready(event.is_ok())).map(
            |event| {
                let event = event.unwrap();
                Frame {
                    data: serde_json::from_str(&event.data).unwrap(),
                    event: event.event,
                    id: event.id,
                }
            },
        );
        Self { headers, frames: Box::pin(frames) }
    }

    /// The next frame about badges or ranks. Other frames before it are skipped.
    pub(crate) async fn next_about_badges(&mut self) -> Frame {
        loop {
            let frame = within("the next frame", self.frames.next()).await;
            let frame = frame.expect("the stream has ended");
            if frame.is_about_badges() {
                return frame;
            }
        }
    }

    /// The next message with that name. Other frames before it are skipped.
    pub(crate) async fn next_named(&mut self, name: &str) -> Frame {
        loop {
            let frame = self.next().await;
            if frame.event == name {
                return frame;
            }
        }
    }

    /// The next frame, except messages about badges. Fails if none comes.
    pub(crate) async fn next(&mut self) -> Frame {
        self.next_or_end().await.expect("the stream has ended")
    }

    /// The next frame with a tracking event. Frames of messages before it are skipped.
    pub(crate) async fn next_event(&mut self) -> Frame {
        self.next_event_or_end().await.expect("the stream has ended")
    }

    /// Like [`Self::next_event`]; `None` at the end of the stream.
    pub(crate) async fn next_event_or_end(&mut self) -> Option<Frame> {
        loop {
            let frame = self.next_or_end().await;
            if frame.as_ref().is_none_or(Frame::is_tracking_event) {
                return frame;
            }
        }
    }

    /// The next frame, except messages about badges; `None` at the end of the stream. Fails if neither comes.
    pub(crate) async fn next_or_end(&mut self) -> Option<Frame> {
        loop {
            let frame = within("the next frame", self.frames.next()).await;
            if frame.as_ref().is_none_or(|frame| !frame.is_about_badges()) {
                return frame;
            }
        }
    }

    /// The next `count` frames.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<Frame> {
        let mut frames = Vec::new();
        for _ in 0..count {
            frames.push(self.next().await);
        }
        frames
    }

    /// Checks that the stream ends now, without another frame.
    pub(crate) async fn assert_end(&mut self) {
        let next = self.next_or_end().await;
        assert!(next.is_none(), "one more frame: {next:?}");
    }
}
