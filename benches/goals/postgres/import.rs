//! The import of a large directory, compared with `COPY` of the same rows.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Instant;

use super::{Cluster, import_into, serve};
use crate::Plan;
use crate::table::{Goal, median, print_row, time};

/// How often both are measured: each takes half a minute.
const ROUNDS: usize = 2;

pub(crate) fn import(plan: &Plan) {
    let cluster = plan.cluster();
    let folder = plan.large();
    cluster.create("empty", "template1").unwrap();
    // A start creates the tables.
    drop(serve(plan, &cluster.url("empty")).unwrap());
    // Its leases last for some seconds, and an import is refused meanwhile.
    cluster.execute("empty", "DELETE FROM leases").unwrap();
    let (families, events) =
        (cluster.directory.join("families.bin"), cluster.directory.join("events.bin"));
    let (families, events) = (families.display(), events.display());
    let (mut imports, mut copies) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        cluster.create("imported", "empty").unwrap();
        let begun = Instant::now();
        import_into(&cluster.url("imported"), folder).unwrap();
        imports.push(begun.elapsed().as_secs_f64());
        let copy = format!(
            "COPY families TO '{families}' (FORMAT binary); COPY events TO '{events}' (FORMAT binary)"
        );
        cluster.execute("imported", &copy).unwrap();
        cluster.create("copied", "empty").unwrap();
        let copy = format!("DELETE FROM families; COPY families FROM '{families}' (FORMAT binary)");
        cluster.execute("copied", &copy).unwrap();
        let begun = Instant::now();
        let copy = format!("COPY events FROM '{events}' (FORMAT binary)");
        cluster.execute("copied", &copy).unwrap();
        copies.push(begun.elapsed().as_secs_f64());
    }
    let (import, copy) = (median(imports), median(copies));
    print_row(
        &format!(
            "PostgreSQL: speed of the import of {} events ÷ `COPY` of the same rows into the same table",
            plan.large
        ),
        &format!("{} ÷ {}", time(copy), time(import)),
        copy / import,
        "",
        Goal::AtLeast(0.5),
    );
}

/// Adds sessions, which an import leaves out: a row in each line.
pub(crate) fn put_rows_of_sessions(
    cluster: &Cluster,
    database: &str,
    rows: &str,
) -> io::Result<()> {
    let file = cluster.directory.join("sessions");
    fs::write(&file, rows)?;
    // The processes of the database are those of another user.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    let statements = format!(
        "CREATE TEMPORARY TABLE new (row jsonb);
         COPY new FROM '{}';
         INSERT INTO tokens SELECT row->>'token_sha256', a.family_id
         FROM new JOIN accounts a ON a.id = row->>'user_id';
         INSERT INTO records (family_id, kind, id, expires_at, row)
         SELECT a.family_id, 'sessions', row->>'token_sha256',
             ((row->>'expires_at')::float8 * 1e6)::bigint, row::text
         FROM new JOIN accounts a ON a.id = row->>'user_id';
         ANALYZE",
        file.display()
    );
    cluster.execute(database, &statements).map(|_| ())
}
