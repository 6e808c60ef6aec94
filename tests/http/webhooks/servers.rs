//! Webhooks of several servers on one database.

use super::{Receiver, delivery, hook, permissive};
use crate::harness::TestServer;

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
