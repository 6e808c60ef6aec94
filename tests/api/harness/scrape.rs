//! What `/metrics` says.

use std::collections::BTreeMap;

use super::{Client, TestServer};

/// One reading of `/metrics`: each series as it is written there, and its value.
#[derive(Debug)]
pub(crate) struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    /// What anyone can read.
    pub(crate) async fn of(server: &TestServer) -> Self {
        Self::by(&server.nobody()).await
    }

    pub(crate) async fn by(client: &Client) -> Self {
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let lines = answer.text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        });
        Self(series.collect())
    }

    /// A series' value; 0 where it isn't there yet.
    pub(crate) fn get(&self, series: &str) -> f64 {
        self.0.get(&format!("goldstar_{series}")).copied().unwrap_or_default()
    }

    /// By how much a series has grown since an earlier reading.
    pub(crate) fn grown(&self, series: &str, since: &Self) -> f64 {
        self.get(series) - since.get(series)
    }

    /// All series.
    pub(crate) fn series(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
