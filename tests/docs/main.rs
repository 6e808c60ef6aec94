//! The documents are true: the tests run their commands, compare their samples with what is printed,
//! and compare their tables with the source.
//!
//! A fenced block's language says what is done with it:
//!
//! | language | what it is |
//! | --- | --- |
//! | `sh` | commands; they are run in an empty folder and must succeed |
//! | `json`, `text` | right behind a block: what it printed, times, ids and secrets apart |
//! | `sh server` | a command that serves; it runs until the next one, or a `<!-- test: stop -->`; `<!-- test: killed -->` says that the commands above it have killed it |
//! | `sh stream` | a command that goes on printing, as in a second terminal |
//! | `text stream` | what the stream has printed by then |
//! | `console`, `yaml` and others | not run here; [`samples::LEFT_OUT`] lists each of them |
//!
//! README.md is followed twice in the same folder. `<!-- test: the first time only -->` precedes a
//! command that prints something else the second time.
//!
//! After a change of responses, `GOLDSTAR_WRITE_SAMPLES=1 cargo test --test docs` updates the samples.
//! Read the difference before you commit it.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod acceptance;
mod error_codes;
mod flags;
mod legacy;
mod links;
mod markdown;
mod mask;
mod metrics;
mod openapi;
mod process;
mod routes;
mod samples;
mod session;
mod walk;
mod words;
