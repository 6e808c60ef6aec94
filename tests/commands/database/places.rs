//! Settings that name a directory and a database: which of them a command works on.

use crate::check::directory::flask;
use crate::harness::goldstar;

/// Nothing listens there.
const URL: &str = "postgres://ada@127.0.0.1:1/x";

#[test]
fn a_command_works_on_the_directory_if_it_is_a_flag_or_named_in_a_stronger_place() {
    let url = format!("database_url = \"{URL}\"");
    let variables = [("GOLDSTAR_DATA_DIR", "data"), ("GOLDSTAR_DATABASE_URL", URL)];
    let flags = [["--data-dir", "data"], ["--database-url", URL]];
    let [directory, database] = variables;
    for (file, set, flags, is_directory) in [
        ("", &[][..], &flags[..], true),
        ("", &[database][..], &flags[..1], true),
        (&url, &[], &flags[..1], true),
        (&url, &[directory], &[], true),
        ("", &[directory], &flags[1..], false),
        ("", &variables, &[], false),
        ("data_dir = \"data\"", &[database], &[], false),
        (&format!("data_dir = \"data\"\n{url}"), &[], &[], false),
    ] {
        let folders = flask();
        std::fs::write(folders.root().join("goldstar.toml"), file).unwrap();
        let run = |name: &str| {
            let mut command = goldstar(folders.root());
            command.args(name.split(' ')).args(flags.as_flattened()).envs(set.iter().copied());
            let output = command.output().unwrap();
            (output.status.code(), String::from_utf8(output.stderr).unwrap())
        };
        let (code, error) = run("check");
        assert_eq!(code, Some((!is_directory).into()), "{file} {set:?} {flags:?} {error}");
        assert_eq!(error.contains("start PostgreSQL there"), !is_directory, "{error}");
        for name in ["backup create b.tar", "export events --format csv", "stats"] {
            let (code, error) = run(name);
            assert_eq!(
                code,
                Some((!is_directory).into()),
                "{name} {file} {set:?} {flags:?} {error}"
            );
            assert_eq!(error.contains("start PostgreSQL there"), !is_directory, "{error}");
        }
        // A command of directories has no flag for a database.
        if !flags.as_flattened().contains(&"--database-url") {
            let (code, error) = run("checkpoint");
            assert_eq!(code == Some(0), is_directory, "{file} {set:?} {flags:?} {error}");
        }
    }
}
