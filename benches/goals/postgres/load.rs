//! Activations by 64 connections, each of a random family: oha sends the same session with each request.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::Figures;
use crate::support::client::{self, Client};
use crate::support::process::Server;

/// The requests of the first families, each with its own session.
pub(super) fn requests(server: &Server, families: u64) -> io::Result<Vec<Vec<u8>>> {
    let mut client = Client::connect(server.address)?;
    let request = |family| {
        let token = client.log_in(family)?;
        Ok(client::request("POST", &client::activation(family, family), &token))
    };
    (0..families).map(request).collect()
}

/// Sends random requests to the servers for some seconds.
pub(super) fn load(
    servers: &[SocketAddr],
    requests: &[Vec<u8>],
    connections: usize,
    seconds: u64,
) -> io::Result<Figures> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let times: io::Result<Vec<Vec<Duration>>> = thread::scope(|scope| {
        let threads: Vec<_> = servers
            .iter()
            .cycle()
            .take(connections)
            .zip(1..)
            .map(|(server, seed)| scope.spawn(move || send(*server, requests, seed, end)))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    Ok(Figures::of(times?.concat(), begun.elapsed().as_secs_f64()))
}

fn send(
    server: SocketAddr,
    requests: &[Vec<u8>],
    seed: u64,
    end: Instant,
) -> io::Result<Vec<Duration>> {
    let mut client = Client::connect(server)?;
    let (mut state, mut times) = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15), Vec::new());
    while Instant::now() < end {
        // Xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let place = usize::try_from(state % requests.len() as u64).unwrap_or_default();
        times.push(client.sample(&requests[place])?.1);
    }
    Ok(times)
}
