//! Compares the Dockerfile with the project and with the example in the operator's manual.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use goldstar::config::{Config, SETTINGS};

use super::{read, root};

/// An instruction, `COPY`, and the rest of its line.
type Instruction = (String, String);

/// The Dockerfile's instructions, each on one line.
fn instructions() -> Vec<Instruction> {
    let text = read("Dockerfile");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.map(|(name, rest)| (name.to_owned(), rest.trim().to_owned())).collect()
}

/// The rest of each instruction of that name.
fn all(name: &str) -> Vec<String> {
    let found = instructions().into_iter().filter(|instruction| instruction.0 == name);
    found.map(|instruction| instruction.1).collect()
}

/// The rest of the only instruction of that name.
fn only(name: &str) -> String {
    let [rest] = &all(name)[..] else { panic!("there is no {name}, or more than one") };
    rest.clone()
}

/// What is copied from the project.
fn copied() -> Vec<String> {
    let lines = all("COPY").into_iter().filter(|line| !line.starts_with("--from"));
    let sources = |line: String| {
        let mut words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        words.pop();
        words
    };
    lines.flat_map(sources).collect()
}

/// The variables that the image sets.
fn variables() -> Vec<(String, String)> {
    let env = only("ENV");
    let pairs = env.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn variable(name: &str) -> String {
    let found = variables().into_iter().find(|variable| variable.0 == name);
    found.unwrap_or_else(|| panic!("{name} isn't set")).1
}

#[test]
fn copied_files_exist_and_nothing_else_is_sent() {
    let copied = copied();
    let context = read(".dockerignore");
    let sent: Vec<_> = context.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for source in &copied {
        assert!(root().join(source).exists(), "{source}");
        assert!(sent.contains(&source.as_str()), "{source} is kept back by .dockerignore");
    }
    assert_eq!(sent.len(), copied.len(), "{sent:?}");
    assert!(context.lines().any(|line| line == "*"));
}

/// The build has no other files.
#[test]
fn the_program_includes_nothing_that_is_not_copied() {
    let copied: Vec<_> = copied().into_iter().map(|source| root().join(source)).collect();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // Pictures include nothing.
            let text = String::from_utf8(fs::read(&path).unwrap()).unwrap_or_default();
            for included in included(&text) {
                let included = folder.join(included).canonicalize().unwrap();
                let is_there = copied.iter().any(|source| included.starts_with(source));
                assert!(is_there, "{} includes {included:?}", path.display());
            }
        }
    }
}

fn included(text: &str) -> impl Iterator<Item = PathBuf> {
    let after = text.split("include_").skip(1);
    let rest = after
        .filter_map(|rest| rest.strip_prefix("str!(\"").or_else(|| rest.strip_prefix("bytes!(\"")));
    rest.filter_map(|rest| rest.split('"').next()).map(PathBuf::from)
}

/// The layer of the dependencies is built from empty files instead of the targets.
#[test]
fn every_target_of_the_manifest_has_an_empty_file() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let runs = all("RUN").join("\n");
    let files = |kind: &'static str, folder: &'static str| {
        let targets = manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        targets.map(move |target| match target.get("path") {
            Some(path) => path.as_str().unwrap().to_owned(),
            None => format!("{folder}/{}.rs", target["name"].as_str().unwrap()),
        })
    };
    let benches = files("bench", "benches");
    let examples = files("example", "examples");
    for file in benches.chain(examples).chain(files("test", "tests")) {
        assert!(runs.contains(&file), "{file}");
    }
}

#[test]
fn the_build_is_locked_and_uses_the_version_of_the_manifest() {
    for run in all("RUN").iter().filter(|run| run.contains("cargo build")) {
        assert!(run.contains("--locked --release"), "{run}");
    }
    let wanted = format!("BUILD_IMAGE=rust:{}-", env!("CARGO_PKG_RUST_VERSION"));
    let arguments = all("ARG");
    assert!(arguments.iter().any(|argument| argument.starts_with(&wanted)), "{arguments:?}");
}

/// The base image has none.
#[test]
fn the_image_has_the_certificates_of_the_system() {
    let file = "/etc/ssl/certs/ca-certificates.crt";
    assert!(all("COPY").contains(&format!("--from=build {file} {file}")));
}

#[test]
fn the_program_does_not_run_as_root_and_receives_signals() {
    let user = only("USER");
    let ids: Vec<u32> = user.split(':').map(|id| id.parse().unwrap()).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| *id >= 1000), "{user}");
    let made = all("RUN").join("\n");
    assert!(made.contains(&format!("--uid {}", ids[0])), "{made}");
    assert!(made.contains(&format!("--gid {}", ids[1])), "{made}");
    assert_eq!(only("STOPSIGNAL"), "SIGTERM");
    assert_eq!(only("ENTRYPOINT"), "[\"goldstar\"]");
    assert_eq!(only("CMD"), "[\"serve\"]");
    assert!(only("HEALTHCHECK").ends_with("CMD [\"goldstar\", \"health\"]"));
    for command in ["serve", "health"] {
        let mut goldstar = Command::new(env!("CARGO_BIN_EXE_goldstar"));
        let output = goldstar.args([command, "--help"]).output().unwrap();
        assert!(output.status.success(), "{command}");
    }
}

#[test]
fn the_variables_of_the_image_are_settings() {
    for (name, _) in variables() {
        assert!(SETTINGS.iter().any(|setting| setting.variable() == name), "{name}");
    }
    assert_eq!(variable("GOLDSTAR_LISTEN"), format!("0.0.0.0:{}", only("EXPOSE")));
    let volume = only("VOLUME");
    let volume = volume.trim_matches(['[', ']', '"']);
    for name in ["GOLDSTAR_DATA_DIR", "GOLDSTAR_LOG_DIR"] {
        assert!(Path::new(&variable(name)).starts_with(volume), "{name} isn't on the volume");
    }
    let made = all("RUN").join("\n");
    assert!(made.contains(&format!("install -d -m 0700 -o goldstar -g goldstar {volume}")));
}

/// The `yaml` block of the manual.
#[test]
fn the_compose_example_fits_the_image() {
    let manual = read("docs/operations.md");
    let (_, example) = manual.split_once("```yaml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    assert!(example.contains(&format!(":{}\"\n", only("EXPOSE"))));
    assert_fits_the_image(example);
}

#[test]
fn the_compose_file_of_two_servers_fits_the_image() {
    let file = read("packaging/compose.yaml");
    let upstream = format!(":{} fail_timeout", only("EXPOSE"));
    assert_eq!(read("packaging/nginx.conf").matches(&upstream).count(), 2);
    // The database's grace period comes later.
    assert_fits_the_image(&file);
}

fn assert_fits_the_image(example: &str) {
    let grace = example.split_once("stop_grace_period: ").unwrap().1;
    let grace: u64 = grace.split('s').next().unwrap().parse().unwrap();
    assert!(grace > Config::default().http.limits.shutdown_timeout.as_secs(), "{grace}");
    let volume = only("VOLUME");
    assert!(example.contains(&format!(":{}\n", volume.trim_matches(['[', ']', '"']))));
    let names = example.lines().filter_map(|line| line.trim().split(':').next());
    for name in names.filter(|name| name.starts_with("GOLDSTAR_")) {
        assert!(SETTINGS.iter().any(|setting| setting.variable() == name), "{name}");
    }
}
