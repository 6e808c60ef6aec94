//! Webhooks of several servers on one database, and of one whose database stops.

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Receiver, Reply, delivery, hook, permissive};
use crate::harness::cluster::{Cluster, Options, Stop};
use crate::harness::{TestServer, activate_path, eventually};

#[tokio::test]
async fn one_of_two_servers_delivers_and_the_other_one_takes_over() {
    let [mut one, mut other] = TestServer::two(permissive()).await;
    let family = one.family().await;
    let program = Receiver::start().await;
    let webhook = hook(&family.parent, &program).await;
    let browser = family.parent.beside(&other.nobody());
    for _ in 0..5 {
        family.event().await;
        browser.activate(&family.child, &family.task).await.expect(200);
    }
    program.after(10).await;
    delivery(&browser, &webhook, "delivered", 1).await;
    assert_eq!(program.received().len(), 10);
    one.stop().await;
    browser.activate(&family.child, &family.task).await.expect(200);
    program.after(11).await;
    delivery(&browser, &webhook, "delivered", 1).await;
    one.start_again().await;
    other.stop().await;
    family.event().await;
    program.after(12).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_go_on_after_an_outage_of_the_database() {
    let cluster = Cluster::start(Options::default());
    let server = TestServer::on_database(&cluster.new_database(), permissive()).await;
    let family = server.family().await;
    let program = Receiver::start().await;
    let answered = Arc::new(Notify::new());
    program.reply([Reply::Late(Arc::clone(&answered))]);
    let webhook = hook(&family.parent, &program).await;
    let first = family.event().await["id"].clone();
    program.after(1).await;
    cluster.stop(Stop::Immediate);
    // The database cannot store now that this message was delivered.
    answered.notify_one();
    assert_eq!(family.parent.get("/children").await.status, 503);
    cluster.start_again();
    let path = activate_path(&family.child, &family.task);
    let second = eventually("a change to succeed", async || {
        let answer = family.parent.act_once(&path, "key").await;
        (answer.status == 200).then(|| answer.body["tracking_event"]["id"].clone())
    });
    let second = second.await;
    let events = || {
        let received = program.received().into_iter();
        received.map(|it| it.body["data"]["tracking_event_id"].clone()).collect::<Vec<_>>()
    };
    eventually("the message after the outage", async || events().contains(&second).then_some(()))
        .await;
    delivery(&family.parent, &webhook, "delivered", 1).await;
    // The first one is sent again if its result was lost.
    let mut events = events();
    events.dedup();
    assert_eq!(events, [first, second]);
}
