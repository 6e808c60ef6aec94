//! Only a group commit: one thread appends what has queued up, syncs once, and replies.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use bytes::Bytes;
use tokio::sync::oneshot;

type Job = (Bytes, oneshot::Sender<()>);

pub(crate) struct Committer(Sender<Job>);

impl Committer {
    /// Starts the thread on a new file.
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let (file, (jobs, queued)) = (File::create(path)?, channel());
        let run = move || {
            if let Err(error) = run(file, &queued) {
                eprintln!("the journal failed: {error}");
            }
        };
        thread::Builder::new().name("committer".to_owned()).spawn(run)?;
        Ok(Self(jobs))
    }

    /// Makes a frame durable. Fails if the thread has ended.
    pub(crate) async fn commit(&self, frame: Bytes) -> io::Result<()> {
        let ended = || io::Error::other("the committer has ended");
        let (answer, answered) = oneshot::channel();
        self.0.send((frame, answer)).map_err(|_| ended())?;
        answered.await.map_err(|_| ended())
    }
}

fn run(mut file: File, queued: &Receiver<Job>) -> io::Result<()> {
    let (mut batch, mut waiting) = (Vec::new(), Vec::new());
    while let Ok(first) = queued.recv() {
        for (frame, answer) in std::iter::once(first).chain(queued.try_iter()) {
            batch.extend_from_slice(&frame);
            waiting.push(answer);
        }
        file.write_all(&batch)?;
        file.sync_data()?;
        batch.clear();
        for answer in waiting.drain(..) {
            // The caller may have gone away.
            if answer.send(()).is_err() {
                eprintln!("nobody waits for an answer");
            }
        }
    }
    Ok(())
}
