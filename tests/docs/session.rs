//! A reader who types all commands of a document in order.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::markdown::{Block, Document, Part, root};
use crate::mask::Bindings;
use crate::process::{Running, run};

/// The address of the server in the documents. Each server of a test has a port of its own.
const ADDRESS: &str = "127.0.0.1:5000";
/// Tells the test that a reader presses Ctrl-C here.
const STOP: &str = "<!-- test: stop -->";
/// Tells the test that the last commands have killed the server.
const KILLED: &str = "<!-- test: killed -->";
/// Tells the test that the next command prints something else when a reader repeats it.
const FIRST: &str = "<!-- test: the first time only -->";

pub(crate) struct Session {
    folder: TempDir,
    bindings: Bindings,
    server: Option<Running>,
    /// The address of the current or last server.
    address: Option<String>,
    stream: Option<Running>,
    /// The shell variables that were set so far.
    variables: String,
    /// Write the samples instead of comparing them.
    writes: bool,
    /// Whether the reader has followed the document before, in the same folder.
    repeats: bool,
    /// Whether the next command's sample is right the first time only.
    is_for_the_first_time: bool,
    faults: Vec<String>,
}

/// What a block printed, to be compared with the sample after it.
enum Printed {
    /// Everything.
    Text(String),
    /// The server's greeting: as many lines as the sample has.
    Greeting,
}

impl Session {
    /// Follows the document. Returns what is wrong in it.
    pub(crate) fn follow(document: &mut Document) -> Vec<String> {
        let mut session = Self::new();
        session.follow_once(document);
        if session.writes {
            document.write();
        }
        session.faults
    }

    /// Follows the document two times in the same folder.
    pub(crate) fn follow_twice(document: &mut Document) -> Vec<String> {
        let mut session = Self::new();
        session.writes = false;
        session.follow_once(document);
        session.repeats = true;
        session.bindings = Bindings::default();
        session.follow_once(document);
        session.faults
    }

    fn new() -> Self {
        Self {
            folder: folder(),
            bindings: Bindings::default(),
            server: None,
            address: None,
            stream: None,
            variables: String::new(),
            writes: std::env::var_os("GOLDSTAR_WRITE_SAMPLES").is_some(),
            repeats: false,
            is_for_the_first_time: false,
            faults: Vec::new(),
        }
    }

    fn follow_once(&mut self, document: &mut Document) {
        let mut printed = None;
        for part in &mut document.parts {
            match part {
                Part::Line(line) if line == STOP => self.stop(),
                Part::Line(line) if line == KILLED => self.server.take().unwrap().killed(),
                Part::Line(line) if line == FIRST => self.is_for_the_first_time = true,
                Part::Line(_) => {}
                Part::Block(block) => printed = self.take(block, printed.take()),
            }
        }
        self.check_silence(printed, 0);
        self.stop();
    }

    fn take(&mut self, block: &mut Block, printed: Option<Printed>) -> Option<Printed> {
        if !matches!(&*block.language, "json" | "text") {
            self.check_silence(printed, block.line);
            let printed = self.command(block);
            if self.writes {
                block.text = self.bindings.in_this_run(&block.text);
            }
            return printed;
        }
        if self.is_skipped() {
            return None;
        }
        match printed {
            Some(Printed::Text(text)) => self.compare(block, &text),
            Some(Printed::Greeting) => {
                let count = block.text.lines().count();
                let greeting = self.server.as_mut().unwrap().lines(count);
                self.compare(block, &greeting);
            }
            None => self.fault(block.line, "a sample without a command"),
        }
        None
    }

    /// Whether the current sample is not compared, because it is right the first time only.
    fn is_skipped(&mut self) -> bool {
        std::mem::take(&mut self.is_for_the_first_time) && self.repeats
    }

    fn command(&mut self, block: &mut Block) -> Option<Printed> {
        match &*block.language {
            "sh" => match run(&self.script(&block.text), self.folder.path()) {
                Ok(text) => {
                    self.keep_variables(&block.text);
                    return Some(Printed::Text(text));
                }
                Err(why) => self.fault(block.line, &why),
            },
            "sh server" => {
                self.stop();
                let mut server = Running::start(
                    &self.script(&format!("exec env {}", block.text)),
                    self.folder.path(),
                );
                self.address = Some(address(&server.lines(1)));
                self.server = Some(server);
                return Some(Printed::Greeting);
            }
            "sh stream" => {
                let mut stream = Running::start(
                    &self.script(&format!("exec env {}", block.text)),
                    self.folder.path(),
                );
                // The first line comes once the server has the reader: nothing is missed then.
                stream.lines(1);
                self.stream = Some(stream);
            }
            "text stream" if !self.is_skipped() => {
                let lines = block.text.lines().count();
                let streamed = self.stream.as_mut().expect("a stream").lines(lines);
                self.compare(block, &streamed);
            }
            // These are not run: `samples` lists each of them.
            _ => {}
        }
        None
    }

    fn script(&self, text: &str) -> String {
        let script = format!("{}{}", self.variables, self.bindings.in_this_run(text));
        self.address.iter().fold(script, |script, address| script.replace(ADDRESS, address))
    }

    fn keep_variables(&mut self, text: &str) {
        let is_name =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        for line in text.lines() {
            // A variable with the output of a command is not kept, because the command would run
            // again with each block.
            let set = line.split_once('=').filter(|(_, value)| !value.contains("$("));
            if set.is_some_and(|(name, _)| !name.is_empty() && is_name(name)) {
                self.variables.push_str(&self.bindings.in_this_run(line));
                self.variables.push('\n');
            }
        }
    }

    fn compare(&mut self, block: &mut Block, printed: &str) {
        let address = self.address.iter();
        let printed = address.fold(printed.to_owned(), |text, own| text.replace(own, ADDRESS));
        let lines = block.text.lines().count();
        let (sample, printed) = if block.language == "json" {
            (json(&block.text, lines), json(&printed, lines))
        } else {
            (Ok(block.text.clone()), Ok(ended(printed)))
        };
        let printed = match printed {
            Ok(printed) => printed,
            Err(why) => return self.fault(block.line, &why),
        };
        let agreed = sample.and_then(|sample| self.bindings.agree(&sample, &printed));
        if self.writes {
            block.text = printed;
        } else if let Err(why) = agreed {
            let said = &block.text;
            self.fault(block.line, &format!("{why}\nthe sample:\n{said}\nprinted:\n{printed}"));
        }
    }

    /// A command without a sample must print nothing, except a greeting.
    fn check_silence(&mut self, printed: Option<Printed>, line: usize) {
        if let Some(Printed::Text(text)) = printed
            && !text.is_empty()
        {
            self.fault(line, &format!("before this line, no sample shows this:\n{text}"));
        }
    }

    fn fault(&mut self, line: usize, what: &str) {
        self.faults.push(format!("line {line}: {what}"));
    }

    fn stop(&mut self) {
        self.stream = None;
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

const ADVICE: &str = "This test needs Python with TinyDB: run scripts/test, which installs it.";

/// The folder of a reader who has built the project in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let goldstar = Path::new(env!("CARGO_BIN_EXE_goldstar"));
    symlink(goldstar, bin.join("goldstar")).unwrap();
    let goldstar = goldstar.display();
    // What Cargo would do with an up to date build.
    put_script(
        &bin.join("cargo"),
        &format!(
            "[ \"$1 $2\" = 'run --release' ] || exit 9\nshift 2\n[ \"$1\" != -- ] || shift\nexec {goldstar} \"$@\""
        ),
    );
    let python = interpreter().display().to_string();
    let python = format!("[ -x {python} ] || {{ echo {ADVICE}; exit 1; }}\nexec {python} \"$@\"");
    put_script(&bin.join("python3"), &python);
    symlink(root().join("tests"), folder.path().join("tests")).unwrap();
    folder
}

fn put_script(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The Python that has TinyDB: `scripts/test` installs it.
fn interpreter() -> PathBuf {
    let own = || root().join(".venv/bin/python");
    std::env::var_os("GOLDSTAR_TEST_PYTHON").map_or_else(own, PathBuf::from)
}

/// The address in a server's greeting.
fn address(greeting: &str) -> String {
    let (_, address) = greeting.trim().split_once("http://").unwrap();
    address.to_owned()
}

/// JSON in one form: on one line if the sample is, else indented.
fn json(text: &str, lines: usize) -> Result<String, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
    Ok(if lines == 1 { format!("{value}\n") } else { format!("{value:#}\n") })
}

fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
