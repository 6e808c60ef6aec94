//! Prints how PostgreSQL executes `GET /admin/tracking`, for each filter.
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
    for filter in explain::filters(&client).await? {
        let plans = explain::explain(&client, &filter).await?;
        println!("# {}, total\n{}\n", filter.name, plans.total);
        println!("# {}, page\n{}\n", filter.name, plans.page);
        if !filter.is_timed() {
            let plans = explain::explain_prepared(&client, &filter).await?;
            println!("# {}, total, prepared\n{}\n", filter.name, plans.total);
            println!("# {}, page, prepared\n{}\n", filter.name, plans.page);
        }
    }
    Ok(())
}
