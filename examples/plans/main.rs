//! Prints how PostgreSQL executes `GET /admin/tracking`, for each filter. Fails if a plan reads the whole
//! table.
//!
//! `cargo run --release --example plans -- postgres://goldstar@localhost/goldstar`

mod explain;

use std::env;
use std::error::Error;

use tokio_postgres::NoTls;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::args().nth(1).ok_or("usage: plans DATABASE_URL")?;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    let mut reading_all = Vec::new();
    for filter in explain::filters(&client).await? {
        let (plans, prepared) = explain::explain(&client, &filter).await?;
        for (plans, kind) in [(Some(plans), ""), (prepared, ", prepared")] {
            let Some(plans) = plans else { continue };
            println!("# {}, total{kind}\n{}\n", filter.name, plans.total);
            println!("# {}, page{kind}\n{}\n", filter.name, plans.page);
            if plans.read_all() {
                reading_all.push(format!("{}{kind}", filter.name));
            }
        }
    }
    if reading_all.is_empty() {
        return Ok(());
    }
    Err(format!("these read the whole table: {}", reading_all.join("; ")).into())
}
