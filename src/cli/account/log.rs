//! `goldstar account log`

use axum::http::Method;
use clap::Args;

use super::super::administered::{Administered, Output, text_of};
use super::super::failure::Failure;

#[derive(Args)]
pub(super) struct Log {
    /// Largest number of actions to print
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,

    /// Number of actions to skip
    #[arg(long, default_value_t = 0)]
    offset: u32,

    #[command(flatten)]
    pub(super) output: Output,
}

impl Log {
    pub(super) async fn execute(&self, server: &Administered) -> Result<String, Failure> {
        let path = format!("/admin/log?limit={}&offset={}", self.limit, self.offset);
        let page = server.call(Method::GET, &path).await?;
        if self.output.json {
            return Ok(page.to_string());
        }
        let actions = page["actions"].as_array().map_or(&[][..], Vec::as_slice);
        let head = format!("{:27}  {:20}  {:30}  account\n", "time", "action", "by");
        let table = actions.iter().fold(head, |table, action| {
            // The address, or the pseudonym of an account that no longer exists.
            let name = |field: &str, none: &str| {
                let texts = [text_of(action, &format!("{field}_email")), text_of(action, field)];
                texts.into_iter().find(|text| !text.is_empty()).unwrap_or_else(|| none.to_owned())
            };
            let [time, what] = ["created_at", "action"].map(|field| text_of(action, field));
            let (actor, account) = (name("actor", "operator"), name("account", "-"));
            table + &format!("{time:27}  {what:20}  {actor:30}  {account}\n")
        });
        Ok(format!("{table}{} of {} actions", actions.len(), page["total"]))
    }
}
