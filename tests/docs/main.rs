//! Tests that the documents are true: they run the commands, and compare the samples with the
//! output and the tables with the source.
//!
//! The language of a fenced block determines what happens to it:
//!
//! | language | what it is |
//! | --- | --- |
//! | `sh` | commands; they are run in an empty folder and must succeed |
//! | `json`, `text` | directly after a block: its output, except times, ids and secrets |
//! | `sh server` | a command that serves; it runs until the next one, or a `<!-- test: stop -->`; `<!-- test: killed -->` says that the commands above it have killed it |
//! | `sh stream` | a command that keeps printing, as in a second terminal |
//! | `text stream` | the output of the stream so far |
//! | `console`, `yaml` and others | not run here; [`samples::LEFT_OUT`] lists each of them |
//!
//! README.md is followed twice in the same folder. `<!-- test: the first time only -->` precedes a
//! command whose output differs the second time.
//!
//! After a change of responses, `GOLDSTAR_WRITE_SAMPLES=1 cargo test --test docs` updates the
//! samples. Review the difference before you commit it.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod acceptance;
mod error_codes;
mod flags;
mod journal;
mod legacy;
mod links;
mod markdown;
mod mask;
mod metrics;
mod notices;
mod openapi;
mod process;
mod routes;
mod samples;
mod session;
mod walk;
mod words;
