//! The server's figures by day.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{DAY, Hand, Settings, TestServer, assert_error, send};

#[tokio::test]
async fn the_figures_of_each_day_name_nobody() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (admin, family) = (server.admin().await, server.family().await);
    let leaver = server.family().await;
    for (family, tasks) in [(&family, 2), (&leaver, 1)] {
        for _ in 0..tasks {
            family.parent.activate(&family.child, &family.task).await.expect(200);
        }
    }
    family.parent.activate(&family.child, &family.penalty).await.expect(200);
    clock.forward(DAY);
    family.event().await;
    let delete = admin.request(Method::DELETE, &format!("/admin/accounts/{}", leaver.parent.id));
    send(delete.json(&json!({"password": "correct horse 0"}))).await.expect(200);
    let page = admin.get("/admin/statistics").await;
    assert!(!page.text.contains('@') && !page.text.contains(&family.child), "{}", page.text);
    let page = page.expect(200);
    let days = page["series"].as_array().unwrap();
    assert_eq!((days.len(), &days[0]["day"], &days[29]["day"]), (30, &page["from"], &page["to"]));
    let figures = |day: &Value| {
        let fields =
            ["events", "tasks", "penalties", "rewards", "active_families", "sign_ups", "deletions"];
        fields.map(|field| day[field].as_u64().unwrap())
    };
    // The event of the leaver counts, but its account and its sign-up do not. The administrator is older.
    assert_eq!(figures(&days[28]), [4, 3, 1, 0, 1, 1, 0]);
    assert_eq!(figures(&days[29]), [1, 1, 0, 0, 1, 0, 1]);
    assert_eq!(figures(&days[0]), [0; 7]);
    assert_eq!(page["active_families"], 1);

    let query = format!("/admin/statistics?from={0}&to={0}", days[28]["day"].as_str().unwrap());
    assert_eq!(admin.get(&query).await.expect(200)["series"], json!([days[28]]));
    assert_eq!(admin.get("/admin/statistics?from=2025-01-01&to=2026-01-01").await.status, 200);
    for bad in
        ["from=2025-01-01&to=2026-01-02", "from=2026-01-02&to=2026-01-01", "by=day", "from=1"]
    {
        let answer = admin.get(&format!("/admin/statistics?{bad}")).await;
        assert_error(&answer, 400, "INVALID_PARAMETER");
    }
    assert_error(&family.parent.get("/admin/statistics").await, 403, "ADMIN_REQUIRED");
}
