//! The samples of docs/operations.md are what the commands print.

use super::run;
use crate::check::directory::flask;
use crate::harness::cluster::new_database;

const DOCUMENTED_URL: &str = "postgres://goldstar:password@db.example.org/goldstar";
const DOCUMENTED_HOST: &str = "db.example.org";

#[test]
fn the_documented_commands_print_their_samples() {
    let (folders, url) = (flask(), new_database());
    let (_, host) = url.split_once("host=").unwrap();
    let host = host.split('&').next().unwrap();
    let document = include_str!("../../../docs/operations.md");
    let blocks = document.split("```console\n").skip(1);
    let mut commands = Vec::new();
    for block in blocks.map(|rest| rest.split_once("```").unwrap().0) {
        let (command, sample) = block.split_once('\n').unwrap();
        let Some(command) = command.strip_prefix("$ goldstar ") else { continue };
        let words = command.split(' ').map(|word| word.replace(DOCUMENTED_URL, &url));
        let words: Vec<String> = words.collect();
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        let (code, printed, error) = run(&folders, &arguments);
        assert_eq!((code, error.as_str()), (0, ""), "{command}");
        assert_eq!(printed.replace(host, DOCUMENTED_HOST), sample, "{command}");
        commands.push(words[0].clone());
    }
    assert_eq!(commands, ["import", "check", "export"]);
}
