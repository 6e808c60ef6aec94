//! What an attempt to deliver a message changes.

use std::time::Duration;

use chrono::DateTime;

use super::outcome::Outcome;
use super::{
    Current, Cursor, Delivery, DeliveryStatus, Disabled, DisabledReason, Failing, Requested,
    Target, Webhook,
};
use crate::domain::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The waits after the first failure, the second, and so on; the last one repeats. In seconds.
pub const RETRY_DELAYS: [u64; 9] =
    [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// One attempt to deliver a message.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Where the message was sent to.
    pub target: Target,
    pub message: Requested,
    pub started_at: Timestamp,
    pub duration: Duration,
    pub outcome: Outcome,
    /// The wait that the receiver asks for.
    pub retry_after: Option<Duration>,
    /// Between 0 and 1000: a random part of the wait.
    pub jitter: u32,
    /// The cursor after the message; `None` if a parent has asked for the delivery.
    pub next: Option<Cursor>,
}

impl Webhook {
    /// The webhook after an attempt that ended now, and what is known about the delivery.
    pub fn after(&self, attempt: &Attempt, now: Timestamp) -> (Self, Delivery) {
        let mut webhook = self.clone();
        let current = self.current.filter(|_| attempt.next.is_some());
        let number = current.map_or(self.deliveries + 1, |current| current.number);
        let attempts = current.map_or(0, |current| current.attempts) + 1;
        webhook.deliveries = self.deliveries.max(number);
        let is_success = attempt.outcome.is_success();
        let age = now.since(attempt.message.created_at);
        let is_over = is_success || attempt.next.is_none() || age > Self::LONGEST_RETRY;
        // Otherwise a parent has set another URL meanwhile, and the failure says nothing about it.
        let is_same_target = attempt.target == self.target;
        if is_success {
            webhook.failing = None;
        } else if attempt.next.is_some() && is_same_target {
            webhook.fail(attempt, now);
        }
        if attempt.outcome == Outcome::Status(410) && is_same_target {
            webhook.disable(DisabledReason::Gone, now);
        }
        match &attempt.next {
            None => webhook.requested = self.requested.iter().skip(1).cloned().collect(),
            Some(next) if is_over => {
                webhook.cursor = next.clone();
                webhook.current = None;
            }
            Some(_) => webhook.current = Some(Current { number, attempts }),
        }
        let status = match (is_success, is_over) {
            (true, _) => DeliveryStatus::Delivered,
            (false, true) => DeliveryStatus::Failed,
            (false, false) => DeliveryStatus::Retrying,
        };
        let Requested { source, message_id, event, created_at } = attempt.message.clone();
        let delivery = Delivery {
            webhook_id: self.id.clone(),
            user_id: self.user_id.clone(),
            number,
            message_id,
            event,
            source,
            created_at,
            status,
            attempts,
            attempted_at: attempt.started_at,
            duration: attempt.duration,
            outcome: attempt.outcome,
        };
        (webhook, delivery)
    }

    fn fail(&mut self, attempt: &Attempt, now: Timestamp) {
        let since = self.failing.map_or(now, |failing| failing.since);
        let failures = self.failing.map_or(0, |failing| failing.failures);
        let wait = wait(failures, attempt.jitter).max(attempt.retry_after.unwrap_or_default());
        let next_attempt_at = now.after(wait.min(Self::LONGEST_WAIT + Self::LONGEST_WAIT / 10));
        self.failing =
            Some(Failing { since, failures: failures.saturating_add(1), next_attempt_at });
        if now.since(since) >= Self::PATIENCE {
            self.disable(DisabledReason::Failing, now);
        }
    }

    fn disable(&mut self, reason: DisabledReason, now: Timestamp) {
        if self.disabled.is_none() {
            self.disabled = Some(Disabled { reason, at: now });
        }
    }
}

/// The wait after a number of earlier failures: up to a tenth longer than in [`RETRY_DELAYS`], so that endpoints of one
/// receiver do not retry together.
fn wait(failures: u32, jitter: u32) -> Duration {
    let place = usize::try_from(failures).unwrap_or(usize::MAX).min(RETRY_DELAYS.len() - 1);
    let wait = Duration::from_secs(RETRY_DELAYS[place]);
    wait + wait * jitter.min(1000) / 10_000
}

/// The wait in a header `Retry-After`: seconds, or a date. At most [`Webhook::LONGEST_WAIT`].
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if let Ok(seconds) = value.parse::<u32>() {
        Duration::from_secs(seconds.into())
    } else {
        let at = DateTime::parse_from_rfc2822(value).ok()?;
        Timestamp::from_micros(at.timestamp_micros()).since(now)
    };
    Some(wait.min(Webhook::LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::super::{SendError, Source, WebhookEvent, WebhookSecret};
    use super::*;
    use crate::domain::{Epoch, Seq};

    const HOURS: fn(u64) -> Duration = Duration::from_hours;

    fn at(hours: u64) -> Timestamp {
        Timestamp::EPOCH.after(HOURS(hours))
    }

    fn webhook() -> Webhook {
        Webhook {
            id: "w".into(),
            user_id: "u".into(),
            target: Target::from_stored("https://example.org/").unwrap(),
            events: [WebhookEvent::TaskDue].into(),
            child_id: None,
            secret: WebhookSecret::new([1; 32]),
            old_secret: None,
            disabled: None,
            cursor: Cursor::new(&Epoch::default(), Seq(3), 5),
            failing: None,
            current: None,
            deliveries: 0,
            requested: [].into(),
            created_at: Timestamp::EPOCH,
            updated_at: Timestamp::EPOCH,
        }
    }

    fn message(created_at: Timestamp) -> Requested {
        Requested {
            source: Source::Message("x".into()),
            message_id: "msg_x".into(),
            event: WebhookEvent::TaskDue,
            created_at,
        }
    }

    fn attempt(outcome: Outcome) -> Attempt {
        Attempt {
            target: webhook().target,
            message: message(Timestamp::EPOCH),
            started_at: Timestamp::EPOCH,
            duration: Duration::from_millis(20),
            outcome,
            retry_after: None,
            jitter: 0,
            next: Some(Cursor::new(&Epoch::default(), Seq(3), 6)),
        }
    }

    const FAILURE: Outcome = Outcome::Status(500);

    #[test]
    fn a_success_moves_the_cursor_and_resets_the_back_off() {
        let (failed, _) = webhook().after(&attempt(FAILURE), at(0));
        assert_eq!(failed.cursor, webhook().cursor);
        let (webhook, delivery) = failed.after(&attempt(Outcome::Status(204)), at(1));
        assert_eq!((webhook.cursor.message, webhook.failing, webhook.current), (6, None, None));
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Delivered, 2));
        assert_eq!((delivery.number, webhook.deliveries), (1, 1));
        let (_, next) = webhook.after(&attempt(Outcome::Status(200)), at(1));
        assert_eq!((next.number, next.attempts), (2, 1));
    }

    #[test]
    fn only_2xx_is_a_success() {
        for status in [100, 199, 300, 301, 302, 307, 308, 400, 404, 500] {
            assert!(!Outcome::Status(status).is_success(), "{status}");
        }
        assert!(!Outcome::Error(SendError::Timeout).is_success());
    }

    #[test]
    fn waits_grow_by_the_schedule_with_jitter() {
        let mut failing = webhook();
        for seconds in RETRY_DELAYS.into_iter().chain([24 * HOUR]) {
            let attempt = Attempt { message: message(at(0)), jitter: 1000, ..attempt(FAILURE) };
            failing = failing.after(&attempt, at(0)).0;
            let next = failing.failing.unwrap().next_attempt_at;
            let wait = Duration::from_secs(seconds);
            assert_eq!(next.since(at(0)), wait + wait / 10);
            assert!(!failing.is_due(at(0)) && failing.is_due(next));
        }
    }

    #[test]
    fn a_receiver_can_ask_for_a_longer_wait() {
        let hour = Some(HOURS(1));
        let asked = Attempt { retry_after: hour, ..attempt(Outcome::Status(429)) };
        let next = |webhook: Webhook| webhook.failing.unwrap().next_attempt_at;
        assert_eq!(next(webhook().after(&asked, at(0)).0), at(1));
        let short = Attempt { retry_after: Some(Duration::from_secs(1)), ..asked };
        assert_eq!(next(webhook().after(&short, at(0)).0), at(0).after(Duration::from_secs(5)));
        for (value, expected) in [
            ("3600", Some(HOURS(1))),
            (" 0 ", Some(HOURS(0))),
            ("9999999", Some(HOURS(24))),
            ("Thu, 01 Jan 1970 02:00:00 GMT", Some(HOURS(1))),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(HOURS(0))),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(HOURS(24))),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, at(1)), expected, "{value}");
        }
    }

    #[test]
    fn a_message_fails_after_three_days_and_the_next_one_follows() {
        let (webhook, delivery) = webhook().after(&attempt(FAILURE), at(72));
        assert_eq!((delivery.status, webhook.cursor.message), (DeliveryStatus::Retrying, 5));
        let (webhook, delivery) = webhook.after(&attempt(FAILURE), at(73));
        assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Failed, 2));
        assert_eq!((webhook.cursor.message, webhook.current), (6, None));
        // The back-off stays.
        assert_eq!(webhook.failing.unwrap().failures, 2);
        assert_eq!(webhook.disabled, None);
    }

    #[test]
    fn an_endpoint_that_is_gone_or_fails_for_five_days_is_disabled() {
        let reason = |webhook: &Webhook| webhook.disabled.map(|disabled| disabled.reason);
        let (gone, _) = webhook().after(&attempt(Outcome::Status(410)), at(0));
        assert_eq!(reason(&gone), Some(DisabledReason::Gone));
        let (failing, _) = webhook().after(&attempt(FAILURE), at(0));
        let (failing, _) = failing.after(&attempt(FAILURE), at(119));
        assert_eq!(reason(&failing), None);
        let (saved, _) = failing.after(&attempt(Outcome::Status(200)), at(119));
        assert_eq!(reason(&saved.after(&attempt(FAILURE), at(121)).0), None);
        let (failing, _) = failing.after(&attempt(FAILURE), at(120));
        assert_eq!(reason(&failing), Some(DisabledReason::Failing));
    }

    #[test]
    fn a_failure_at_an_earlier_url_says_nothing_about_the_new_one() {
        let moved = Target::from_stored("https://example.org/other").unwrap();
        let moved = Webhook { target: moved, ..webhook() };
        for outcome in [FAILURE, Outcome::Status(410)] {
            let (after, delivery) = moved.after(&attempt(outcome), at(0));
            assert_eq!((after.failing, after.disabled, &after.cursor), (None, None, &moved.cursor));
            assert_eq!((delivery.status, delivery.attempts), (DeliveryStatus::Retrying, 1));
        }
    }

    #[test]
    fn a_requested_delivery_is_attempted_once_and_does_not_move_the_cursor() {
        let asked = Webhook { requested: [message(at(0))].into(), ..webhook() };
        let asked = asked.after(&attempt(FAILURE), at(0)).0;
        let once = |outcome| Attempt { next: None, ..attempt(outcome) };
        let (after, delivery) = asked.after(&once(FAILURE), at(0));
        assert_eq!((delivery.status, delivery.number), (DeliveryStatus::Failed, 2));
        assert_eq!((after.failing, after.current), (asked.failing, asked.current));
        assert_eq!((&after.cursor, after.requested.len()), (&asked.cursor, 0));
        let (after, _) = asked.after(&once(Outcome::Status(200)), at(0));
        assert_eq!((after.failing, after.current), (None, asked.current));
    }

    #[test]
    fn a_moment_of_a_wrong_clock_does_not_delay_for_long() {
        let far = Failing { since: at(0), failures: 1, next_attempt_at: at(1000) };
        assert!(Webhook { failing: Some(far), ..webhook() }.is_due(at(0)));
    }

    #[test]
    fn two_secrets_sign_during_a_rotation() {
        let old = WebhookSecret::new([2; 32]);
        let rotated = Webhook { old_secret: Some((old.clone(), at(1))), ..webhook() };
        let both = rotated.signatures("msg_x", at(0), "{}");
        let [new, second] = both.split(' ').collect::<Vec<_>>()[..] else { panic!("{both}") };
        assert_eq!(new, webhook().signatures("msg_x", at(0), "{}"));
        assert_eq!(second, old.sign("msg_x", 0, "{}"));
        let later = rotated.signatures("msg_x", at(1), "{}");
        assert_eq!(later, webhook().signatures("msg_x", at(1), "{}"));
    }

    #[test]
    fn rows_of_deliveries_are_used_again() {
        let many = Webhook { deliveries: 250, ..webhook() };
        let (_, last) = many.after(&attempt(FAILURE), at(0));
        assert_eq!((&*last.key(), many.delivery_keys().count()), ("w/51", 100));
        assert!(many.delivery_keys().any(|key| key == last.key()));
        let few = Webhook { deliveries: 2, ..webhook() };
        assert_eq!(
            few.delivery_keys().map(|it| it.to_string()).collect::<Vec<_>>(),
            ["w/01", "w/02"]
        );
    }
}
