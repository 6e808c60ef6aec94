//! The metrics of `/metrics`.

use std::collections::BTreeMap;

use super::{Client, TestServer};

/// The result of reading `/metrics`: each series with its value.
#[derive(Debug)]
pub(crate) struct Scrape(BTreeMap<String, String>);

impl Scrape {
    /// Reads the metrics without a session.
    pub(crate) async fn of(server: &TestServer) -> Self {
        Self::by(&server.nobody()).await
    }

    pub(crate) async fn by(client: &Client) -> Self {
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let lines = answer.text.lines().filter(|line| !line.starts_with('#'));
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.to_owned())
        });
        Self(series.collect())
    }

    /// The value of a counter; 0 if it does not exist yet.
    pub(crate) fn get(&self, series: &str) -> i64 {
        let text = self.text(series);
        // The sum of a histogram is always written as a fraction.
        text.trim_end_matches(".0").parse().unwrap_or_else(|_| panic!("{series} {text}"))
    }

    /// The value of a series that measures time.
    pub(crate) fn seconds(&self, series: &str) -> f64 {
        self.text(series).parse().unwrap()
    }

    /// The growth of a counter since an earlier reading.
    pub(crate) fn grown(&self, series: &str, since: &Self) -> i64 {
        self.get(series) - since.get(series)
    }

    fn text(&self, series: &str) -> &str {
        self.0.get(&format!("goldstar_{series}")).map_or("0", String::as_str)
    }

    /// All series.
    pub(crate) fn series(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
