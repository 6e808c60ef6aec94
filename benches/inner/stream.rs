//! An event for many streams: its frames, and the broker.

use criterion::{BenchmarkId, Criterion, Throughput};
use goldstar::domain::{Epoch, Seq, Timestamp, TokenHash};
use goldstar::followers::broker::{Broker, Interest, Place, Rendered, Subscription};
use goldstar::metrics::Metrics;
use tokio_util::sync::CancellationToken;

use crate::directory::wait;

/// The length of the data of an event.
const DATA_BYTES: usize = 400;

fn message(seq: u64) -> Rendered {
    let data = format!("{{\"padding\":\"{}\"}}", "x".repeat(DATA_BYTES));
    Rendered::new(&Epoch::default(), Seq(seq), "u".into(), "c".into(), &data)
}

/// The frames of one event, which all streams share.
pub(crate) fn render(criterion: &mut Criterion) {
    criterion.bench_function("stream/render", |bencher| bencher.iter(|| message(1)));
}

/// From the broker's receipt of an event to the last subscriber that has it.
pub(crate) fn fan_out(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stream/fan out");
    for readers in [1, 100, 10_000] {
        let broker = Broker::new(Metrics::new(Timestamp::EPOCH).live);
        let mut subscriptions: Vec<Subscription> =
            (0..readers).map(|_| subscribe(&broker)).collect();
        let mut seq = 0;
        group.throughput(Throughput::Elements(readers));
        group.bench_function(BenchmarkId::from_parameter(readers), |bencher| {
            bencher.iter(|| {
                seq += 1;
                broker.publish(message(seq));
                wait(async {
                    for subscription in &mut subscriptions {
                        assert_eq!(
                            subscription.next().await.unwrap().place,
                            Place::Event(Seq(seq))
                        );
                    }
                });
            });
        });
    }
    group.finish();
}

fn subscribe(broker: &Broker) -> Subscription {
    let session = TokenHash("session".into());
    let interest = Interest { user_id: "u".into(), child_id: None, session };
    broker.subscribe(interest, CancellationToken::new(), usize::MAX).unwrap()
}
